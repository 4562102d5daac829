import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { runTime } from "../../metrics/units.ts";
import { type ChartSpec, inWords, shownIn, yRange } from "../../runs/charts.ts";
import type { RunView } from "../../runs/view.ts";

/** All charts share one cursor. */
const CURSOR = "run";
const HEIGHT = 190;

/** Round steps of an axis of bytes. */
const powersOf2 = Array.from({ length: 50 }, (_, power) => 2 ** power);

interface ChartProps {
  spec: ChartSpec;
  view: RunView;
  /** Whatever changes the colours. */
  theme: string;
}

/** One chart, drawn anew when its lines change and fed when only their values do. */
export function Chart({ spec, view, theme }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef({ spec, view });
  latest.current = { spec, view };
  const inSight = useRef(true);
  const lines = spec.lines.map(({ label }) => label).join("\n");

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const chart = new uPlot(options(latest, element), dataOf(latest.current), element);
    plot.current = chart;
    const fit = new ResizeObserver(() => {
      // It tells of the first size, too, which would draw each chart twice.
      const width = element.clientWidth;
      if (width !== chart.width) chart.setSize({ width, height: HEIGHT });
    });
    fit.observe(element);
    // A long page has dozens of charts: those that nobody sees are drawn when somebody comes to see them.
    const sight = new IntersectionObserver(([entry]) => {
      const seen = entry?.isIntersecting ?? true;
      if (seen && !inSight.current) chart.setData(dataOf(latest.current));
      inSight.current = seen;
    });
    sight.observe(element);
    return () => {
      fit.disconnect();
      sight.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [spec.id, lines, theme]);

  useEffect(() => {
    if (inSight.current) plot.current?.setData(dataOf({ spec, view }));
  });

  return (
    <figure class="chart" aria-label={inWords(spec)}>
      <figcaption>
        {spec.title}
        {spec.left > 0 && <small> and {spec.left} lower lines</small>}
      </figcaption>
      <div ref={host} class="plot" />
    </figure>
  );
}

function dataOf({ spec, view }: { spec: ChartSpec; view: RunView }): uPlot.AlignedData {
  return [view.times, ...spec.lines.map(({ values }) => values)];
}

function options(latest: { current: { spec: ChartSpec; view: RunView } }, element: HTMLElement): uPlot.Options {
  const { spec } = latest.current;
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const show = shownIn(spec.unit);
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false } };
  const seconds = (_: uPlot, values: (number | null)[]) => values.map((at) => (at === null ? "" : runTime(at * 1000)));
  return {
    width: element.clientWidth,
    height: HEIGHT,
    cursor: { sync: { key: CURSOR }, focus: { prox: 16 }, drag: { x: true, y: false } },
    scales: {
      x: { time: false },
      // A limit that the values are far below would flatten them; one within reach is in view.
      y: { range: (_, least, most) => yRange(latest.current.spec, least, most) },
    },
    axes: [
      {
        ...axis,
        values: seconds,
        size: 28,
        incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400],
      },
      {
        ...axis,
        size: 72,
        ...(spec.unit.endsWith("_bytes") ? { incrs: powersOf2 } : {}),
        values: (_, values) => values.map((value) => (value === null ? "" : show(value))),
      },
    ],
    series: [
      { label: "time", value: (_, at) => (at === null ? "–" : runTime(at * 1000)) },
      ...spec.lines.map(({ label }, at) => ({
        label,
        stroke: colour(`--line-${at}`),
        width: 1.5,
        // Lines differ by more than colour.
        ...(at < 3
          ? {}
          : {
              dash:
                [
                  [6, 3],
                  [2, 3],
                  [8, 3, 2, 3],
                ][at % 3] ?? [],
            }),
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? "–" : show(value)),
      })),
    ],
    hooks: { drawClear: [(chart) => drawMarks(chart, latest.current, colour)] },
  };
}

/** Limits across, stages and other events down. */
function drawMarks(
  chart: uPlot,
  { spec, view }: { spec: ChartSpec; view: RunView },
  colour: (name: string) => string,
): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = devicePixelRatio;
  for (const { at, kind } of view.events) {
    ctx.strokeStyle = colour(["stage", "scale", "search", "stop"].includes(kind) ? "--mark" : "--warn");
    ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
    const x = Math.round(chart.valToPos(at / 1000, "x", true));
    line(ctx, x, bbox.top, x, bbox.top + bbox.height);
  }
  ctx.setLineDash([6 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const { value, level } of spec.limits) {
    ctx.strokeStyle = colour(level === "critical" ? "--bad" : "--warn");
    const y = Math.round(chart.valToPos(value, "y", true));
    line(ctx, bbox.left, y, bbox.left + bbox.width, y);
  }
  ctx.restore();
}

function line(ctx: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

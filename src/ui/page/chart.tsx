import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { runTime } from "../../metrics/units.ts";
import { type ChartSpec, inWords, isOfBytes, shownIn, yRange } from "../../runs/charts.ts";
import type { RunView } from "../../runs/view.ts";
import { useSeen } from "./seen.ts";

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

interface Drawn {
  spec: ChartSpec;
  view: RunView;
}

/** One chart, drawn anew when its lines change and fed when only their values do. */
export function Chart({ theme, ...given }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  // A long page has dozens of charts: those that nobody sees are drawn when somebody comes to see them.
  const drawn = useSeen<Drawn>(host, given, given.view.state);
  const latest = useRef(drawn);
  latest.current = drawn;
  /** What it was last given. */
  const fed = useRef<Drawn>(undefined);
  const { spec } = drawn;
  const lines = spec.lines.map(({ label }) => label).join("\n");

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const chart = new uPlot(options(latest, element), dataOf(latest.current), element);
    plot.current = chart;
    fed.current = latest.current;
    const fit = new ResizeObserver(() => {
      // It tells of the first size, too, which would draw each chart twice.
      const width = element.clientWidth;
      if (width !== chart.width) chart.setSize({ width, height: HEIGHT });
    });
    fit.observe(element);
    return () => {
      fit.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [spec.id, lines, theme]);

  useEffect(() => {
    if (fed.current !== drawn) plot.current?.setData(dataOf(drawn));
    fed.current = drawn;
  }, [drawn]);

  const words = useMemo(() => inWords(spec), [drawn]);
  return (
    <figure class="chart" aria-label={words}>
      <figcaption>
        {spec.title}
        {spec.left > 0 && <small> and {spec.left} lower lines</small>}
      </figcaption>
      <div ref={host} class="plot" />
    </figure>
  );
}

function dataOf({ spec, view }: Drawn): uPlot.AlignedData {
  return [view.times, ...spec.lines.map(({ values }) => values)];
}

function options(latest: { current: Drawn }, element: HTMLElement): uPlot.Options {
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
        size: 30,
        gap: 8,
        incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400],
      },
      {
        ...axis,
        size: 72,
        ...(isOfBytes(spec.unit) ? { incrs: powersOf2 } : {}),
        values: (_, values) => values.map((value) => (value === null ? "" : show(value))),
      },
    ],
    series: [
      { label: "time", value: (_, at) => (at == null ? resting(latest.current.view) : runTime(at * 1000)) },
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
        value: (chart: uPlot, value: number | null, line: number, row: number | null) => {
          const shown = row === null ? restingValue(chart.data[line] ?? [], latest.current.view) : value;
          return shown == null ? "–" : show(shown);
        },
      })),
    ],
    hooks: {
      // Under the lines: what was measured is seen before what was asked.
      drawClear: [
        (chart) => drawMarks(chart, latest.current, colour),
        (chart) => nameLimits(chart, latest.current.spec, colour),
      ],
      setCursor: [(chart) => tellEvents(chart, latest.current.view)],
    },
  };
}

/** What the legend shows where no cursor is: how things stand, or the most that a run that is over came to. */
function resting({ state }: RunView): string {
  return goesOn(state) ? "now" : "at most";
}

function restingValue(values: ArrayLike<number | null | undefined>, { state }: RunView): number | null {
  if (goesOn(state)) return values[values.length - 1] ?? null;
  return Array.from(values).reduce<number | null>(
    (most, one) => (one == null ? most : Math.max(most ?? one, one)),
    null,
  );
}

function goesOn(state: RunView["state"]): boolean {
  return state === "running" || state === "stopping";
}

/** The pointer on the mark of an event is told what happened, in the browser's own tip. */
function tellEvents(chart: uPlot, { events }: RunView): void {
  const at = chart.cursor.left ?? -1;
  const near = at < 0 ? [] : events.filter((event) => Math.abs(chart.valToPos(event.at / 1000, "x") - at) <= 5);
  const said = near.map((event) => `${runTime(event.at)} ${event.message}`).join("\n");
  if (chart.over.title !== said) chart.over.title = said;
}

/** Each limit has its words beside its line, where they do not stand on another's. */
function nameLimits(chart: uPlot, { limits }: ChartSpec, colour: (name: string) => string): void {
  const { ctx, bbox } = chart;
  const height = 11 * devicePixelRatio;
  const taken: number[] = [];
  ctx.save();
  ctx.font = `${height}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  // Where there is no room for all, critical ones have it.
  for (const { value, level, text } of limits.toSorted((a, b) => a.level.localeCompare(b.level))) {
    const y = Math.round(chart.valToPos(value, "y", true));
    // Over its line, or under it where that is at the top.
    const base = y - height < bbox.top ? y + height + 2 * devicePixelRatio : y - 3 * devicePixelRatio;
    if (y < bbox.top || y > bbox.top + bbox.height || taken.some((other) => Math.abs(other - base) < height)) continue;
    taken.push(base);
    const right = bbox.left + bbox.width - 4 * devicePixelRatio;
    ctx.lineWidth = 3 * devicePixelRatio;
    ctx.strokeStyle = colour("--card");
    ctx.strokeText(text, right, base);
    ctx.fillStyle = colour(level === "critical" ? "--bad" : "--warn");
    ctx.fillText(text, right, base);
  }
  ctx.restore();
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

import { runTime } from "../metrics/units.ts";
import { type ChartSpec, inWords, shownIn, yRange, yTicks } from "../runs/charts.ts";
import { escapeMarkup } from "../runs/markup.ts";
import type { Column, RunView } from "../runs/view.ts";

const WIDTH = 560;
const HEIGHT = 200;
const LEFT = 70;
const BOTTOM = 22;
const TOP = 8;
const RIGHT = 8;
/** The least and the most of each group are kept: what is left out is not seen at this width. */
const MOST_POINTS = 300;

/** A chart of a run as SVG, for where no script runs. Its colours are the page's own variables. */
export function svgChart(spec: ChartSpec, view: RunView): string {
  const { times, events } = view;
  const first = times[0] ?? 0;
  const last = Math.max(times.at(-1) ?? 1, first + 1);
  const all = spec.lines.flatMap(({ values }) => values).filter((value) => value !== null);
  const extreme = (of: (a: number, b: number) => number) => (all.length === 0 ? null : all.reduce((a, b) => of(a, b)));
  const range = yRange(spec, extreme(Math.min), extreme(Math.max));
  const [low, high] = range;
  const x = (at: number) => LEFT + ((at - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
  const show = shownIn(spec.unit);
  const rows = yTicks(spec, range);
  const marks = [0, 0.25, 0.5, 0.75].map((part) => first + part * (last - first));
  const place = (value: number) => value.toFixed(1);
  const across = (value: number, style: string) =>
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${place(y(value))}" y2="${place(y(value))}" ${style}/>`;
  const shapes = [
    ...rows.map((value) => across(value, 'stroke="var(--grid)"')),
    ...rows.map(
      (value) =>
        `<text x="${LEFT - 6}" y="${place(y(value) + 4)}" text-anchor="end">${escapeMarkup(show(value))}</text>`,
    ),
    ...marks.map((at) => `<text x="${place(x(at))}" y="${HEIGHT - 4}">${runTime(at * 1000)}</text>`),
    ...events
      .filter(({ at }) => at / 1000 >= first && at / 1000 <= last)
      .map(({ at, kind }) => {
        const colour = kind === "stage" || kind === "stop" ? "--mark" : "--warn";
        const where = place(x(at / 1000));
        return `<line x1="${where}" x2="${where}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="var(${colour})" stroke-dasharray="2 4"/>`;
      }),
    ...spec.limits
      .filter(({ value }) => value >= low && value <= high)
      .flatMap(({ value, level, text }) => {
        const colour = `var(${level === "critical" ? "--bad" : "--warn"})`;
        const above = y(value) - 4 < TOP + 8 ? y(value) + 12 : y(value) - 4;
        return [
          across(value, `stroke="${colour}" stroke-dasharray="6 3"`),
          `<text x="${WIDTH - RIGHT - 2}" y="${place(above)}" text-anchor="end" style="fill:${colour}">${escapeMarkup(text)}</text>`,
        ];
      }),
    ...spec.lines.map(({ values }, at) => {
      const points = path(times, values, x, y);
      return `<path d="${points}" fill="none" stroke="var(--line-${at})" stroke-width="1.5"/>`;
    }),
  ];
  const legend = spec.lines.map(({ label }, at) => `<span><i class="key line-${at}"></i>${escapeMarkup(label)}</span>`);
  return [
    '<figure class="chart">',
    `<figcaption>${escapeMarkup(spec.title)}</figcaption>`,
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeMarkup(inWords(spec))}">`,
    ...shapes,
    "</svg>",
    `<p class="legend">${legend.join(" ")}</p>`,
    "</figure>",
  ].join("\n");
}

/** A line that breaks at gaps; a value between two gaps is a dot. */
function path(
  times: readonly number[],
  values: Column,
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  const size = Math.max(1, Math.ceil((values.length * 2) / MOST_POINTS));
  const parts: string[] = [];
  let drawing = false;
  for (let from = 0; from < values.length; from += size) {
    const seen = values.slice(from, from + size).filter((value) => value !== null);
    if (seen.length === 0) {
      drawing = false;
      continue;
    }
    const at = x(times[from] ?? 0).toFixed(1);
    const extremes = size === 1 ? seen : [Math.min(...seen), Math.max(...seen)];
    for (const value of extremes) {
      parts.push(`${drawing ? "L" : "M"}${at} ${y(value).toFixed(1)}`);
      drawing = true;
    }
    const next = values[from + size];
    if (next === null && parts.at(-1)?.startsWith("M")) parts.push("h0.1");
  }
  return parts.join("");
}

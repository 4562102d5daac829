import { mean, median, quantile } from "simple-statistics";
import { quantile as histogramQuantile } from "../../metrics/histogram.ts";
import type { Stretch } from "../phase.ts";
import type { RunSeries } from "../run-series.ts";
import type { Point } from "../trend.ts";
import type { Finding } from "./finding.ts";
import { clock, inUnitOf } from "./words.ts";

const SHORTEST_MS = 60_000;
/** Neither side of a change is shorter than this many moments. */
const FEWEST = 10;
/** A change is by at least so much of what was before. */
const LEAST = 0.3;
const PERMUTATIONS = 199;
/** Moments are permuted in blocks: neighbours resemble each other. Fewer blocks would come back to the same order by chance. */
const BLOCKS = 16;
/** The blocks on either side of a change hardly overlap: what wanders slowly comes back now and then. */
const OVERLAP = 0.1;
/** Changes of one series that are looked for: each half of it once more. */
const DEPTH = 2;
/** Events so close to a change are told with it. */
const NEAR_MS = 15_000;

/**
 * Moments at which latency or throughput took another level while the load stayed the same, with the events next to them.
 * The place of a change is where the cumulative sum of the deviations from the mean is furthest from zero; its chance
 * that of as large a range after a permutation in blocks; each side is then looked at again. Sources: Page, "Continuous
 * inspection schemes", Biometrika 41 (1954); the test and the bisection after Taylor, "Change-point analysis" (2000), and
 * Matteson & James, "A nonparametric approach for multiple change point analysis", JASA 109 (2014), in light form.
 */
export function changes(series: RunSeries): Finding[] {
  return series.phases
    .filter(({ kind, fromMs, toMs }) => kind === "hold" && Math.min(toMs, series.endMs) - fromMs >= SHORTEST_MS)
    .flatMap((hold) => [
      ...found(series, hold, "latency", "p50(latency)", ({ latency: { times } }) =>
        times === undefined ? undefined : histogramQuantile(times, 0.5),
      ),
      ...found(series, hold, "throughput", "rate(requests)", ({ latency: { part, ms } }) =>
        ms > 0 ? part / (ms / 1000) : undefined,
      ),
    ]);
}

function found(
  series: RunSeries,
  hold: Stretch,
  metric: string,
  name: string,
  value: (moment: RunSeries["moments"][number]) => number | undefined,
): Finding[] {
  const points = series.momentsIn(hold).flatMap((moment): Point[] => {
    const one = value(moment);
    return one === undefined || moment.toMs <= series.plan.warmUpMs ? [] : [{ at: moment.toMs, value: one }];
  });
  return split(points, DEPTH).map(({ at, before, after, p }): Finding => {
    const near = series.events.filter((event) => Math.abs(event.at - at) <= NEAR_MS && event.kind !== "stage");
    const beside = near.length === 0 ? "" : `; next to it: ${near.map(({ message }) => message).join("; ")}`;
    const worse = metric === "latency" ? after > before : after < before;
    const way = after > before ? "rose" : "fell";
    const from = `${inUnitOf(metric, before)} to ${inUnitOf(metric, after)}`;
    return {
      kind: "change",
      claim: `${name} ${way} from ${from} at ${clock(at)} while the load stayed the same${beside}`,
      severity: worse ? "warning" : "info",
      evidence: [
        { of: name, figures: { at: at / 1000, before, after, p } },
        ...near.map((event) => ({ of: event.message, figures: { at: event.at / 1000 } })),
      ],
    };
  });
}

interface Change {
  at: number;
  before: number;
  after: number;
  p: number;
}

function split(points: readonly Point[], depth: number): Change[] {
  if (depth === 0 || points.length < 2 * FEWEST) return [];
  const values = points.map(({ value }) => value);
  const { place, range } = cumulativeRange(values);
  const cut = Math.max(FEWEST, Math.min(points.length - FEWEST, place));
  const [left, right] = [values.slice(0, cut), values.slice(cut)];
  const [before, after] = [median(left), median(right)];
  if (Math.abs(after - before) < LEAST * Math.abs(before) || !areApart(left, right, blockOf(values))) return [];
  const random = linearCongruential(points.length);
  let asLarge = 0;
  for (let i = 0; i < PERMUTATIONS; i++) {
    if (cumulativeRange(shuffledBlocks(values, random)).range >= range) asLarge++;
  }
  const p = (1 + asLarge) / (1 + PERMUTATIONS);
  const at = points[cut]?.at ?? 0;
  if (p > 0.01) return [];
  return [...split(points.slice(0, cut), depth - 1), { at, before, after, p }, ...split(points.slice(cut), depth - 1)];
}

/** Where the cumulative sum of deviations from the mean turns, and how far it swings. */
function cumulativeRange(values: readonly number[]): { place: number; range: number } {
  const middle = mean([...values]);
  let [sum, least, most, place, furthest] = [0, 0, 0, 0, 0];
  for (const [i, value] of values.entries()) {
    sum += value - middle;
    least = Math.min(least, sum);
    most = Math.max(most, sum);
    if (Math.abs(sum) > furthest) [furthest, place] = [Math.abs(sum), i + 1];
  }
  return { place, range: most - least };
}

function blockOf({ length }: readonly number[]): number {
  return Math.max(1, Math.floor(length / BLOCKS));
}

function inBlocks(values: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
}

/** All but a few of one side's blocks are above all but a few of the other's. */
function areApart(left: readonly number[], right: readonly number[], size: number): boolean {
  const [a, b] = [left, right].map((side) => inBlocks(side, size).map((block) => median(block))) as [
    number[],
    number[],
  ];
  const [lower, upper] = median(a) < median(b) ? [a, b] : [b, a];
  return quantile(lower, 1 - OVERLAP) < quantile(upper, OVERLAP);
}

function shuffledBlocks(values: readonly number[], random: () => number): number[] {
  const blocks = inBlocks(values, blockOf(values));
  for (let i = blocks.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [blocks[i], blocks[j]] = [blocks[j] ?? [], blocks[i] ?? []];
  }
  return blocks.flat();
}

/** The same findings for the same run, whoever asks and whenever. Numerical Recipes' constants. */
function linearCongruential(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

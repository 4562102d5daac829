import { quantile } from "../metrics/histogram.ts";
import { type Condition, judgeIn } from "../verdict/findings/condition.ts";
import { meanLatency } from "../verdict/findings/level.ts";
import { time } from "../verdict/findings/words.ts";
import { holds, type Judged } from "../verdict/limit-watch.ts";
import type { Stretch } from "../verdict/phase.ts";
import { formatLike } from "../verdict/quantity.ts";
import { type RunSeries, together } from "../verdict/run-series.ts";
import { isSteady, settledFrom } from "../verdict/steady.ts";
import type { Trial } from "./search.ts";

/** How one load went, as far as it has been tried. Times in seconds, rates a second. */
export interface StepFigures extends Stretch {
  load: number;
  requests: number;
  /** Iterations that ended. */
  throughput: number;
  p50: number | undefined;
  p95: number | undefined;
  /** Mean. */
  latency: number | undefined;
  utilization: Record<string, number>;
  judged: { condition: Condition; judged: Judged }[];
  /** What does not hold, for people; also what has too few samples for a verdict. */
  missed: Missed | undefined;
  /** As `missed`, of its last seconds alone. */
  missedLately: Missed | undefined;
  /** It goes nowhere, and every condition has an answer. */
  told: boolean;
}

export interface Missed {
  /** The threshold. */
  what: string;
  /** With what it came to. */
  words: string;
  /** The limit is missed by so much that nothing will make up for it. */
  far: boolean;
}

/** A step that was tried to its end. */
export interface Tried extends Trial {
  figures: StepFigures;
  /** Why the generator is not to be believed, where it is not. */
  doubts: string[];
}

const RECENT_MS = 2000;
/** In the first second what came before still ends, and connections are made. */
const ARRIVING_MS = 1000;
/** A value that is this many times its limit. */
const FAR = 2;
/** Arrivals that are not done show in latency, too: it is more than this times the baseline. */
export const QUEUED = 1.25;
const OVERWHELMED = 0.8;

/** Looks at a step up to now. `baseline`: mean latency under a load that is no trouble; `precision`: of the search. */
export function figuresOf(
  series: RunSeries,
  conditions: readonly Condition[],
  { load, fromMs, toMs }: Stretch & { load: number },
  { baseline, precision }: { baseline: number | undefined; precision: number },
): StepFigures {
  const all = series.momentsIn({ fromMs, toMs });
  const ending = all.filter(({ latency }) => latency.part > 0);
  const settled = ending.slice(settledFrom(ending.map(meanLatency)));
  const [first, ...more] = settled;
  const whole = first === undefined ? undefined : more.reduce(together, first);
  const stretch = { fromMs: whole?.fromMs ?? fromMs, toMs };
  const judged = conditions.map((condition) => ({ condition, judged: judgeIn(series, condition, stretch) }));
  const latency = whole === undefined ? undefined : meanLatency(whole);
  const carrying = carriedIn(series, load, { fromMs: fromMs + ARRIVING_MS, toMs }, precision);
  const queued = baseline === undefined || latency === undefined || latency > QUEUED * baseline;
  const recent = { fromMs: Math.max(fromMs, toMs - RECENT_MS), toMs };
  const lately = conditions.map((condition) => ({ condition, judged: judgeIn(series, condition, recent) }));
  const points = ending.slice(1).map((one) => ({ at: one.toMs, value: meanLatency(one) }));
  const steady = isSteady(points);
  const growing = !steady && baseline !== undefined && (points.at(-1)?.value ?? 0) > FAR * baseline;
  const seconds = whole === undefined ? 0 : (whole.toMs - whole.fromMs) / 1000;
  const at = (q: number) => (whole?.latency.times === undefined ? undefined : quantile(whole.latency.times, q));
  return {
    load,
    fromMs,
    toMs,
    requests: whole === undefined ? 0 : whole.latency.part / seconds,
    throughput: whole === undefined ? 0 : whole.iterations / seconds,
    p50: at(0.5),
    p95: at(0.95),
    latency,
    utilization: utilizationIn(series, stretch),
    judged,
    missed: missedIn(judged) ?? (queued ? backlog(carrying, growing) : undefined),
    missedLately: missedIn(lately) ?? (queued && carrying.share < OVERWHELMED ? backlog(carrying, growing) : undefined),
    told: !queued && steady && judged.every(({ judged: { state } }) => state !== "few_samples"),
  };
}

/** Of arrivals, the share that came to its end, and whether that is all of them but for chance. Users bring no backlog. */
interface Carried {
  share: number;
  all: boolean;
}

function carriedIn(series: RunSeries, load: number, stretch: Stretch, precision: number): Carried {
  const moments = series.momentsIn(stretch);
  const [first, last] = [moments[0], moments.at(-1)];
  if (series.model === "users" || first === undefined || last === undefined) return { share: 1, all: true };
  const offered = (load * (last.toMs - first.fromMs)) / 1000;
  const ended = moments.reduce((sum, { iterations }) => sum + iterations, 0);
  const chance = 2 * Math.sqrt(isRandom(series) ? offered : 1);
  return { share: ended / offered, all: ended >= (1 - precision / 2) * offered - chance };
}

function isRandom({ plan }: RunSeries): boolean {
  return plan.loads.some(({ load }) => load.kind === "arrivals" && load.spacing === "poisson");
}

const MORE_THAN_IS_DONE = "more arrives than is done";

function backlog({ share, all }: Carried, growing: boolean): Missed | undefined {
  if (all && !growing) return undefined;
  const words = all ? "latency grows and grows" : `${Math.round(share * 100)} % of what arrives is done`;
  return { what: MORE_THAN_IS_DONE, words: `${MORE_THAN_IS_DONE}: ${words}`, far: share < 1 / FAR };
}

/** Too few samples for a pass still show which side of the limit a value is on. */
function missedIn(judged: StepFigures["judged"]): Missed | undefined {
  for (const { condition, judged: one } of judged) {
    const { limit, threshold } = condition;
    const { value } = one;
    const isMissed =
      one.state === "broken" || (one.state === "few_samples" && value !== undefined && !holds(value, limit));
    if (!isMissed || value === undefined) continue;
    const far = limit.operator.startsWith("<") && limit.value > 0 && value > FAR * limit.value;
    return { what: threshold.expression, words: `${threshold.expression}: ${formatLike(value, limit)}`, far };
  }
  return undefined;
}

/** The mean of all that tells how full something is. */
function utilizationIn(series: RunSeries, stretch: Stretch): Record<string, number> {
  const found = series.target.series.flatMap((one): [string, number][] => {
    if (!one.metric.endsWith("_utilization_ratio")) return [];
    const points = one.points([stretch]);
    return points.count === 0 ? [] : [[one.name, points.mean]];
  });
  return Object.fromEntries(found);
}

/** One line about a step, for people. */
export function inWords({ p95, requests }: StepFigures): string {
  const latency = p95 === undefined ? "no answer" : `p95 ${time(p95)}`;
  return `${latency}, ${requests.toFixed(requests < 100 ? 1 : 0)} requests/s`;
}

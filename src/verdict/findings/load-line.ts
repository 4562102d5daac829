import type { Judged } from "../limit-watch.ts";
import type { RunSeries } from "../run-series.ts";
import { isSure } from "./certainty.ts";
import { type Condition, conditionsOf, judgeByFew } from "./condition.ts";
import { consumedAt, crossingOf } from "./crossing.ts";
import type { Evidence, Finding, LoadLine } from "./finding.ts";
import { type Level, levelsOf } from "./level.ts";
import { scalabilityOf } from "./scalability.ts";
import { three, time } from "./words.ts";

/** Arrivals of which fewer come to a good end are more than the service can do. */
const CARRIED = 0.97;
/** A rise within one level by so much of a limit, and not by chance, ends beyond it. */
const GROWING = 0.1;
const GROWING_P = 0.001;

interface Answer {
  condition: Condition;
  judged: Judged;
  /** It is no matter of chance. */
  sure: boolean;
}

interface Tried {
  level: Level;
  judged: Answer[];
  /** The conditions that were missed. */
  missed: Answer[];
  /** The service did what was asked of it. */
  carried: boolean;
}

/**
 * The load line of a stepped or ramped run: the load below which conditions hold and above which they do not, so placed
 * that the fewest levels are on the wrong side (near the line chance decides about a level, and neither the first miss nor
 * the last hold is where it lies). There the line is where the value that was missed crosses its limit, but of arrivals no
 * more than what the service still did well, and of a queue no more than what was consumed: what grows shows in latency and
 * age only some time after the load has passed what is done. The interval has all levels that chance may have put on either
 * side.
 */
export function loadLine(series: RunSeries, trusted: boolean): { line?: LoadLine; findings: Finding[] } {
  const found = levelsOf(series);
  if (found === undefined) return { findings: [] };
  const conditions = conditionsOf(series);
  const tried = found.levels.map((level) => trial(series, conditions, level));
  const broken = dividedAt(tried);
  const evidence = [...tried.map((one) => levelEvidence(series, one)), ...law(series, found.levels)];
  const unit = series.model === "arrivals" ? "arrivals/s" : "users";
  const missed = tried[broken];
  if (missed === undefined) {
    const most = tried.at(-1)?.level;
    if (most === undefined) return { findings: [] };
    const claim = `Nothing gave way up to ${three(most.load)} ${unit}, the most that was loaded: ${atThat(most)}`;
    const line = lineOf(series, most.load, [most.load, most.load], "nothing: it is the most that was loaded");
    return { line, findings: [{ kind: "load-line", claim, severity: "info", evidence }] };
  }
  const held = tried[broken - 1]?.level;
  const limitedBy = missed.missed[0]?.condition.threshold.expression ?? "more arrives than is done";
  if (held === undefined) {
    const claim = `The load line lies below ${three(missed.level.load)} ${unit}, the least that was loaded: ${limitedBy}`;
    return { findings: [{ kind: "load-line", claim, severity: "warning", evidence }] };
  }
  const load = placed(series, tried, broken);
  const [low, high] = intervalOf(tried);
  // A queue has to grow before anything is seen: what seemed to hold did not.
  const lower = tried.findLast(({ level }) => level.load <= load)?.level.load ?? low;
  const bounds: [number, number] = [Math.min(low, lower), Math.max(high, load)];
  const line = lineOf(series, load, bounds, limitedBy);
  const interval = `between ${three(bounds[0])} and ${three(bounds[1])}`;
  const claim = `The load line is ${three(load)} ${unit} (${interval}); above it: ${limitedBy}. Below it: ${atThat(held)}`;
  if (trusted) return { line, findings: [{ kind: "load-line", claim, severity: "info", evidence }] };
  const doubt = `${claim}. The generator could not keep up: this may be its own line`;
  return { line, findings: [{ kind: "load-line", claim: doubt, severity: "warning", evidence }] };
}

function trial(series: RunSeries, conditions: readonly Condition[], level: Level): Tried {
  const judged = conditions.map((condition): Answer => {
    const one = judgeByFew(series, condition, level);
    const growing = one.state === "ok" && isGrowing(series, condition, level);
    const told = growing ? { ...one, state: "broken" as const } : one;
    return { condition, judged: told, sure: growing || isSure(series, condition, level, one) };
  });
  // Of Poisson arrivals fewer may have come by chance.
  const chance = 2 * Math.sqrt(level.load / level.seconds);
  const carried = series.model === "users" || level.throughput >= CARRIED * level.load - chance;
  return { level, judged, missed: judged.filter(({ judged: { state } }) => state === "broken"), carried };
}

/** A target's gauge that rises towards its limit all the time that the load is level holds only for so long. */
function isGrowing(series: RunSeries, { threshold, limit }: Condition, level: Level): boolean {
  const { subject, metric, filters, aggregation } = threshold;
  const gauge = aggregation.kind === "max" || aggregation.kind === "last" || aggregation.kind === "avg";
  if (subject !== "target" || !gauge || !limit.operator.startsWith("<")) return false;
  return series.target.matching(metric, filters).some((one) => {
    const points = one.points([level]);
    const trend = one.type === "gauge" ? points.trend() : undefined;
    if (trend === undefined || trend.p > GROWING_P || trend.low <= 0) return false;
    return trend.slope * ((level.toMs - level.fromMs) / 1000) > GROWING * limit.value;
  });
}

function isMiss({ missed, carried }: Tried): boolean {
  return missed.length > 0 || !carried;
}

/** The first level above the line: where misses below it and holds above it are fewest; of several the lowest. */
function dividedAt(tried: readonly Tried[]): number {
  let wrong = tried.filter((one) => !isMiss(one)).length;
  let [best, least] = [0, wrong];
  for (const [i, one] of tried.entries()) {
    wrong += isMiss(one) ? 1 : -1;
    if (wrong < least) [best, least] = [i + 1, wrong];
  }
  return best;
}

/**
 * From the last level up to which all surely held to the first from which on all surely missed: the line lies in it, but for
 * one time in twenty.
 */
function intervalOf(tried: readonly Tried[]): [number, number] {
  const holds = (one: Tried) => !isMiss(one) && one.judged.every(({ sure }) => sure);
  const misses = (one: Tried) => !one.carried || one.missed.some(({ sure }) => sure);
  return undecided(tried, holds, misses);
}

/** From the last load up to which all hold to the first from which on all miss, or as far as was loaded. */
function undecided(
  tried: readonly Tried[],
  holds: (one: Tried) => boolean,
  misses: (one: Tried) => boolean,
): [number, number] {
  const first = tried.findIndex((one) => !holds(one));
  const last = tried.findLastIndex((one) => !misses(one));
  const below = tried[Math.max(0, first - 1)];
  const above = tried[last + 1] ?? tried.at(-1);
  return [below?.level.load ?? 0, above?.level.load ?? 0];
}

/** Where the line lies: by the levels beside it, and those among which holds and misses alternate. */
function placed(series: RunSeries, tried: readonly Tried[], broken: number): number {
  const [low, high] = undecided(tried, (one) => !isMiss(one), isMiss);
  const near = tried.filter(({ level: { load } }) => load >= low && load <= high);
  const above = tried.slice(broken).filter(isMiss);
  const [first] = above;
  if (first === undefined) return low;
  const levels = (of: readonly Tried[]) => of.map(({ level }) => level);
  const crossings = first.missed.flatMap(({ condition }): number[] => {
    const seen = near.map(({ level, judged }) => {
      return { load: level.load, value: judged.find((one) => one.condition === condition)?.judged.value };
    });
    const consumed = consumedAt(series, condition, levels(tried), levels(above));
    return [crossingOf(condition, seen), ...(consumed === undefined ? [] : [consumed])];
  });
  const { level, carried } = first;
  const done = level.goodput < CARRIED * level.load || !carried ? [Math.max(low, level.goodput)] : [];
  return Math.min(high, ...crossings, ...done);
}

function lineOf(series: RunSeries, load: number, interval: [number, number], limitedBy: string): LoadLine {
  const rounded = (value: number) => Number(value.toPrecision(6));
  const line = { interval: [rounded(interval[0]), rounded(interval[1])] as [number, number], limitedBy };
  return series.model === "arrivals"
    ? { arrivalsPerSecond: rounded(load), ...line }
    : { users: rounded(load), ...line };
}

function atThat({ requests, p50, p95 }: Level): string {
  const latency = p50 === undefined || p95 === undefined ? "" : `, p50 ${time(p50)}, p95 ${time(p95)}`;
  return `${three(requests)} requests/s${latency}`;
}

function levelEvidence(series: RunSeries, { level, judged, carried }: Tried): Evidence {
  const { load, requests, throughput, goodput, p50 = null, p95 = null, fromMs, toMs } = level;
  const limits = judged.map(({ condition, judged: { value, state } }): [string, string] => [
    condition.threshold.expression,
    value === undefined ? state : `${state} ${three(value)}`,
  ]);
  return {
    of: `level ${three(load)} ${series.model === "arrivals" ? "arrivals/s" : "users"}`,
    figures: {
      load,
      requests,
      throughput,
      goodput,
      p50,
      p95,
      from: fromMs / 1000,
      until: toMs / 1000,
      ...(carried ? {} : { carried: "no" }),
      ...Object.fromEntries(limits),
    },
  };
}

/** The Universal Scalability Law, by users, or by the concurrency that Little's law gives for arrivals. */
function law(series: RunSeries, levels: readonly Level[]): Evidence[] {
  const fit = scalabilityOf(
    levels.map(({ load, goodput, requests, mean = 0 }) => ({
      n: series.model === "users" ? load : Math.max(1, requests * mean),
      throughput: goodput,
    })),
  );
  if (fit === undefined) return [];
  const { lambda, sigma, kappa, r2, peak } = fit;
  const at = peak === undefined ? {} : { peak_concurrency: peak.n, peak_throughput: peak.throughput };
  return [{ of: "Universal Scalability Law", figures: { lambda, sigma, kappa, r2, ...at } }];
}

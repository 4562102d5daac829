import type { SearchPlan } from "../scenario/plan.ts";

/** One load that was tried, in users or arrivals a second, and what came of it. */
export interface Trial {
  load: number;
  /** `generator`: it did not hold, and the generator could not keep up: whose fault it was cannot be told. */
  outcome: "held" | "broken" | "generator";
  /** Mean, seconds; undefined where nothing came to its end. */
  latency: number | undefined;
  /** How full each of the target's resources was, 0 to 1, by series. */
  utilization: Readonly<Record<string, number>>;
}

/** What a search does next, or what it came to. */
export type Next =
  | { kind: "try"; load: number }
  /** `low` held, `high` did not, and they are as near to each other as was asked. */
  | { kind: "found"; low: number; high: number }
  /** The most that may be loaded held. */
  | { kind: "unbroken"; low: number }
  /** The least that was tried did not hold. */
  | { kind: "below"; high: number }
  /** The generator could not keep up, twice. */
  | { kind: "generator"; low: number | undefined; at: number };

/** From one load that held to the next, where nothing shows any trouble. */
const MOST_GROWTH = 1.9;
/** A load may not come past this many times the line, though the load that it grows from may have held by chance. */
const MOST_PAST = 2;
/** Standard errors of the number of arrivals in a step, taken to be Poisson's. */
const CHANCE = 4;
/** Where latency has risen by the first factor, the load rises by the second at most. */
const SLOWER: readonly (readonly [latency: number, growth: number])[] = [
  [2, 1.25],
  [1.25, 1.5],
];
/** A resource that is less full says nothing of where it will be full. */
const LEAST_TELLING = 0.3;
/** Where a resource is about to be full, the load goes this far past that: the line is then below. */
const PAST_FULL = 1.1;
const LEAST_GROWTH = 1.1;
/** From a load that broke and held when it was tried again: the line is near, as a rule. */
const CAREFUL_GROWTH = 1.1;
/** A first load that breaks is halved this often. */
const MOST_HALVINGS = 6;

/**
 * Where to search next, given all that was tried so far, in order. Loads rise from the first one, by less the more trouble
 * shows, until one breaks; then the middle, on a logarithmic scale, between the highest that held and the lowest that broke
 * is tried, until they are within `precision`. The one that broke is tried once more at the end: a hiccup that is taken for
 * the line would hide all that lies above. Pure; what is said of a load later counts in place of what was said earlier.
 */
export function nextOf(plan: SearchPlan, trials: readonly Trial[]): Next {
  const last = trials.at(-1);
  if (last === undefined) return { kind: "try", load: rounded(plan, plan.from) };
  const { low, high } = bracketOf(trials);
  if (last.outcome === "generator") {
    const again = trials.filter(({ load, outcome }) => load === last.load && outcome === "generator").length === 1;
    return again ? { kind: "try", load: last.load } : { kind: "generator", low, at: last.load };
  }
  if (high === undefined) {
    if (low === undefined) return { kind: "try", load: rounded(plan, plan.from) };
    const most = rounded(plan, plan.upTo);
    if (low >= most) return { kind: "unbroken", low };
    const wanted = rounded(plan, low * growth(plan, trials));
    return { kind: "try", load: Math.min(most, plan.kind === "users" ? Math.max(low + 1, wanted) : wanted) };
  }
  if (low === undefined) {
    const lower = rounded(plan, high / 2);
    const least = rounded(plan, plan.from) / 2 ** MOST_HALVINGS;
    return lower < least || lower >= high ? { kind: "below", high } : { kind: "try", load: lower };
  }
  const middle = rounded(plan, Math.sqrt(low * high));
  if (high / low > 1 + plan.precision && middle > low && middle < high) return { kind: "try", load: middle };
  return isSure(trials, high) ? { kind: "found", low, high } : { kind: "try", load: high };
}

/** It broke twice; or another did not the second time, which shows that here is no more than chance to be had. */
function isSure(trials: readonly Trial[], high: number): boolean {
  const broken = new Set(trials.filter(({ outcome }) => outcome === "broken").map(({ load }) => load));
  const retracted = trials.some(({ load, outcome }) => outcome === "held" && broken.has(load));
  return retracted || trials.filter(({ load, outcome }) => load === high && outcome === "broken").length > 1;
}

/** The highest load that held, and the lowest that did not. */
export function bracketOf(trials: readonly Trial[]): { low: number | undefined; high: number | undefined } {
  const latest = new Map(trials.map(({ load, outcome }) => [load, outcome]));
  const of = (wanted: Trial["outcome"]) => [...latest].flatMap(([load, outcome]) => (outcome === wanted ? load : []));
  const broken = of("broken");
  const high = broken.length === 0 ? undefined : Math.min(...broken);
  const held = of("held").filter((load) => high === undefined || load < high);
  return { low: held.length === 0 ? undefined : Math.max(...held), high };
}

/** By how much the load may rise from the highest that held. */
function growth({ kind, forMs }: SearchPlan, trials: readonly Trial[]): number {
  const held = trials.filter(({ outcome }) => outcome === "held").toSorted((a, b) => a.load - b.load);
  const last = held.at(-1);
  if (last === undefined) return 1;
  const latencies = held.flatMap(({ latency }) => latency ?? []);
  const slower = (last.latency ?? 0) / Math.min(...latencies);
  const bySlower = SLOWER.find(([latency]) => slower > latency)?.[1] ?? MOST_GROWTH;
  const brokeBefore = trials.some(({ load, outcome }) => load === last.load && outcome === "broken");
  const careful = brokeBefore ? CAREFUL_GROWTH : MOST_GROWTH;
  const first = held.length === 1 ? undefined : held[0];
  const byFullness = Object.entries(last.utilization).map(([name, full]) => {
    // A straight line through the first load that held, or through none where there is but one.
    const from = { load: first?.load ?? 0, full: first?.utilization[name] ?? 0 };
    const slope = (full - from.full) / (last.load - from.load);
    if (full < LEAST_TELLING || !(slope > 0)) return MOST_GROWTH;
    const fullAt = last.load + Math.max(0, 1 - full) / slope;
    return Math.max(LEAST_GROWTH, (PAST_FULL * fullAt) / last.load);
  });
  const chance = kind === "users" ? 0 : CHANCE / Math.sqrt((last.load * forMs) / 1000);
  return Math.max(LEAST_GROWTH, Math.min(bySlower, careful, MOST_PAST / (1 + chance), ...byFullness));
}

/** Users come whole; rates are told by three digits, so that what was tried is what people read. */
function rounded({ kind }: SearchPlan, load: number): number {
  return kind === "users" ? Math.max(1, Math.round(load)) : Number(load.toPrecision(4));
}

/** `40 arrivals/s`, `12 users`. */
export function inLoad({ kind }: SearchPlan, load: number): string {
  const figure = Number(load.toPrecision(4)).toLocaleString("en-US", { maximumFractionDigits: 4 });
  return kind === "users" ? `${figure} ${load === 1 ? "user" : "users"}` : `${figure} arrivals/s`;
}

import type { Spot, TruthTold } from "../../src/demo/truth.ts";
import { type Cell, cellWith, type WeakSpot } from "./cell.ts";
import { healthy, type ServiceSizes } from "./service.ts";

/** A cell under real load: a practice target of chosen sizes, a short climb of arrivals, and its twin in virtual time. */
export interface RealCell {
  /** `pool-1`: what `--only` takes, as it does the weak spot alone. */
  id: string;
  weak: RealSpot;
  /** For the table. */
  words: string;
  /** Of the practice target. */
  flags: string[];
  /** What one arrival does, as steps of a scenario. */
  steps: object[];
  thresholds: string[];
  /** Arrivals a second that it carries by its sizes alone. */
  nominal: number;
  /** Where steps lie has nothing to do with where the line does: each size has them elsewhere. */
  shift: number;
  /** Steps near the line, as shares of it, and the seconds of each. */
  near: { factors: number[]; seconds: number };
  /** The same sizes in virtual time. */
  twin: Cell;
}

export type RealSpot = Exclude<WeakSpot, "leak">;

/** Of a healthy service, arrivals a second; nothing gives way. */
const HEALTHY_LOAD = 60;
/** What serving a request costs beyond the CPU that is asked for. */
const SERVING_MS = 0.4;

/** The last one so far beyond that what gave way is seen for longer than a hiccup. */
const usual = { factors: [0.85, 0.92, 0.99, 1.06, 1.13, 1.2, 1.4], seconds: 5 };

const list = { get: "/api/tasks?limit=20" };
const create = { post: "/api/tasks", json: { title: "Task {{ uuid() }}" }, expect: { status: 201 } };
/** Always a few: a cache that works answers nearly all of them. */
const hot = { get: "/api/tasks/{{ randomInt(1, 1000) }}" };
const common = ["p95(latency) < 250ms", "ratio(errors) < 1%"];

export const realCells: RealCell[] = [
  ...[5, 10].map((pool, i) =>
    cell("pool", i, {
      words: `${pool} connections of 50 ms`,
      flags: { pool, "hold-ms": 50 },
      // The list is cached: a request in two is a query.
      steps: [list, create],
      nominal: pool / 0.05,
      twin: { ...healthy, pool, holdMs: 50 },
    }),
  ),
  ...[10, 5].map((cpuMs, i) =>
    cell("cpu", i, {
      words: `${cpuMs} ms of CPU a request`,
      flags: { "cpu-ms": cpuMs },
      steps: [list],
      nominal: 1000 / (cpuMs + SERVING_MS),
      twin: { ...healthy, cpuMs },
    }),
  ),
  ...[4, 8].map((workers, i) =>
    cell("queue", i, {
      words: `${workers} workers, jobs of 40 ms`,
      flags: { "queue-workers": workers, "job-ms": 40 },
      steps: [create],
      thresholds: [...common, "max(queue_oldest_age_seconds) < 500ms"],
      nominal: workers / 0.04,
      twin: { ...healthy, queueWorkers: workers, jobMs: 40 },
    }),
  ),
  ...[4, 8].map((pool, i) =>
    cell("cache", i, {
      words: `nothing kept; ${pool} connections of 40 ms`,
      flags: { pool, "hold-ms": 40 },
      steps: [hot],
      nominal: pool / 0.04,
      twin: { ...healthy, pool, holdMs: 40, hits: 0.02 },
    }),
  ),
  ...[12, 6].map((lockMs, i) =>
    cell("locks", i, {
      words: `writes hold one lock for ${lockMs} ms`,
      flags: { "lock-hold-ms": lockMs },
      steps: [create],
      nominal: 1000 / lockMs,
      twin: { ...healthy, pool: 40, lockMs },
    }),
  ),
  ...[80, 160].map((rateLimit, i) =>
    cell("rate-limit", i, {
      words: `${rateLimit} requests a second admitted`,
      flags: { "rate-limit": rateLimit },
      steps: [list],
      nominal: rateLimit,
      // A second's worth is admitted beyond the rate: that has to be used up before anything is seen.
      near: { factors: [0.92, 0.99, 1.06, 1.13, 1.4], seconds: 12 },
      twin: { ...healthy, rateLimit },
    }),
  ),
  ...["reads and writes", "reads and writes, again"].map((words, i) =>
    cell("none", i, {
      words,
      flags: {},
      steps: [list, create],
      nominal: HEALTHY_LOAD,
      near: { factors: [0.8, 1, 1.2], seconds: 6 },
      twin: healthy,
    }),
  ),
];

interface Chosen {
  words: string;
  flags: Record<string, number>;
  steps: object[];
  thresholds?: string[];
  nominal: number;
  near?: RealCell["near"];
  twin: ServiceSizes;
}

function cell(weak: RealSpot, i: number, chosen: Chosen): RealCell {
  const { words, steps, nominal, near = usual, thresholds = common } = chosen;
  const sizes = Object.entries(chosen.flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return {
    id: `${weak}-${i + 1}`,
    weak,
    words,
    flags: ["--weak", weak, ...sizes],
    steps,
    thresholds,
    nominal,
    shift: i === 0 ? 0.97 : 1.03,
    near,
    twin: cellWith(weak, chosen.twin, i, 1 + i),
  };
}

/** Those that `--only` names, or all. */
export function chosenCells(only: string | undefined): RealCell[] {
  return only === undefined ? realCells : realCells.filter(({ id, weak }) => id === only || weak === only);
}

/** From far below to well beyond what it carries; near it in steps of 7 %. */
export function climbOf({ shift, near, nominal }: RealCell): { perSecond: number; seconds: number }[] {
  const below = [0.3, 0.6].map((factor) => ({ factor, seconds: 3 }));
  const steps = [...below, ...near.factors.map((factor) => ({ factor, seconds: near.seconds }))];
  return steps.map(({ factor, seconds }) => ({ perSecond: Math.round(factor * shift * nominal), seconds }));
}

/** The scenario, as the file that the program reads: YAML takes JSON. */
export function scenarioOf(cell: RealCell, url: string): string {
  const stages = climbOf(cell).map(({ perSecond, seconds }) => ({
    arrivals: `${perSecond}/s`,
    for: `${seconds}s`,
  }));
  return JSON.stringify({
    name: cell.id,
    host: url,
    users: { Visitor: { tasks: { Visit: { steps: cell.steps } } } },
    profiles: { climb: { stages, maxUsers: Math.ceil(5 * cell.nominal) } },
    watch: { app: { prometheus: "/metrics", timeout: "5s" } },
    thresholds: cell.thresholds,
  });
}

/**
 * Arrivals a second that the target carried, in closed form of what it measured between two looks. Arrivals are even and
 * times constant, so that nobody waits below it: a spot carries servers / mean time, and an arrival asks `per` of it.
 */
export function closedForm(
  { weak }: RealCell,
  before: TruthTold,
  after: TruthTold,
  iterations: number,
): number | undefined {
  const carries = (spot: "pool" | "cpu" | "queue" | "locks") => {
    const { servers, meanMs } = between(before[spot], after[spot]);
    return meanMs === undefined ? undefined : (1000 * servers) / meanMs;
  };
  switch (weak) {
    case "pool":
    case "cache": {
      const queries = carries("pool");
      const per = (after.pool.served - before.pool.served) / iterations;
      return queries === undefined || per === 0 ? undefined : queries / per;
    }
    case "cpu":
    case "queue":
    case "locks":
      return carries(weak);
    case "rate-limit":
      return after.rate_limit.admitted_per_second ?? undefined;
    case "none":
      return undefined;
  }
}

/** What a spot did between two looks at it. */
function between(before: Spot, after: Spot): { servers: number; meanMs: number | undefined } {
  const served = after.served - before.served;
  const busyMs = after.served * (after.mean_ms ?? 0) - before.served * (before.mean_ms ?? 0);
  return { servers: after.servers, meanMs: served === 0 ? undefined : busyMs / served };
}

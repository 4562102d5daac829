import { ModelledClient } from "../../src/client/modelled.ts";
import { randomFrom } from "../../src/load/random.ts";
import { scaled } from "../../src/load/scale.ts";
import { arrivalRateAt } from "../../src/load/timeline.ts";
import { Worker } from "../../src/load/worker.ts";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import type { Snapshot } from "../../src/metrics/snapshot.ts";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import type { SearchPlan } from "../../src/scenario/plan.ts";
import { Finder } from "../../src/search/finder.ts";
import type { Found } from "../../src/search/found.ts";
import { searchPlan } from "../../src/search/plan.ts";
import { Judge } from "../../src/verdict/judge.ts";
import { RunSeries } from "../../src/verdict/run-series.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** A pool of connections, first come first served, each held for a time. */
export interface Pool {
  connections: number;
  holdMs: number;
  /** `random`: exponentially distributed. */
  hold: "fixed" | "random";
}

export interface VirtualSearch {
  found: Found;
  told: string[];
  seconds: number;
  /** The most that was asked for. */
  most: number;
}

/** How the generator fares: what its workers would say of themselves. */
export type Health = (snapshot: Snapshot) => void;

/** The whole of `plimsoll find` but its process, threads and network: plan, executor, aggregator, judge, finder. */
export async function virtualSearch(
  scenario: string,
  wish: Partial<SearchPlan>,
  pool: Pool,
  { seed = 1, maxMs = 300_000, health = () => {} }: { seed?: number; maxMs?: number; health?: Health } = {},
): Promise<VirtualSearch> {
  const read = readScenario("s.yaml", scenario, {});
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const made = makePlan(read.scenario, { seed, suffix: "0", startedAt: 0, version: "0", durationMs: maxMs });
  if ("problems" in made) throw new Error(JSON.stringify(made.problems));
  const usual = { kind: undefined, from: 10, upTo: 2000, precision: 0.05, forMs: 10_000 };
  const plan = searchPlan(made.plan, { ...usual, ...wish });
  if ("problem" in plan || plan.search === undefined) throw new Error(JSON.stringify(plan));
  const { search } = plan;

  const clock = new VirtualClock();
  const service = new PoolService(pool, seed, () => clock.now());
  const client = new ModelledClient(clock, () => ({ afterMs: service.serve(), status: 200, body: "{}" }));
  const aggregator = new Aggregator("0", new ClassicBounds(plan.bounds));
  const common = { clock, client, aggregator, tracer: undefined, secret: () => "", wallAt: (ms: number) => ms };
  const worker = new Worker({ plan, share: { index: 0, of: 1 }, ...common });
  const judge = new Judge(plan);
  const series = new RunSeries(plan, judge);
  let { loads } = plan;
  let most = search.from;
  let over = false;
  const told: string[] = [];
  const finder = new Finder(search, loads, series, {
    scale: (load) => {
      const at = clock.now() + 200;
      const wanted =
        search.kind === "users"
          ? ({ kind: "users", users: load, spawnRate: load / 2 } as const)
          : ({ kind: "arrivals", perSecond: load } as const);
      loads = scaled(loads, at, wanted) ?? loads;
      series.follow(loads);
      worker.follow(loads);
      most = Math.max(most, load);
      return at;
    },
    tell: (message) => told.push(message),
    end: () => {
      over = true;
      worker.stop();
    },
  });
  const end = worker.run().then(() => {
    over = true;
  });
  for (let at = 0; !over && at <= maxMs; at += 1000) {
    const snapshot = aggregator.snapshot(at, true);
    const rate = arrivalRateAt(loads, at);
    if (rate !== undefined) snapshot.gauges["plimsoll_arrival_rate_target"] = rate;
    snapshot.gauges["plimsoll_inflight_requests"] = client.inflight;
    health(snapshot);
    judge.observe([
      { source: "app", metric: "db_pool_utilization_ratio", labels: {}, type: "gauge", value: service.fullness(), at },
    ]);
    judge.evaluate(snapshot);
    series.take(snapshot);
    finder.look(snapshot);
    if (!over) await clock.advance(1000);
  }
  const seconds = clock.now() / 1000;
  await clock.advance(60_000);
  await end;
  return { found: finder.found(), told, seconds, most };
}

class PoolService {
  readonly #pool: Pool;
  readonly #random: () => number;
  readonly #now: () => number;
  /** When each connection is free. */
  readonly #free: number[];

  constructor(pool: Pool, seed: number, now: () => number) {
    this.#pool = pool;
    this.#random = randomFrom(seed, 7);
    this.#now = now;
    this.#free = new Array<number>(pool.connections).fill(0);
  }

  serve(): number {
    const now = this.#now();
    const first = Math.min(...this.#free);
    const holdMs = this.#pool.hold === "fixed" ? this.#pool.holdMs : -this.#pool.holdMs * Math.log(1 - this.#random());
    const done = Math.max(now, first) + holdMs;
    this.#free[this.#free.indexOf(first)] = done;
    return done - now;
  }

  fullness(): number {
    const now = this.#now();
    return this.#free.filter((until) => until > now).length / this.#free.length;
  }
}

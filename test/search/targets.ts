import { randomFrom } from "../../src/load/random.ts";
import type { SearchPlan } from "../../src/scenario/plan.ts";
import { type Next, nextOf, type Trial } from "../../src/search/search.ts";
import { erlangC, responseTail, solveRate } from "../accuracy/truth.ts";

/** A target in closed form. */
export interface Target {
  kind: "M/M/c" | "cliff";
  /** Requests a second. */
  capacity: number;
  servers: number;
  /** The limit of p95, in times of what it is without any load. */
  patience: number;
  /** Its sources tell how full it is. */
  watched: boolean;
}

/** The load line of a target: where its p95 meets the limit, or where it is full. */
export function lineOf(target: Target): number {
  const { kind, capacity, servers } = target;
  if (kind === "cliff") return capacity;
  const limit = limitOf(target);
  return solveRate((perSecond) => responseTail(perSecond, servers, servers / capacity, limit), 0.05, capacity);
}

function limitOf({ capacity, servers, patience }: Target): number {
  // Of an exponential time the 95th percentile is ln 20 of its mean.
  return patience * Math.log(20) * (servers / capacity);
}

/** How far off, as a share, the load of one step is by chance: of Poisson arrivals in this time. */
export function chanceOf(load: number, seconds: number): number {
  return 1 / Math.sqrt(load * seconds);
}

export interface Searched {
  end: Exclude<Next, { kind: "try" }>;
  trials: Trial[];
  /** Of load, rests included. */
  seconds: number;
  most: number;
}

/** What a step takes of time: one that shows nothing, one that is cut off, a whole one, one that does not tell; and a rest. */
const [CALM_S, CUT_S, WHOLE_S, LONG_S, REST_S] = [6, 6, 11, 21, 5];
/** Past this many times the line it is clear at once, below that many it is far from the limit. */
const [CLEAR, FAR] = [1.15, 0.8];

/** Searches a target; what each step shows is off by chance. */
export function search(plan: SearchPlan, target: Target, seed: number): Searched {
  const random = randomFrom(seed, 0);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const trials: Trial[] = [];
  let [seconds, most] = [0, 0];
  for (;;) {
    const next = nextOf(plan, trials);
    if (next.kind !== "try") return { end: next, trials, seconds, most };
    if (trials.length > 100) throw new Error(`no end: ${JSON.stringify(trials.slice(-5))}`);
    most = Math.max(most, next.load);
    // Arrivals of a cliff are constant: it is off by its own timers alone.
    const chance = target.kind === "cliff" ? 0.005 : chanceOf(next.load, plan.forMs / 1000);
    const trial = shown(target, next.load, Math.max(0.01, 1 + chance * normal()));
    trials.push(trial);
    const calm = trial.outcome === "held" && (trial.latency ?? 0) <= 1.25 * (trials[0]?.latency ?? 0);
    const rests = trials.some(({ outcome }) => outcome === "broken");
    const off = trial.load / lineOf(target);
    seconds += calm ? CALM_S : off > CLEAR ? CUT_S : off < FAR && !rests ? WHOLE_S : LONG_S;
    seconds += rests ? REST_S : 0;
  }
}

function shown(target: Target, load: number, off: number): Trial {
  const { kind, capacity, servers, watched } = target;
  const utilization = watched ? { pool: Math.min(1, (load * off) / capacity), memory: 0.7 } : {};
  const mean = servers / capacity;
  if (kind === "cliff") {
    return { load, outcome: load * off <= capacity ? "held" : "broken", latency: mean, utilization };
  }
  const slow = responseTail(load * off, servers, mean, limitOf(target)) > 0.05;
  const full = Math.min(0.999, (load * off) / capacity);
  const latency = mean + (erlangC(servers, full * servers) * mean) / (servers * (1 - full));
  return { load, outcome: slow ? "broken" : "held", latency, utilization };
}

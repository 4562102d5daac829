import { type Load, type RateStage, type Stage, UNTIL_STOPPED_MS } from "./plan.ts";

export type StagedLoad = Exclude<Load, { kind: "iterations" }>;

/** How a load is written, before a run has said how long it is. Rates are a second. */
export type Shape =
  /** Reached linearly, `spawnRate` users a second, and held. Without a duration the load goes on until it is stopped. */
  | { kind: "users"; users: number; spawnRate?: number; durationMs?: number }
  /** One rate from the start to the end. */
  | { kind: "arrivals"; perSecond: number; maxUsers?: number; spacing: Spacing; durationMs?: number }
  /** They end when all have run; the duration is the most that this may take. */
  | { kind: "iterations"; users: number; iterations: number; per: "run" | "user"; durationMs?: number }
  /** The stages say how long. */
  | { kind: "stages"; stages: Stage[] }
  | { kind: "rate stages"; stages: RateStage[]; maxUsers?: number; spacing: Spacing };

export type Spacing = "constant" | "poisson";

/** What a run changes of a shape. */
export interface Change {
  users?: number | undefined;
  spawnRate?: number | undefined;
  /** Iterations a second. */
  arrivals?: number | undefined;
  /** From the load's start to its end; stages that would go on are cut off there. */
  lengthMs?: number | undefined;
}

/** As Locust, where nothing else is said. */
const DEFAULT_SPAWN_RATE = 1;

/** As k6's `maxDuration`. */
const DEFAULT_ITERATIONS_MS = 10 * 60_000;

/** Makes the load of a shape; what a length has no time to spawn is cut off, as in Locust. */
export function loadOf(shape: Shape, change: Change): Load {
  const { lengthMs } = change;
  switch (shape.kind) {
    case "users": {
      const { users = shape.users, spawnRate = shape.spawnRate ?? DEFAULT_SPAWN_RATE } = change;
      const stage = { users, overMs: (users / spawnRate) * 1000, forMs: UNTIL_STOPPED_MS };
      return { kind: "users", stages: cut([stage], lengthMs ?? shape.durationMs, partOfRamp) };
    }
    case "arrivals": {
      const { spacing, durationMs = UNTIL_STOPPED_MS } = shape;
      const perSecond = change.arrivals ?? shape.perSecond;
      const maxUsers = shape.maxUsers ?? defaultMaxUsers(perSecond);
      return arrivals([{ perSecond, overMs: 0, forMs: lengthMs ?? durationMs }], maxUsers, spacing);
    }
    case "iterations": {
      const { users, iterations, per, durationMs = DEFAULT_ITERATIONS_MS } = shape;
      return { kind: "iterations", users: change.users ?? users, iterations, per, maxMs: lengthMs ?? durationMs };
    }
    case "stages":
      return { kind: "users", stages: cut(shape.stages, lengthMs, partOfRamp) };
    case "rate stages": {
      const peak = Math.max(...shape.stages.map(({ perSecond }) => perSecond));
      const { stages, spacing, maxUsers = defaultMaxUsers(peak) } = shape;
      return arrivals(cut(stages, lengthMs, partOfRateRamp), maxUsers, spacing);
    }
  }
}

function arrivals(stages: RateStage[], maxUsers: number, spacing: Spacing): StagedLoad {
  return { kind: "arrivals", stages, maxUsers, spacing };
}

/**
 * Enough users for iterations of 10 s at the highest rate (Little's law: users = arrivals a second × seconds each), at least
 * 10 and at most 10,000.
 */
function defaultMaxUsers(perSecond: number): number {
  return Math.min(10_000, Math.max(10, Math.ceil(perSecond * 10)));
}

/** A load up to a time: what would have started before it does so when it would have, and nothing after. */
export function firstPart(load: StagedLoad, lengthMs: number): StagedLoad {
  return load.kind === "users"
    ? { ...load, stages: cut(load.stages, lengthMs, partOfRamp) }
    : { ...load, stages: cut(load.stages, lengthMs, partOfRateRamp) };
}

/** The stages up to a time: what starts before it does so when it would have. */
function cut<S extends { overMs: number; forMs: number }>(
  stages: readonly S[],
  endMs: number | undefined,
  partOf: (ramp: S, before: S | undefined, lengthMs: number) => S[],
): S[] {
  if (endMs === undefined) return [...stages];
  let left = endMs;
  return stages.flatMap((stage, i) => {
    const lengthMs = left;
    left -= stage.overMs + stage.forMs;
    if (lengthMs <= 0) return [];
    if (stage.overMs > lengthMs) return partOf(stage, stages[i - 1], lengthMs);
    return [{ ...stage, forMs: Math.min(stage.forMs, lengthMs - stage.overMs) }];
  });
}

/**
 * The first part of a ramp, in whole users: on the way up user n begins when n is reached, on the way down it ends when the
 * wanted number has come down to n.
 */
function partOfRamp({ users, overMs }: Stage, before: Stage | undefined, lengthMs: number): Stage[] {
  const from = before?.users ?? 0;
  if (users === from) return [{ users, overMs: 0, forMs: lengthMs }];
  const stepMs = overMs / Math.abs(users - from);
  const steps = Math.floor(lengthMs / stepMs);
  const reachedMs = Math.min(lengthMs, steps * stepMs);
  const restMs = lengthMs - reachedMs;
  if (users < from) return [{ users: from - steps, overMs: reachedMs, forMs: restMs }];
  return [
    ...(steps > 0 ? [{ users: from + steps, overMs: reachedMs, forMs: 0 }] : []),
    ...(restMs > 0 ? [{ users: Math.min(users, from + steps + 1), overMs: 0, forMs: restMs }] : []),
  ];
}

function partOfRateRamp(
  { perSecond, overMs }: RateStage,
  before: RateStage | undefined,
  lengthMs: number,
): RateStage[] {
  const from = before?.perSecond ?? 0;
  return [{ perSecond: from + ((perSecond - from) * lengthMs) / overMs, overMs: lengthMs, forMs: 0 }];
}

/** How many steps `steps:` may make. */
export const MOST_STEPS = 1000;

/**
 * The levels from one to another, up or down, `by` apart: `10..95` by 10 is 10, 20, … 90, 95, the last being less of a step.
 * Undefined if they are more than `MOST_STEPS`.
 */
export function levels(from: number, to: number, by: number): number[] | undefined {
  // A rate such as 10/min is a binary fraction: steps that are whole but for rounding are whole.
  const steps = Math.ceil(Math.abs(to - from) / by - 1e-9);
  if (!(steps < MOST_STEPS)) return undefined;
  return Array.from({ length: steps + 1 }, (_, i) => (i === steps ? to : from + Math.sign(to - from) * i * by));
}

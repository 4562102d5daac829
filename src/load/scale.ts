import { lengthOf, type PlannedLoad } from "../scenario/plan.ts";
import { firstPart, type StagedLoad } from "../scenario/shape.ts";

/**
 * What is wanted of a load that runs, from a moment on to its end, whatever its stages say: so many users, all loads of
 * users together, begun or ended so many a second (all at once if it does not say); or so many arrivals a second.
 */
export type Wanted =
  | { kind: "users"; users: number; spawnRate?: number | undefined }
  | { kind: "arrivals"; perSecond: number };

/** What loads want at a moment, all of a kind together; undefined if none of the kind is under way. */
export interface Levels {
  users: number | undefined;
  /** Arrivals. */
  perSecond: number | undefined;
}

export function levelsAt(loads: readonly PlannedLoad[], at: number): Levels {
  const level = (kind: Wanted["kind"]) => {
    const parts = loads.map((load) => partUntil(load, at + JUST_AFTER_MS, kind)).filter((part) => part !== undefined);
    return parts.length === 0 ? undefined : sum(parts.map(levelOf));
  };
  return { users: level("users"), perSecond: level("arrivals") };
}

/** What begins at a moment counts. */
const JUST_AFTER_MS = 1e-3;

/**
 * The same loads, with what is wanted from `at` (the run's milliseconds) on. Loads of one kind share it in proportion to what
 * they have then. Undefined if no load of the kind is under way then. Pure: who carries a share of the old loads can carry
 * the same share of the new ones, as they are the same up to `at`.
 */
export function scaled(loads: readonly PlannedLoad[], at: number, wanted: Wanted): PlannedLoad[] | undefined {
  const started = loads.map((planned) => partUntil(planned, at, wanted.kind));
  const levels = started.map((load) => (load === undefined ? 0 : levelOf(load)));
  const first = started.findIndex((load) => load !== undefined);
  if (first < 0) return undefined;
  const from = sum(levels);
  const to = wanted.kind === "users" ? wanted.users : wanted.perSecond;
  // Where there is none, there is nothing to be in proportion to.
  const weights = from > 0 ? levels : levels.map((_, i) => (i === first ? 1 : 0));
  const overMs =
    wanted.kind === "users" ? (Math.abs(to - from) / (wanted.spawnRate ?? Number.POSITIVE_INFINITY)) * 1000 : 0;
  let weight = 0;
  return loads.map((planned, i) => {
    const before = started[i];
    if (before === undefined) return planned;
    const part = () => (to * weight) / sum(weights);
    const lower = part();
    weight += weights[i] ?? 0;
    const restMs = planned.startMs + lengthOf(planned.load) - at;
    return { ...planned, load: followedBy(before, { lower, upper: part(), overMs, restMs }) };
  });
}

/** What a load has been until then, if it is of the kind and under way. */
function partUntil({ load, startMs }: PlannedLoad, at: number, kind: Wanted["kind"]): StagedLoad | undefined {
  if (load.kind === "iterations" || load.kind !== kind) return undefined;
  return at >= startMs && at < startMs + lengthOf(load) ? firstPart(load, at - startMs) : undefined;
}

function levelOf(load: StagedLoad): number {
  return (load.kind === "users" ? load.stages.at(-1)?.users : load.stages.at(-1)?.perSecond) ?? 0;
}

/** A load's part reaches from `lower` to `upper` of all: rounded there, the parts of all add up in whole users. */
function followedBy(
  before: StagedLoad,
  { lower, upper, overMs, restMs }: { lower: number; upper: number; overMs: number; restMs: number },
): StagedLoad {
  if (before.kind === "arrivals") {
    return { ...before, stages: [...before.stages, { perSecond: upper - lower, overMs: 0, forMs: restMs }] };
  }
  const users = Math.round(upper) - Math.round(lower);
  const whole: StagedLoad = { ...before, stages: [...before.stages, { users, overMs, forMs: restMs }] };
  return firstPart(whole, lengthOf(before) + restMs);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

import { availableParallelism } from "node:os";
import type { Plan } from "../scenario/plan.ts";
import { usersOf } from "./stages.ts";

/** Which part of the load a worker carries: the `index`-th of `of`. Alone it is 0 of 1, by the same path. */
export interface Share {
  index: number;
  of: number;
}

/**
 * Whether the n-th user (or arrival) of the whole load is this worker's. Every worker walks the whole sequence and keeps
 * its part, so any number of workers makes the same schedule.
 */
export function owns(share: Share, n: number): boolean {
  return n % share.of === share.index;
}

/**
 * The class of each user in turn until they repeat, spread as evenly as the weights allow: any first n users hold each class
 * within one of its due. Smooth weighted round robin (nginx, "Upstream: smooth weighted round-robin balancing", 2012). A cycle that would
 * be longer, as of weights with long fractions, is cut.
 */
function classCycle(weights: readonly number[], longest = 10_000): number[] {
  const cycle: number[] = [];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const current = weights.map(() => 0);
  const length = Math.min(longest, cycleLength(weights));
  for (let i = 0; i < length; i++) {
    let best = 0;
    for (const [index, weight] of weights.entries()) {
      current[index] = (current[index] as number) + weight;
      if ((current[index] as number) > (current[best] as number)) best = index;
    }
    current[best] = (current[best] as number) - total;
    cycle.push(best);
  }
  return cycle;
}

/**
 * The class of each user in turn where some classes have a fixed number of users: these come first, spread among each
 * other, and the rest by weight. Where no class has a weight, users beyond the fixed ones begin their sequence again.
 */
export function userSequence(classes: readonly { weight: number; fixedCount?: number }[]): UserSequence {
  const fixed = [...classes.keys()].filter((index) => classes[index]?.fixedCount !== undefined);
  const others = [...classes.keys()].filter((index) => !fixed.includes(index));
  const counts = fixed.map((index) => classes[index]?.fixedCount ?? 0);
  const first = counts.reduce((sum, count) => sum + count, 0);
  // Its cycle is not cut: each of these classes has exactly its users.
  const ofFixed = classCycle(counts, first);
  const ofOthers = others.length === 0 ? ofFixed : classCycle(others.map((index) => classes[index]?.weight ?? 1));
  const cycle = others.length === 0 ? ofFixed.map((i) => fixed[i] as number) : ofOthers.map((i) => others[i] as number);
  const beginning =
    others.length === 0
      ? []
      : Array.from({ length: first }, (_, n) => fixed[ofFixed[n % ofFixed.length] as number] as number);
  return {
    beginning,
    cycle,
    classOf: (n) => (n < beginning.length ? beginning[n] : cycle[(n - beginning.length) % cycle.length]) as number,
  };
}

/** The class of each user in turn: those of the beginning, then those of the cycle again and again. */
export interface UserSequence {
  beginning: readonly number[];
  cycle: readonly number[];
  classOf(n: number): number;
}

/** How many of the first n users are of certain classes. */
export function countOf({ beginning, cycle }: UserSequence, has: (index: number) => boolean): (n: number) => number {
  const sums = (classes: readonly number[]) => {
    const before = [0];
    for (const [i, index] of classes.entries()) before.push((before[i] as number) + (has(index) ? 1 : 0));
    return before;
  };
  const first = sums(beginning);
  const round = sums(cycle);
  return (n) => {
    if (n <= beginning.length) return first[n] as number;
    const later = n - beginning.length;
    const rounds = Math.floor(later / cycle.length);
    return (first.at(-1) as number) + rounds * (round.at(-1) as number) + (round[later % cycle.length] as number);
  };
}

/** The sequence repeats after the sum of the weights in lowest terms. */
function cycleLength(weights: readonly number[]): number {
  const scale = weights.every(Number.isInteger) ? 1 : 1000;
  const whole = weights.map((weight) => Math.max(1, Math.round(weight * scale)));
  const divisor = whole.reduce(gcd, 0);
  return whole.reduce((sum, weight) => sum + weight, 0) / divisor;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/**
 * The most workers a run has, whatever its plan. By default one core is left to the main thread: a scrape or a report then
 * delays no request. -1 asks for one a core.
 */
export function mostWorkers(processes: number | undefined): number {
  const cores = availableParallelism();
  return Math.max(1, processes === -1 ? cores : (processes ?? cores - 1));
}

/** No more than there are users: a worker without any would have nobody for its arrivals. */
export function workersFor({ loads, search }: Plan, processes: number | undefined): number {
  if (loads.length === 0) return 0;
  const users = search?.kind === "users" ? [search.upTo] : loads.map(({ load }) => usersOf(load));
  return Math.max(1, Math.min(mostWorkers(processes), ...users));
}

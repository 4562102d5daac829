import type { Load, Stage } from "../scenario/plan.ts";

/** A user of the whole load begins or ends, at a time in milliseconds from the load's start. */
export interface UserChange {
  at: number;
  user: number;
  active: boolean;
}

/**
 * The wanted number of users as a function of time is piecewise linear; user n (from 0) is active while it exceeds n. So
 * with `users: 100, over: 10s` user n begins at n × 100 ms, the first at once; on the way down the last come go first.
 * Pure arithmetic: in the order of time, lazily.
 */
export function* userChanges(stages: readonly Stage[]): Generator<UserChange, undefined> {
  let from = 0;
  let start = 0;
  for (const { users, overMs, forMs } of stages) {
    const step = users === from ? 0 : overMs / Math.abs(users - from);
    for (let user = from; user < users; user++) yield { at: start + (user - from) * step, user, active: true };
    for (let user = from - 1; user >= users; user--) yield { at: start + (from - user) * step, user, active: false };
    from = users;
    start += overMs + forMs;
  }
  return undefined;
}

/** The most users that a load has at once. */
export function usersOf(load: Load): number {
  switch (load.kind) {
    case "users":
      return Math.max(0, ...load.stages.map(({ users }) => users));
    case "arrivals":
      return load.maxUsers;
    case "iterations":
      return load.users;
  }
}

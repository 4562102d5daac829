import type { Stage } from "../scenario/plan.ts";

/** A user of the whole load begins or ends, at a time in the run's milliseconds. */
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
export function* userChanges(stages: readonly Stage[]): Generator<UserChange> {
  let from = 0;
  let start = 0;
  for (const { users, overMs, forMs } of stages) {
    const step = users === from ? 0 : overMs / Math.abs(users - from);
    for (let user = from; user < users; user++) yield { at: start + (user - from) * step, user, active: true };
    for (let user = from - 1; user >= users; user--) yield { at: start + (from - user) * step, user, active: false };
    from = users;
    start += overMs + forMs;
  }
}

/** How many users a load wants at a time. */
export function usersAt(stages: readonly Stage[], time: number): number {
  let from = 0;
  let start = 0;
  for (const { users, overMs, forMs } of stages) {
    if (time < start + overMs) return from + ((users - from) * (time - start)) / overMs;
    if (time < start + overMs + forMs) return users;
    from = users;
    start += overMs + forMs;
  }
  return 0;
}

export function maxUsers(stages: readonly Stage[]): number {
  return Math.max(0, ...stages.map(({ users }) => users));
}

/** When the load ends, in the run's milliseconds. */
export function endOf(stages: readonly Stage[]): number {
  return stages.reduce((sum, { overMs, forMs }) => sum + overMs + forMs, 0);
}

/** When each stage begins, in the run's milliseconds. */
export function stageStarts(stages: readonly Stage[]): number[] {
  let start = 0;
  return stages.map(({ overMs, forMs }) => {
    const at = start;
    start += overMs + forMs;
    return at;
  });
}

import { UNTIL_STOPPED_MS } from "../scenario/plan.ts";
import type { Shape } from "../scenario/shape.ts";
import type { K6Flags } from "./k6-flags.ts";
import type { RunFlags } from "./run.ts";

type LoadFlags = K6Flags & Pick<RunFlags, "users" | "spawnRate" | "duration">;

/**
 * The load that k6's flags ask for, in place of a profile's; undefined where they ask for none. As in k6, whose shortcuts are
 * these executors: `--stage` ramping-vus, `--iterations` or `--vus` alone shared-iterations, `--vus` with `--duration`
 * constant-vus. Source: k6's lib/executor/execution_config_shortcuts.go.
 */
export function k6Load({ vus, iterations, stage, ...more }: LoadFlags): Shape | { problem: string } | undefined {
  if (vus === undefined && iterations === undefined && stage === undefined) return undefined;
  for (const [flag, value] of [
    ["--users", more.users],
    ["--spawn-rate", more.spawnRate],
  ] as const) {
    if (value !== undefined) {
      return { problem: `${flag} changes a profile's users: give it without --vus, --iterations and --stage.` };
    }
  }
  if (stage !== undefined) {
    const beside = iterations !== undefined ? "--iterations" : more.duration !== undefined ? "--duration" : undefined;
    if (beside !== undefined) return { problem: `${beside} does not go with --stage: the stages say how long.` };
    const first = { users: vus ?? 1, overMs: 0, forMs: 0 };
    return { kind: "stages", stages: [first, ...stage] };
  }
  const users = vus ?? 1;
  if (iterations !== undefined || more.duration === undefined) {
    const all = iterations ?? users;
    if (all < users)
      return { problem: `--iterations ${all} is fewer than --vus ${users}: each user takes one at least.` };
    return { kind: "iterations", users, iterations: all, per: "run" };
  }
  return { kind: "stages", stages: [{ users, overMs: 0, forMs: UNTIL_STOPPED_MS }] };
}

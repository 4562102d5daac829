import { userSequence } from "../../load/share.ts";
import type { Opened, Prepared } from "../../prepare.ts";
import { endOfLoads, type Plan, type PlannedLoad } from "../../scenario/plan.ts";
import type { Wanted } from "../../ui/control.ts";
import { version } from "../../version.ts";
import { NO_PROFILE } from "../choices.ts";
import type { Io } from "../io.ts";
import { planOf } from "../scenario-file.ts";
import type { LocustSettings } from "./settings.ts";

/** What one start runs: what it asks for itself, then the command line's. Throws a UsageError where that does not fit. */
export function planFor(io: Io, scenario: Opened, settings: LocustSettings, wanted: Wanted): Prepared {
  const { seed, labels, excludeTags, equalWeights, classChanges, stopTimeoutMs, resetStats, allowCommands } = settings;
  const { classes = settings.classes, tags = settings.tags, profile = settings.profile } = wanted;
  const { users = settings.users, spawnRate = settings.spawnRate } = wanted;
  const { host = settings.host, durationMs = settings.runTimeMs, arrivals } = wanted;
  const prepared = planOf(io, scenario, {
    seed,
    version: version(),
    labels,
    classes,
    tags,
    excludeTags,
    equalWeights,
    classChanges,
    allowCommands,
    ...(profile === undefined || profile === NO_PROFILE ? {} : { profile }),
    ...(host === undefined ? {} : { host }),
    ...(users === undefined ? {} : { users }),
    ...(spawnRate === undefined ? {} : { spawnRate }),
    ...(arrivals === undefined ? {} : { arrivals }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(stopTimeoutMs === undefined ? {} : { stopTimeoutMs }),
  });
  const resetAtMs = resetStats ? spawnedAt(prepared.plan) : undefined;
  if (resetAtMs === undefined) return prepared;
  // Thresholds count as the figures do.
  return { ...prepared, plan: { ...prepared.plan, warmUpMs: Math.max(prepared.plan.warmUpMs, resetAtMs) } };
}

/** When all users of the first stages are there; undefined where the run is over by then. */
export function spawnedAt({ loads }: Plan): number | undefined {
  const ramps = loads.map(({ load, startMs }) => {
    if (load.kind !== "users") return startMs;
    // A ramp that an end cuts is made of several.
    const held = load.stages.findIndex(({ forMs }) => forMs > 0);
    const ramp = held < 0 ? load.stages : load.stages.slice(0, held + 1);
    return ramp.reduce((at, { overMs }) => at + overMs, startMs);
  });
  const at = Math.max(0, ...ramps);
  return at < endOfLoads(loads) ? at : undefined;
}

/** How many of a load's first n users are of each class, in the order of the scenario. */
export function classCounts({ classes }: PlannedLoad, n: number): Record<string, number> {
  const { classOf } = userSequence(classes);
  const counts = classes.map(() => 0);
  for (let user = 0; user < n; user++) counts[classOf(user)] = (counts[classOf(user)] ?? 0) + 1;
  return Object.fromEntries(classes.map(({ name }, i) => [name, counts[i] ?? 0]));
}

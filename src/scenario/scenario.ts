import type { Threshold } from "../verdict/threshold.ts";
import type { Host } from "./address.ts";
import type { TracePlan } from "./plan.ts";
import type { ScenarioClass } from "./user-class.ts";
import type { ScenarioSource } from "./watch.ts";

/** What was written, understood: everything of a file but what a run decides. It holds no secret, only their names. */
export interface Scenario {
  name: string;
  host?: Host;
  classes: ScenarioClass[];
  profiles: Profile[];
  thresholds: Threshold[];
  sources: ScenarioSource[];
  traces?: TracePlan;
  labels: Record<string, string>;
}

export interface Profile {
  name: string;
  users: number;
  /** Users a second. */
  spawnRate?: number;
  /** The whole, spawning included. Without it the load goes on until it is stopped. */
  durationMs?: number;
  /** In place of the scenario's with the same subject, and beside the others. */
  thresholds: Threshold[];
}

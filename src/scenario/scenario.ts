import type { CustomMetric } from "../metrics/custom.ts";
import type { Threshold } from "../verdict/threshold.ts";
import type { Host } from "./address.ts";
import type { ScenarioFeed } from "./feed.ts";
import type { HttpPlan, TracePlan } from "./plan.ts";
import type { Profile } from "./profile.ts";
import type { ScenarioStep } from "./steps.ts";
import type { ScenarioClass } from "./user-class.ts";
import type { ScenarioSource } from "./watch.ts";

/** What was written, understood: everything of a file but what a run decides. It holds no secret, only their names. */
export interface Scenario {
  name: string;
  host?: Host;
  feeds: ScenarioFeed[];
  classes: ScenarioClass[];
  setup: ScenarioStep[];
  teardown: ScenarioStep[];
  profiles: Profile[];
  /** Its own, which its code records. */
  metrics: CustomMetric[];
  thresholds: Threshold[];
  sources: ScenarioSource[];
  traces?: TracePlan;
  http: HttpPlan;
  labels: Record<string, string>;
}

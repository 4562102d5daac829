import type { Scenario } from "../scenario/scenario.ts";
import type { Threshold } from "../verdict/threshold.ts";

/** What rules are made of: a scenario's, or one of its profiles'. */
export interface RuleSubject {
  scenario: string;
  thresholds: readonly Threshold[];
  classes: Scenario["classes"];
  /** Thresholds on what the profile does not drive. */
  notDriven: readonly Threshold[];
}

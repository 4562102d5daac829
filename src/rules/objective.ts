import type { Limit, Threshold } from "../verdict/threshold.ts";
import { type Indicator, indicatorOf } from "./indicator.ts";
import { PlannedRequests } from "./requests.ts";
import type { RuleSubject } from "./subject.ts";

/** How much a limit of a threshold matters: a missed target is a warning, a missed critical limit fails a run. */
export type Level = "target" | "critical";

/** One limit of a threshold. */
export interface Aim {
  threshold: Threshold;
  level: Level;
  limit: Limit;
}

/** A limit that becomes an SLO. */
export interface Objective extends Aim {
  indicator: Indicator;
  /** The scenario, and the SLO's name within it; together they are unique. Lower-case letters, digits and `-`. */
  service: string;
  name: string;
}

/** A limit that becomes no rule, and why. */
export interface LeftOut extends Aim {
  why: string;
}

/** The limits of thresholds, in the order in which they are written. */
export function aimsOf(thresholds: readonly Threshold[], subject: Threshold["subject"]): Aim[] {
  return thresholds
    .filter((threshold) => threshold.subject === subject)
    .flatMap((threshold) =>
      (["target", "critical"] as const).flatMap((level) => {
        const limit = threshold[level];
        return limit === undefined ? [] : [{ threshold, level, limit }];
      }),
    );
}

/** The thresholds of the client that are SLOs, and those that are none. */
export function objectivesOf({ scenario, thresholds, classes }: RuleSubject): {
  objectives: Objective[];
  leftOut: LeftOut[];
} {
  const objectives: Objective[] = [];
  const leftOut: LeftOut[] = [];
  const requests = new PlannedRequests(classes);
  const taken = new Set<string>();
  for (const aim of aimsOf(thresholds, "client")) {
    const read = indicatorOf(aim.threshold, aim.limit, { scenario, requests });
    if (read.kind === "not") {
      leftOut.push({ ...aim, why: read.why });
      continue;
    }
    const plain = nameOf(aim, read.indicator);
    let name = plain;
    for (let i = 2; taken.has(name); i++) name = `${plain}-${i}`;
    taken.add(name);
    objectives.push({ ...aim, indicator: read.indicator, service: serviceOf(scenario), name });
  }
  return { objectives, leftOut };
}

/** Not of the limit: what was recorded goes on under its name when the limit is changed. */
function nameOf({ threshold, level }: Aim, indicator: Indicator): string {
  const both = threshold.target !== undefined && threshold.critical !== undefined;
  const parts = [indicator.name, ...Object.values(threshold.filters), ...(both && level === "target" ? [level] : [])];
  return slug(parts.join("-"));
}

/** A scenario's name in lower-case letters, digits and `-`. */
export function serviceOf(scenario: string): string {
  return slug(scenario) || "scenario";
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 50)
    .replaceAll(/^-|-$/g, "");
}

import { stringify } from "yaml";
import { aimsOf, type LeftOut, type Objective, objectivesOf } from "./objective.ts";
import { missingAlerts, objectiveGroups } from "./objective-rules.ts";
import type { AlertRule, Group } from "./rule.ts";
import type { RuleSubject } from "./subject.ts";
import { targetAlert } from "./target-alert.ts";
import type { Windows } from "./windows.ts";

/** A file, and what of the scenario is not in it, a sentence each. */
export interface Written {
  text: string;
  leftOut: string[];
  /** What is in it, in words: `2 SLOs, 3 alerts`. */
  holds: string;
}

/** Rules for Prometheus, for all thresholds of a scenario that can be rules. `command` is how the file was made. */
export function ruleFile(subject: RuleSubject, windows: Windows, command: string): Written {
  const { objectives, leftOut } = objectivesOf(subject);
  const targets = aimsOf(subject.thresholds, "target").map((aim) => {
    const alert = targetAlert(aim, subject.scenario, windows);
    return "why" in alert ? { kind: "not" as const, ...aim, ...alert } : { kind: "alert" as const, alert };
  });
  const alerts = targets.flatMap((one): AlertRule[] => (one.kind === "alert" ? [one.alert] : []));
  const groups: Group[] = [
    ...objectives.flatMap((objective) => objectiveGroups(objective, windows)),
    ...(alerts.length === 0 ? [] : [{ name: `plimsoll-target-${subject.scenario}`, rules: alerts }]),
  ];
  const missing = objectives.flatMap((objective) => {
    const why = missingAlerts(objective, windows);
    return why === undefined ? [] : [{ ...objective, why }];
  });
  const not = targets.flatMap((one): LeftOut[] => (one.kind === "not" ? [one] : []));
  const said = inWords(subject, [...leftOut, ...not, ...missing]);
  const head = [`Made by ${command}. Change the scenario, then run it again.`, ...leftOutComment(said)];
  const count = groups.flatMap(({ rules }) => rules).filter((rule) => "alert" in rule).length;
  const holds = `${numberOf(objectives.length, "SLO")}, ${numberOf(count, "alert")}`;
  return { text: `${comments(head)}${groupsText(groups)}`, leftOut: said, holds };
}

/** What a format has that knows SLOs and nothing else, and a sentence for each limit that is none. */
export function slosAlone(subject: RuleSubject): { objectives: Objective[]; said: string[] } {
  const { objectives, leftOut } = objectivesOf(subject);
  const why = "it is no SLO: see --format prometheus";
  const ofTarget = aimsOf(subject.thresholds, "target").map((aim) => ({ ...aim, why }));
  return { objectives, said: inWords(subject, [...leftOut, ...ofTarget]) };
}

export function numberOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** A sentence for each limit that is left out; of a threshold with two limits it says which. */
function inWords({ notDriven }: RuleSubject, leftOut: readonly LeftOut[]): string[] {
  const ofLimits = leftOut.map(({ threshold, level, why }) => {
    const both = leftOut.filter((other) => other.threshold === threshold && other.why === why).length === 2;
    const one = !both && threshold.target !== undefined && threshold.critical !== undefined;
    return `${threshold.expression}${one ? ` (${level})` : ""}: ${why}`;
  });
  return [
    ...new Set(ofLimits),
    ...notDriven.map(({ expression }) => `${expression}: the profile drives nothing of it`),
  ];
}

export function leftOutComment(said: readonly string[]): string[] {
  if (said.length === 0) return [];
  return [
    "Not in it; while a run breaks one of its thresholds, PlimsollThresholdBroken of Plimsoll's own rules fires all the same:",
    ...said.map((one) => `- ${one}`),
  ];
}

/** Each on a line of its own, whatever it holds. */
export function comments(lines: readonly string[]): string {
  return lines.map((line) => `# ${line.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ")}\n`).join("");
}

function groupsText(groups: readonly Group[]): string {
  if (groups.length === 0) return "groups: []\n";
  const texts = groups.map(({ comment, ...group }) => {
    const text = stringify([group], { lineWidth: 0, aliasDuplicateObjects: false }).replaceAll(/^(?=.)/gm, "  ");
    return comment === undefined ? text : `\n${comments([comment]).replaceAll(/^(?=.)/gm, "  ")}${text}`;
  });
  return `groups:${texts.join("").startsWith("\n") ? "" : "\n"}${texts.join("")}`;
}

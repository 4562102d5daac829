import { createHash } from "node:crypto";
import { stringify } from "yaml";
import type { Sum } from "./indicator.ts";
import { type Objective, serviceOf } from "./objective.ts";
import { descriptionOf, idOf } from "./objective-rules.ts";
import { comments, leftOutComment, numberOf, slosAlone, type Written } from "./rule-file.ts";
import type { RuleSubject } from "./subject.ts";
import type { Windows } from "./windows.ts";

/** Counters as they are: `counter: true` says that whoever reads them takes the increase. */
const sum: Sum = (selector) => `sum(${selector})`;

/** The SLOs as documents of OpenSLO v1 (github.com/OpenSLO/OpenSLO), one for each, and their service's. */
export function openSloFile(subject: RuleSubject, { days }: Windows, command: string): Written {
  const { objectives, said } = slosAlone(subject);
  const name = serviceOf(subject.scenario);
  const service = {
    apiVersion: "openslo/v1",
    kind: "Service",
    metadata: { name, displayName: subject.scenario },
    spec: { description: `The scenario ${subject.scenario}` },
  };
  const documents = [service, ...objectives.map((objective) => sloOf(objective, days))];
  const head = [`Made by ${command}.`, ...leftOutComment(said)];
  return {
    text: comments(head) + documents.map((one) => stringify(one, { lineWidth: 0 })).join("---\n"),
    leftOut: said,
    holds: numberOf(objectives.length, "SLO"),
  };
}

function sloOf(objective: Objective, days: number) {
  const { indicator, service, threshold, level } = objective;
  const name = dnsLabel(idOf(objective));
  const metric = (query: string) => ({ metricSource: { type: "Prometheus", spec: { query } } });
  return {
    apiVersion: "openslo/v1",
    kind: "SLO",
    metadata: { name, displayName: threshold.expression, labels: { level } },
    spec: {
      description: descriptionOf(objective),
      service,
      indicator: {
        metadata: { name },
        spec: { ratioMetric: { counter: true, good: metric(indicator.good(sum)), total: metric(indicator.all(sum)) } },
      },
      timeWindow: [{ duration: `${days}d`, isRolling: true }],
      budgetingMethod: "Occurrences",
      objectives: [{ displayName: threshold.expression, target: indicator.objective }],
    },
  };
}

/** As short as RFC 1123 has labels, which OpenSLO's names are; a longer one keeps what tells it apart. */
function dnsLabel(name: string): string {
  if (name.length <= 63) return name;
  return `${name.slice(0, 54)}-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}

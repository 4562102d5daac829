import { stringify } from "yaml";
import { rounded, type Sum } from "./indicator.ts";
import { type Objective, serviceOf } from "./objective.ts";
import { descriptionOf, severitiesOf } from "./objective-rules.ts";
import { literal } from "./rule.ts";
import { comments, leftOutComment, numberOf, slosAlone, type Written } from "./rule-file.ts";
import type { RuleSubject } from "./subject.ts";

const sum: Sum = (selector) => `sum by (run_id) (rate(${literal(selector)}[{{.window}}]))`;

/** The SLOs as Sloth's specification `prometheus/v1` (sloth.dev), of which it generates rules for windows of its own. */
export function slothFile(subject: RuleSubject, command: string): Written {
  const { objectives, said } = slosAlone(subject);
  const spec = { version: "prometheus/v1", service: serviceOf(subject.scenario), slos: objectives.map(sloOf) };
  const head = [`Made by ${command}. sloth generate -i FILE makes rules of it.`, ...leftOutComment(said)];
  return {
    text: comments(head) + stringify(spec, { lineWidth: 0 }),
    leftOut: said,
    holds: numberOf(objectives.length, "SLO"),
  };
}

function sloOf(objective: Objective) {
  const { name, threshold, level, indicator } = objective;
  const pages = severitiesOf(objective).includes("page");
  return {
    name,
    objective: rounded(indicator.objective * 100),
    description: descriptionOf(objective),
    labels: { level },
    sli: { events: { error_query: indicator.failed(sum), total_query: indicator.all(sum) } },
    alerting: {
      name: "SLOErrorBudgetBurn",
      labels: { domain: "slo" },
      annotations: { summary: literal(`The error budget of ${threshold.expression} burns too fast`) },
      page_alert: pages ? { labels: { severity: "page" } } : { disable: true },
      ticket_alert: { labels: { severity: "ticket" } },
    },
  };
}

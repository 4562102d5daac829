import { writeFileSync } from "node:fs";
import { argv } from "node:process";
import type { FindingKind } from "../verdict/findings/finding.ts";
import { SUMMARY_VERSION, type Summary } from "./summary.ts";

const number = { type: "number" } as const;
const count = { type: "number", minimum: 0 } as const;
const text = { type: "string" } as const;
const texts = { type: "array", items: text } as const;

/** An object with all of these properties and no others, but for those in `optional`. */
function object(properties: Record<string, object>, optional: Record<string, object> = {}): object {
  return {
    type: "object",
    properties: { ...properties, ...optional },
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

function mapOf(values: object): object {
  return { type: "object", additionalProperties: values };
}

const latency = {
  anyOf: [
    object({ min: count, mean: count, p50: count, p90: count, p95: count, p99: count, p999: count, max: count }),
    { type: "null" },
  ],
  description: "Seconds; null where nothing was measured.",
};

const figures = {
  requests: count,
  failures: count,
  rate: { ...count, description: "A second." },
  latency,
  service: latency,
};

/** The JSON Schema of `Summary`, published with the package. */
export const summarySchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Plimsoll run summary",
  description: "Times in seconds, moments in Unix seconds, rates a second, shares 0 to 1.",
  ...object(
    {
      version: { const: SUMMARY_VERSION },
      run: object(
        { id: text, scenario: text, profile: text, start: number, end: number, labels: mapOf(text) },
        {
          watchOnly: { const: true, description: "There was no load: the target was only watched." },
          search: { const: true, description: "The load was changed by a search for the load line." },
        },
      ),
      verdict: object({
        state: { enum: ["passed", "failed", "stopped", "inconclusive"] satisfies Summary["verdict"]["state"][] },
        exitCode: { type: "integer" },
        breaches: texts,
        reasons: texts,
        warnings: texts,
      }),
      totals: object({ ...figures, iterations: count, dropped: count }),
      requests: {
        type: "array",
        items: object({
          user: text,
          task: text,
          name: text,
          method: text,
          ...figures,
          statuses: mapOf(count),
          errors: {
            type: "array",
            items: object({ type: text, detail: text, count, first: number, last: number }),
          },
        }),
      },
      target: mapOf(
        object({ source: text, min: number, mean: number, max: number, first: number, last: number, gaps: count }),
      ),
      exceptions: {
        type: "array",
        items: object({ user: text, task: text, message: text, traceback: text, count, first: number, last: number }),
      },
      thresholds: {
        type: "array",
        items: object(
          {
            expression: text,
            level: { enum: ["target", "critical"] },
            limit: object({ operator: { enum: ["<", "<=", ">", ">=", "==", "!="] }, value: number, text }),
            value: { type: ["number", "null"], description: "In the limit's base unit; null without data." },
            state: { enum: ["ok", "broken", "no_data", "few_samples"] },
          },
          { series: text, reason: text, broken: object({ from: count, until: count }), aborted: count },
        ),
      },
      findings: {
        type: "array",
        items: object({
          kind: { enum: ["load-line", "gave-way", "drift", "recovery", "change", "sign"] satisfies FindingKind[] },
          claim: text,
          severity: { enum: ["info", "warning", "critical"] },
          evidence: {
            type: "array",
            items: object({ of: text, figures: mapOf({ type: ["number", "string", "null"] }) }),
          },
        }),
      },
      signs: {
        type: "array",
        items: object({ name: text, state: { enum: ["present", "absent", "unknown"] }, detail: text }),
      },
      generator: object({ cpu: count, lag: count, dropped: count, trusted: { type: "boolean" } }),
    },
    {
      recovery: object({
        seconds: { type: ["number", "null"], description: "Until all that drains was back; null if it was not." },
        watched: count,
        series: mapOf(
          object({
            baseline: number,
            peak: number,
            last: { type: ["number", "null"] },
            seconds: { type: ["number", "null"] },
          }),
        ),
      }),
      evidence: {
        type: "array",
        items: object({
          at: count,
          thresholds: texts,
          level: { enum: ["target", "critical"] },
          shown: { type: "array", items: object({ source: text, title: text, lines: texts }) },
        }),
      },
      loadLine: object(
        { interval: { type: "array", items: number, minItems: 2, maxItems: 2 }, limitedBy: text },
        { users: number, arrivalsPerSecond: number },
      ),
    },
  ),
};

if (import.meta.main) {
  const [, , file] = argv;
  if (file === undefined) throw new Error("usage: node summary-schema.ts OUTFILE");
  writeFileSync(file, `${JSON.stringify(summarySchema, undefined, 2)}\n`);
}

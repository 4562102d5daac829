import { collectDefaultMetrics, Registry } from "prom-client";
import { boundText, labelText, numberText } from "./prometheus-labels.ts";
import type { Block } from "./prometheus-registry.ts";

/** What prom-client's metrics really give: its types say that `type` is a number, and leave out `metricName`. */
interface PromMetric {
  name: string;
  type: string;
  help: string;
  values: { metricName?: string; labels?: Record<string, string | number>; value: number }[];
}

const registry = new Registry();
collectDefaultMetrics({ register: registry });
// Gauges by the name of counters; their sums are in the gauges without `_total`.
for (const kind of ["handles", "requests", "resources"]) registry.removeSingleMetric(`nodejs_active_${kind}_total`);

/** prom-client's `process_*` and `nodejs_*` as they are now. */
export function processBlocks(): Promise<Block[]> {
  return Promise.all(registry.getMetricsAsArray().map((metric) => processBlock(metric)));
}

async function processBlock(metric: unknown): Promise<Block> {
  const { name, type, help, values } = await (metric as { get(): Promise<PromMetric> }).get();
  let lines = "";
  for (const { metricName = name, labels = {}, value } of values) {
    const texts = Object.entries(labels).map(([label, one]) => [
      label,
      // prom-client's word for the last bucket is not JavaScript's.
      label === "le" ? boundText(one === "+Inf" ? Number.POSITIVE_INFINITY : Number(one)) : String(one),
    ]);
    const inner = labelText(Object.fromEntries(texts));
    lines += `${metricName}${inner === "" ? "" : `{${inner}}`} ${numberText(value)}\n`;
  }
  return { name, type, help, lines };
}

import type { Row } from "./board.ts";
import { chart, levels } from "./chart.ts";
import { connections, errors } from "./client-charts.ts";
import { client, limit } from "./colours.ts";
import { left } from "./grid.ts";
import { requestRate } from "./measures.ts";
import { earlier } from "./promql.ts";
import { ago } from "./soak-variable.ts";
import { shown } from "./variables.ts";

const run = ["run_id"];
const p95 = shown.quantile(0.95, "plimsoll_response_time_seconds");
const rate = requestRate(shown, run);

/** The left column: whether the same load still gets the same answers. */
export function soakLoad(y: number): Row["panels"] {
  const errorLimits = { threshold: { matches: "ratio *\\( *errors[^a-z0-9_].*" } };
  const value = shown.metric("plimsoll_threshold_value", errorLimits);
  return [
    chart({
      title: "p95, now and before",
      description:
        "95th percentile of the response time, and what it was the chosen time before. Under the same load the lines should lie on one another.",
      at: left(y),
      unit: "s",
      lines: [
        { expr: p95, legend: "p95", colour: client.main, look: "strong", exemplars: true },
        { expr: earlier(p95, ago), legend: "p95 $ago before", colour: client.light, look: "dashed" },
      ],
      limits: [{ functions: levels, metrics: "latency|service" }],
    }),
    chart({
      title: "Throughput, now and before",
      description: "Requests a second. Only where both lines agree can the response times be compared.",
      at: left(y + 8),
      unit: "reqps",
      lines: [
        { expr: rate, legend: "requests", colour: client.main, look: "strong" },
        { expr: earlier(rate, ago), legend: "requests $ago before", colour: client.light, look: "dashed" },
      ],
    }),
    errors(left(y + 16)),
    chart({
      title: "Error budget used",
      description:
        "Share of errors since the run's start against each limit of the plan on `ratio(errors)`: at 100 % the limit is broken. Empty where the plan has none.",
      at: left(y + 24),
      unit: "percentunit",
      atLeast: 1,
      lines: [
        {
          expr: `max by (threshold, level) (${value} / ${shown.metric("plimsoll_threshold_limit", errorLimits)})`,
          legend: "{{level}}: {{threshold}}",
          colour: limit.critical,
          several: true,
        },
      ],
    }),
    connections(left(y + 32)),
    chart({
      title: "Generator's memory",
      description: "Resident memory of the generator's process: one that grows with the run would be its own leak.",
      at: left(y + 40),
      unit: "bytes",
      lines: [
        {
          expr: shown.process("process_resident_memory_bytes"),
          legend: "resident",
          colour: client.main,
          look: "strong",
        },
      ],
    }),
  ];
}

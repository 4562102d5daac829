import type { Row } from "./board.ts";
import { chart } from "./chart.ts";
import { network } from "./client-charts.ts";
import { client } from "./colours.ts";
import { third } from "./grid.ts";
import { shown } from "./variables.ts";

/** Can the generator be trusted? What it sends, how late it is, what it has left. */
export function generatorCharts(y: number): Row["panels"] {
  const busy = shown.metric("plimsoll_eventloop_utilization_ratio");
  const byWorker = shown.quantile(0.99, "plimsoll_eventloop_delay_seconds", ["run_id", "worker"]);
  return [
    chart({
      title: "Event loops",
      description: "Share of the time that each worker's event loop is busy. Above 0.9 the generator measures itself.",
      at: third(0, y),
      unit: "percentunit",
      atLeast: 1,
      lines: [{ expr: `max by (worker) (${busy})`, legend: "worker {{worker}}", colour: client.main, several: true }],
    }),
    chart({
      title: "Lateness",
      description:
        "p99 of how late users and iterations started, and how late each worker's event loop ran a timer; iterations that were not started at all (right axis).",
      at: third(1, y),
      unit: "s",
      lines: [
        {
          expr: shown.quantile(0.99, "plimsoll_schedule_delay_seconds"),
          legend: "starts",
          colour: client.alarm,
          look: "strong",
        },
        {
          expr: `sum by (run_id) (${shown.rate("plimsoll_dropped_iterations_total")})`,
          legend: "not started",
          colour: client.strain,
          look: "bars",
          right: "ops",
        },
        { expr: byWorker, legend: "worker {{worker}}", colour: client.main, several: true },
      ],
    }),
    chart({
      title: "CPU and workers",
      description: "Cores that the generator's process uses, against the workers that are up: a worker is one thread.",
      at: third(2, y),
      unit: "short",
      lines: [
        {
          expr: shown.process("process_cpu_seconds_total", "rate"),
          legend: "cores",
          colour: client.main,
          look: "strong",
        },
        {
          expr: `sum by (run_id) (${shown.metric("plimsoll_worker_up")})`,
          legend: "workers up",
          colour: client.light,
          look: "dashed",
        },
      ],
    }),
    chart({
      title: "Memory",
      description: "Resident memory of the generator's process.",
      at: third(0, y + 8),
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
    network(third(1, y + 8)),
    chart({
      title: "Spans",
      description:
        "Spans a second by what became of them. Dropped ones are missing in the trace store, not in the figures.",
      at: third(2, y + 8),
      unit: "ops",
      lines: [
        {
          expr: `sum by (result) (${shown.rate("plimsoll_spans_total")})`,
          legend: "{{result}}",
          colour: client.main,
          several: true,
          look: "stacked",
        },
      ],
    }),
  ];
}

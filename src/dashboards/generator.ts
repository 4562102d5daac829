import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { board, type Row } from "./board.ts";
import { chart } from "./chart.ts";
import { wantedAndDone } from "./client-charts.ts";
import { client } from "./colours.ts";
import { generatorCharts } from "./generator-charts.ts";
import { third } from "./grid.ts";
import { runFigures } from "./run-figures.ts";
import { shown } from "./variables.ts";

/** What each worker bears, and how evenly. */
function byWorker(y: number): Row["panels"] {
  return [
    wantedAndDone(third(0, y)),
    chart({
      title: "CPU by worker",
      description: "Share of a core that each worker's thread uses. One at 1 is the limit, whatever the others do.",
      at: third(1, y),
      unit: "percentunit",
      atLeast: 1,
      lines: [
        {
          expr: `sum by (worker) (${shown.rate("plimsoll_worker_cpu_seconds_total")})`,
          legend: "worker {{worker}}",
          colour: client.main,
          several: true,
        },
      ],
    }),
    chart({
      title: "Connections by worker",
      description: "Connections to the target that each worker holds.",
      at: third(2, y),
      unit: "short",
      lines: [
        {
          expr: `max by (worker) (${shown.metric("plimsoll_worker_connections_open")})`,
          legend: "worker {{worker}}",
          colour: client.main,
          several: true,
        },
      ],
    }),
  ];
}

/** What the process needs beside the load itself. */
function process(y: number): Row["panels"] {
  return [
    chart({
      title: "Heap and garbage collection",
      description:
        "Heap of the main thread, and the share of time that it collects garbage (right axis). Workers' own heaps are part of the resident memory.",
      at: third(0, y),
      unit: "bytes",
      lines: [
        {
          expr: shown.process("nodejs_heap_size_used_bytes"),
          legend: "heap in use",
          colour: client.main,
          look: "strong",
        },
        {
          expr: shown.process("nodejs_gc_duration_seconds_sum", "rate"),
          legend: "collecting",
          colour: client.alarm,
          right: "percentunit",
        },
      ],
    }),
    chart({
      title: "Open files",
      description: "File descriptors of the process, connections included, against what it may have.",
      at: third(1, y),
      unit: "short",
      lines: [
        { expr: shown.process("process_open_fds"), legend: "open", colour: client.main, look: "strong" },
        { expr: shown.process("process_max_fds"), legend: "at most", colour: client.light, look: "dashed" },
      ],
    }),
    chart({
      title: "Scrapes",
      description: "How long Prometheus takes to read the run's /metrics.",
      at: third(2, y),
      unit: "s",
      lines: [
        {
          expr: shown.process("scrape_duration_seconds"),
          legend: "scrape",
          colour: client.main,
          look: "strong",
        },
      ],
    }),
  ];
}

/** Can the figures be trusted? What the generator has left, and where it falls behind. */
export function generator(): Dashboard {
  return board({
    uid: "plimsoll-generator",
    title: "Generator health",
    description: "Whether the generator keeps up with its own plan: a generator at its limit measures itself.",
    panels: [...runFigures(), ...generatorCharts(4), ...byWorker(20), ...process(28)],
    rows: [],
  });
}

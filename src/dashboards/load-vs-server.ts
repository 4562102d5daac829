import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { board, type Row } from "./board.ts";
import { clientCharts } from "./client-charts.ts";
import { client, server } from "./colours.ts";
import { generatorCharts } from "./generator-charts.ts";
import { third } from "./grid.ts";
import { requestRate } from "./measures.ts";
import { requestsTable } from "./requests-table.ts";
import { runFigures } from "./run-figures.ts";
import { type Axis, scatter } from "./scatter.ts";
import { serverCharts, sources } from "./server-charts.ts";
import { shown } from "./variables.ts";

const run = ["run_id"];
const p95 = shown.quantile(0.95, "plimsoll_response_time_seconds");
/** Load against its cost, with time left out: where a line bends, something has run out. */
function scatters(y: number): Row["panels"] {
  const throughput: Axis = { expr: requestRate(shown, run), name: "throughput", unit: "reqps" };
  const latency: Axis = { expr: p95, name: "p95 response time", unit: "s" };
  const cpu = `max by (target) (${shown.target("cpu_utilization_ratio")})`;
  // Two sources may tell of the same pool: it is not counted twice.
  const inUse = shown.target("db_pool_connections", { state: "in_use" });
  const pool = `max by (target) (sum by (target, source) (${inUse}))`;
  return [
    scatter({
      title: "Throughput × CPU",
      description:
        "A point a moment. A straight line: each request costs the same. Flat at the top: the CPU is what limits.",
      at: third(0, y),
      x: throughput,
      y: { expr: cpu, name: "CPU", unit: "percentunit" },
      colour: server.main,
    }),
    scatter({
      title: "Throughput × p95",
      description:
        "A point a moment. Where response time rises and throughput does not, the service is past its load line: that is the knee.",
      at: third(1, y),
      x: throughput,
      y: latency,
      colour: client.main,
    }),
    scatter({
      title: "Pool in use × p95",
      description:
        "A point a moment. Response time that shoots up at the pool's maximum says that the pool is what limits.",
      at: third(2, y),
      x: { expr: pool, name: "connections in use", unit: "short" },
      y: latency,
      colour: client.main,
    }),
  ];
}

/** The flagship: what the load does on the left, what the server does at the same moment on the right. */
export function loadVsServer(): Dashboard {
  return board({
    uid: "plimsoll-load-vs-server",
    title: "Load vs server",
    description:
      "What the load does and what the server does, on one time axis: where the service's load line lies, and why.",
    panels: runFigures(),
    rows: [
      {
        title: "Load (left) and server $target (right)",
        y: 4,
        repeat: "target",
        panels: [...clientCharts(5), ...serverCharts(5), sources({ x: 0, y: 45, w: 24, h: 5 }), ...scatters(50)],
      },
      { title: "Requests of the load", y: 58, panels: [requestsTable({ x: 0, y: 59, w: 24, h: 10 })] },
      { title: "Generator health", y: 69, collapsed: true, panels: generatorCharts(70) },
    ],
  });
}

import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { board } from "./board.ts";
import { requestRate } from "./measures.ts";
import { earlier } from "./promql.ts";
import { runFigures } from "./run-figures.ts";
import { soakLoad } from "./soak-load.ts";
import { soakServer } from "./soak-server.ts";
import { ago, agoVariable } from "./soak-variable.ts";
import { requestLink, table } from "./table.ts";
import { targetSeries } from "./target-lines.ts";
import { shown } from "./variables.ts";

/** Each request against itself. */
function drift(y: number) {
  const byRequest = ["run_id", "request"];
  const p95 = shown.quantile(0.95, "plimsoll_response_time_seconds", byRequest);
  const rate = requestRate(shown, byRequest);
  return table({
    title: "Drift by request",
    description:
      "Each request now, and the chosen time before. A p95 that is 1.3 times what it was, at the same rate, is a drift.",
    at: { x: 0, y, w: 12, h: 10 },
    by: "request",
    link: requestLink,
    columns: [
      { expr: p95, legend: "p95", unit: "s" },
      { expr: earlier(p95, ago), legend: "p95 before", unit: "s" },
      { expr: `${p95} / (${earlier(p95, ago)} > 0)`, legend: "times", unit: "none" },
      { expr: rate, legend: "a second", unit: "reqps" },
      { expr: earlier(rate, ago), legend: "a second before", unit: "reqps" },
    ],
  });
}

/** Each component against itself. */
function growth(y: number) {
  const memory = targetSeries("memory_used_bytes");
  return table({
    title: "Growth by component",
    description: "Memory of each component now and the chosen time before, and what it gains an hour at that pace.",
    at: { x: 12, y, w: 12, h: 10 },
    by: "component",
    columns: [
      { expr: memory, legend: "memory", unit: "bytes" },
      { expr: earlier(memory, ago), legend: "memory before", unit: "bytes" },
      {
        expr: `max by (target, source, component) (deriv(${shown.target("memory_used_bytes")}[${ago}])) * 3600`,
        legend: "gains an hour",
        unit: "bytes",
      },
    ],
  });
}

/** For runs of hours: not how it is, but how it changes. */
export function soak(): Dashboard {
  return board({
    uid: "plimsoll-soak",
    title: "Soak",
    description: "What a run of hours changes: response time against before, and what the service gathers and loses.",
    variables: [agoVariable()],
    from: "now-6h",
    panels: [...runFigures(), drift(4), growth(4), ...soakLoad(14), ...soakServer(14)],
    rows: [],
  });
}

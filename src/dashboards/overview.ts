import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { board } from "./board.ts";
import { errors, responseTime, responseTimes, thresholds, wantedAndDone } from "./client-charts.ts";
import { third } from "./grid.ts";
import { requestsTable } from "./requests-table.ts";
import { runFigures } from "./run-figures.ts";

/** The way in: how one run goes, and which of its requests it goes wrong for. */
export function overview(): Dashboard {
  return board({
    uid: "plimsoll-overview",
    title: "Overview",
    description: "How a run goes: what is wanted and done, how fast and with what errors, and for which requests.",
    panels: [
      ...runFigures(),
      wantedAndDone(third(0, 4)),
      responseTime(third(1, 4)),
      errors(third(2, 4)),
      responseTimes({ x: 0, y: 12, w: 12, h: 8 }),
      thresholds({ x: 12, y: 12, w: 12, h: 8 }),
      requestsTable({ x: 0, y: 20, w: 24, h: 10 }),
    ],
    rows: [],
  });
}

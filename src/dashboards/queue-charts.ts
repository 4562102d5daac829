import type { Row } from "./board.ts";
import { chart, levels } from "./chart.ts";
import { server } from "./colours.ts";
import { third } from "./grid.ts";
import { ofSources } from "./target-lines.ts";

/** Queues and their broker: work that the service has put off. */
export function queueCharts(y: number): Row["panels"] {
  const { line } = ofSources("queue");
  return [
    chart({
      title: "Messages",
      description: "Messages that wait, and those that a consumer has and has not yet acknowledged.",
      at: third(0, y),
      unit: "short",
      lines: [
        line("queue_depth", { says: "waiting", look: "strong" }),
        line("queue_unacked", { says: "unacknowledged", colour: server.strong }),
      ],
      limits: [{ functions: levels, metrics: "queue_depth|queue_unacked" }],
    }),
    chart({
      title: "Oldest message",
      description: "How long the message at the head has waited: the queue's own latency.",
      at: third(1, y),
      unit: "s",
      lines: [line("queue_oldest_age_seconds", { look: "strong" })],
      limits: [{ functions: levels, metrics: "queue_oldest_age_seconds" }],
    }),
    chart({
      title: "In and out",
      description:
        "Messages a second that were published, delivered and acknowledged. Where the first stays above the last, the queue grows.",
      at: third(2, y),
      unit: "ops",
      lines: [
        line("queue_published_total", { says: "published", look: "strong" }),
        line("queue_delivered_total", { says: "delivered", colour: server.quiet }),
        line("queue_consumed_total", { says: "acknowledged", colour: server.strong, look: "strong" }),
      ],
    }),
    chart({
      title: "Consumers",
      description: "Consumers of each queue; connections to the broker against what it admits.",
      at: third(0, y + 8),
      unit: "short",
      lines: [
        line("queue_consumers", { says: "consumers", look: "steps" }),
        line("queue_connections", { says: "connections", colour: server.strong }),
        line("queue_connections_max", { says: "connections at most", colour: server.quiet, look: "dashed" }),
      ],
    }),
    chart({
      title: "Delivered again",
      description: "Messages a second that were delivered again, and consumers that were cut off as too slow.",
      at: third(1, y + 8),
      unit: "ops",
      lines: [
        line("queue_redelivered_total", { says: "again", colour: server.strong, look: "strong" }),
        line("queue_slow_consumers_total", { says: "slow consumers", colour: server.quiet, look: "bars" }),
      ],
    }),
    chart({
      title: "Alarms",
      description: "1 while the broker holds publishers back, for memory or disk.",
      at: third(2, y + 8),
      unit: "short",
      atLeast: 1,
      lines: [line("queue_alarm", { colour: server.strong, look: "steps" })],
    }),
  ];
}

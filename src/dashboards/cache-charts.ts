import type { Row } from "./board.ts";
import { chart, levels } from "./chart.ts";
import { server } from "./colours.ts";
import { third } from "./grid.ts";
import { cacheHitRatio } from "./measures.ts";
import { ofSources } from "./target-lines.ts";

/** A cache: what it holds, whether that is what is asked for, and who waits for it. */
export function cacheCharts(y: number): Row["panels"] {
  const { scope, line } = ofSources("cache");
  return [
    chart({
      title: "Memory of the cache",
      description: "Memory that the cache uses against what it may; how much more it holds of the system (right axis).",
      at: third(0, y),
      unit: "bytes",
      lines: [
        line("cache_memory_used_bytes", { look: "strong" }),
        line("cache_memory_limit_bytes", { says: "limit", colour: server.quiet, look: "dashed" }),
        line("cache_memory_fragmentation_ratio", { says: "fragmentation", colour: server.strong, right: "none" }),
      ],
      limits: [{ functions: levels, metrics: "cache_memory_used_bytes" }],
    }),
    chart({
      title: "Clients of the cache",
      description: "Clients connected against what the cache admits, and those that a blocking command holds.",
      at: third(1, y),
      unit: "short",
      lines: [
        line("cache_clients", { look: "strong" }),
        line("cache_clients_max", { says: "max", colour: server.quiet, look: "dashed" }),
        line("cache_blocked_clients", { says: "blocked", colour: server.strong, look: "bars" }),
      ],
    }),
    chart({
      title: "Hit ratio",
      description:
        "Hits against look-ups of the same interval. Where a source counts neither, the ratio that it tells itself.",
      at: third(2, y),
      unit: "percentunit",
      atLeast: 1,
      lines: [
        {
          expr: cacheHitRatio(scope),
          legend: "{{source}} {{cache}}",
          colour: server.main,
          several: true,
          look: "strong",
        },
      ],
      limits: [{ functions: levels, metrics: "cache_hit_ratio" }],
    }),
    chart({
      title: "Commands and look-ups",
      description: "Commands and look-ups a second, and connections that were refused (right axis).",
      at: third(0, y + 8),
      unit: "ops",
      lines: [
        line("cache_commands_total", { says: "commands", look: "strong" }),
        line("cache_lookups_total", { colour: server.strong }),
        line("cache_rejected_connections_total", {
          says: "refused",
          colour: server.quiet,
          look: "bars",
          right: "ops",
        }),
      ],
    }),
    chart({
      title: "Keys lost",
      description:
        "Keys a second that were evicted for want of memory, and that expired. Evictions under load: the cache is too small for what is asked.",
      at: third(1, y + 8),
      unit: "ops",
      lines: [
        line("cache_evictions_total", { says: "evicted", colour: server.strong, look: "strong" }),
        line("cache_expirations_total", { says: "expired" }),
      ],
    }),
    chart({
      title: "Keys and replicas",
      description: "Keys held; replicas connected, and what the one furthest behind has not yet taken (right axes).",
      at: third(2, y + 8),
      unit: "short",
      lines: [
        line("cache_keys", { says: "keys", look: "strong" }),
        line("cache_replicas", { says: "replicas", colour: server.strong, look: "steps", right: "short" }),
        line("cache_replication_lag_bytes", { says: "behind", colour: server.quiet, look: "dashed", right: "bytes" }),
      ],
    }),
  ];
}

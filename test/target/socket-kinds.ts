import { speakPostgres } from "./fake-postgres.ts";
import { speakRedis } from "./fake-redis.ts";
import type { SocketKind } from "./socket-conformance.ts";

const common = { name: "app", everyMs: 1000, timeoutMs: 2000 };

/** Every kind of source that speaks a protocol of its own, and how a healthy target talks. */
export const socketKinds: SocketKind[] = [
  {
    kind: "redis",
    url: (port, password) =>
      password === undefined ? `redis://127.0.0.1:${port}` : ["redis://:", password, `@127.0.0.1:${port}`],
    source: (url) => ({ ...common, kind: "redis", url, queues: [], streams: [] }),
    talk: (socket) => speakRedis(socket, () => "# Clients\r\nconnected_clients:3\r\nused_memory:1000\r\n"),
    gives: { metric: "cache_clients", value: 3 },
  },
  {
    kind: "postgres",
    url: (port, password) =>
      password === undefined
        ? `postgres://u@127.0.0.1:${port}/shop`
        : ["postgres://u:", password, `@127.0.0.1:${port}/shop`],
    source: (url) => ({ ...common, kind: "postgres", url, metrics: [] }),
    talk: (socket) =>
      speakPostgres(socket, () => ({
        columns: ["metric", "db", "label", "value"],
        rows: [["db_locks_waiting", "shop", null, "3"]],
      })),
    gives: { metric: "db_locks_waiting", labels: { db: "shop" }, value: 3 },
  },
];

import { readdirSync } from "node:fs";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Backend } from "./backend.ts";
import type { Connections } from "./connections.ts";
import { providerModel } from "./provider.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { Exchange } from "./requests.ts";

export interface Metrics {
  contentType: string;
  observe(exchange: Exchange): void;
  /** The Prometheus text format. */
  render(): Promise<string>;
}

/** Defaults of prom-client that are gauges with a counter's suffix, which `promtool check metrics` refuses. */
const misnamed = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/** What the service tells Prometheus, under the names that exporters of pools, caches and queues use. */
export function metrics(backend: Backend, rateLimit: RateLimit, connections: Connections): Metrics {
  const { pool, cache, queue, lock, provider } = backend;
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  for (const name of misnamed) register.removeSingleMetric(name);

  const labelNames = ["method", "route", "status"] as const;
  const requests = new Counter({ name: "http_requests_total", help: "Requests that ended.", labelNames, registers });
  const durations = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from the arrival of a request to the end of its response.",
    labelNames,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    registers,
  });

  /** One metric whose values are read when it is scraped; each row is a label set with its value. */
  type Rows = () => [labels: Record<string, string>, value: number][];
  const gauge = (name: string, help: string, labelNames: string[], rows: Rows) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        for (const [labels, value] of rows()) this.set(labels, value);
      },
    });
  // prom-client's counters only count up: one that mirrors a count begins again at each scrape.
  const counter = (name: string, help: string, labelNames: string[], rows: Rows) =>
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [labels, value] of rows()) this.inc(labels, value);
      },
    });

  const ofPool = { pool: "main" };
  gauge("db_pool_connections", "Connections of the pool, by state.", ["pool", "state"], () => [
    [{ ...ofPool, state: "in_use" }, pool.status().checked_out],
    [{ ...ofPool, state: "idle" }, pool.status().checked_in],
  ]);
  gauge("db_pool_connections_max", "Connections the pool may have.", ["pool"], () => [[ofPool, pool.capacity]]);
  gauge("db_pool_overflow", "Connections beyond the pool's size.", ["pool"], () => [[ofPool, pool.status().overflow]]);
  gauge("db_pool_pending_requests", "Queries that wait for a connection.", ["pool"], () => [
    [ofPool, pool.status().waiting],
  ]);
  counter("db_pool_timeouts_total", "Queries that gave up waiting for a connection.", ["pool"], () => [
    [ofPool, pool.status().timeouts],
  ]);
  counter("db_pool_checkouts_total", "Connections given out.", ["pool"], () => [[ofPool, pool.status().checkouts]]);
  counter("db_pool_held_seconds_total", "Time for which connections were held.", ["pool"], () => [
    [ofPool, pool.status().held_seconds],
  ]);

  const ofCache = { cache: "tasks" };
  counter("cache_lookups_total", "Look-ups, by result.", ["cache", "result"], () => [
    [{ ...ofCache, result: "hit" }, cache.stats().hits],
    [{ ...ofCache, result: "miss" }, cache.stats().misses],
  ]);
  counter("cache_evictions_total", "Keys evicted.", ["cache"], () => [[ofCache, cache.stats().evictions]]);
  counter("cache_expirations_total", "Keys expired.", ["cache"], () => [[ofCache, cache.stats().expirations]]);
  gauge("cache_keys", "Keys held.", ["cache"], () => [[ofCache, cache.stats().keys]]);

  const ofQueue = { queue: "jobs" };
  gauge("queue_depth", "Jobs that wait for a worker.", ["queue"], () => [[ofQueue, queue.stats().waiting]]);
  gauge("queue_unacked", "Jobs that a worker has.", ["queue"], () => [[ofQueue, queue.stats().active]]);
  gauge("queue_consumers", "Workers.", ["queue"], () => [[ofQueue, queue.stats().workers]]);
  counter("queue_published_total", "Jobs published.", ["queue"], () => [[ofQueue, queue.stats().published]]);
  counter("queue_consumed_total", "Jobs done.", ["queue"], () => [[ofQueue, queue.stats().completed]]);
  gauge("queue_oldest_age_seconds", "How long the job at the head has waited.", ["queue"], () => [
    [ofQueue, queue.stats().oldest_age_seconds],
  ]);

  const ofLock = { db: "practice" };
  gauge("db_locks", "Locks held.", ["db", "mode"], () => [[{ ...ofLock, mode: "exclusive" }, lock.stats().held]]);
  gauge("db_locks_waiting", "Writes that wait for the lock.", ["db"], () => [[ofLock, lock.stats().waiting]]);

  const ofProvider = { dependency: "ai_provider" };
  gauge("dependency_duration_seconds", "Mean latency of the last 100 calls.", ["dependency"], () => {
    const { meanSeconds } = provider.stats();
    return meanSeconds === undefined ? [] : [[ofProvider, meanSeconds]];
  });
  counter("dependency_requests_total", "Calls, by outcome.", ["dependency", "outcome"], () => [
    [{ ...ofProvider, outcome: "success" }, provider.stats().succeeded],
    [{ ...ofProvider, outcome: "failure" }, provider.stats().failed],
  ]);
  counter("dependency_rate_limited_total", "Calls refused for their rate.", ["dependency"], () => [
    [ofProvider, provider.stats().rateLimited],
  ]);
  gauge("circuit_breaker_open", "1 while the circuit breaker is open.", ["name"], () => [
    [{ name: "ai_provider" }, Number(provider.stats().open)],
  ]);
  counter("llm_tokens_total", "Tokens used.", ["model", "type"], () => [
    [{ model: providerModel, type: "input" }, provider.stats().promptTokens],
    [{ model: providerModel, type: "output" }, provider.stats().completionTokens],
  ]);

  counter("http_requests_rate_limited_total", "Requests refused for their rate.", [], () => [[{}, rateLimit.refused]]);
  gauge("http_connections", "Connections, by state.", ["state"], () => [[{ state: "open" }, connections.stats().open]]);
  counter("network_receive_bytes_total", "Bytes received.", [], () => [[{}, connections.stats().received]]);
  counter("network_transmit_bytes_total", "Bytes sent.", [], () => [[{}, connections.stats().sent]]);
  gauge("threads", "Threads of the process.", [], () => {
    const threads = threadCount();
    return threads === undefined ? [] : [[{}, threads]];
  });

  return {
    contentType: register.contentType,
    observe({ method, route, status, seconds }) {
      requests.inc({ method, route, status });
      durations.observe({ method, route, status }, seconds);
    },
    render: () => register.metrics(),
  };
}

/** Undefined where the system does not tell it as Linux does. */
function threadCount(): number | undefined {
  try {
    return readdirSync("/proc/self/task").length;
  } catch {
    return undefined;
  }
}

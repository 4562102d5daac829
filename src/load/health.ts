import type { Client } from "../client/client.ts";
import type { Aggregator, Counter, Gauge } from "../metrics/aggregator.ts";
import type { Clock, Timer } from "../metrics/clock.ts";
import type { Histogram } from "../metrics/histogram.ts";

const PROBE_MS = 50;
/** Of a shorter interval, such as the one before the last snapshot, utilisation says nothing. */
const LEAST_INTERVAL_MS = 100;

/**
 * What a worker says of itself: how busy its event loop is and how late it runs timers, users, exchanges and connections.
 * `observe` is called before each snapshot.
 */
export class Health {
  readonly #clock: Clock;
  readonly #client: Client;
  readonly #lag: Histogram;
  readonly #utilization: Gauge;
  readonly #inflight: Gauge;
  readonly #open: Gauge;
  readonly #own: Gauge;
  readonly #cpu: Counter;
  readonly #connections: Counter;
  #opened = 0;
  #cpuBefore = process.threadCpuUsage();
  #before = performance.eventLoopUtilization();
  #probe: Timer | undefined;

  constructor(worker: string, clock: Clock, client: Client, aggregator: Aggregator) {
    this.#clock = clock;
    this.#client = client;
    this.#lag = aggregator.histogram("plimsoll_eventloop_delay_seconds", { worker });
    this.#utilization = aggregator.gauge("plimsoll_eventloop_utilization_ratio", { worker });
    this.#inflight = aggregator.gauge("plimsoll_inflight_requests");
    this.#open = aggregator.gauge("plimsoll_connections_open");
    this.#own = aggregator.gauge("plimsoll_worker_connections_open", { worker });
    this.#cpu = aggregator.counter("plimsoll_worker_cpu_seconds_total", { worker });
    this.#connections = aggregator.counter("plimsoll_connections_opened_total");
  }

  start(): void {
    const due = this.#clock.now() + PROBE_MS;
    this.#probe = this.#clock.at(due, () => {
      this.#lag.record((this.#clock.now() - due) / 1000);
      this.start();
    });
  }

  stop(): void {
    this.#probe?.cancel();
  }

  observe(): void {
    const now = performance.eventLoopUtilization();
    const { active, idle, utilization } = performance.eventLoopUtilization(now, this.#before);
    if (active + idle >= LEAST_INTERVAL_MS) {
      this.#utilization.set(utilization);
      this.#before = now;
    }
    this.#inflight.set(this.#client.inflight);
    this.#open.set(this.#client.connectionsOpen);
    this.#own.set(this.#client.connectionsOpen);
    this.#connections.add(this.#client.connectionsOpened - this.#opened);
    this.#opened = this.#client.connectionsOpened;
    const cpu = process.threadCpuUsage();
    this.#cpu.add((cpu.user + cpu.system - this.#cpuBefore.user - this.#cpuBefore.system) / 1e6);
    this.#cpuBefore = cpu;
  }
}

import { bucketsOf } from "../metrics/histogram.ts";
import type { Sink, Tick } from "../runs/sink.ts";
import type { Plan } from "../scenario/plan.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { keyOf, LocustCounter, type LocustEntry, noStats, timesMs } from "./locust-stats.ts";

/** How many ended in each second, by Unix second. */
type PerSecond = Record<number, number>;

/** One entry of Locust's `--json`; times in milliseconds, moments in Unix seconds. */
interface JsonEntry {
  name: string;
  method: string;
  last_request_timestamp: number | null;
  start_time: number;
  num_requests: number;
  num_none_requests: number;
  num_failures: number;
  total_response_time: number;
  max_response_time: number;
  min_response_time: number;
  total_content_length: number;
  response_times: Record<number, number>;
  num_reqs_per_sec: PerSecond;
  num_fail_per_sec: PerSecond;
}

/** Gathers what Locust's `--json` tells. Moments are those of the ticks: to the second. */
export class LocustJson implements Sink {
  readonly name = "JSON";
  readonly #counter: LocustCounter;
  readonly #seconds = new Map<string, { requests: PerSecond; failures: PerSecond; lastAt: number }>();
  #startedAt = 0;
  #stats = noStats;

  /** Figures count from `resetAtMs` on. */
  constructor(resetAtMs?: number) {
    this.#counter = new LocustCounter(resetAtMs);
  }

  start({ startedAt }: Plan): void {
    this.#startedAt = startedAt;
  }

  write({ snapshot }: Tick): void {
    const stats = this.#counter.count(snapshot);
    const reset = stats.since !== this.#stats.since;
    if (reset) this.#seconds.clear();
    const before = new Map((reset ? [] : this.#stats.entries).map((entry) => [keyOf(entry), entry]));
    this.#stats = stats;
    // What is counted by a tick ended in the second before it.
    const second = Math.floor((this.#startedAt + snapshot.at - 1) / 1000);
    for (const entry of this.#stats.entries) {
      const key = keyOf(entry);
      const requests = entry.requests - (before.get(key)?.requests ?? 0);
      const failures = entry.failures - (before.get(key)?.failures ?? 0);
      if (requests === 0) continue;
      const seconds = this.#seconds.get(key) ?? { requests: {}, failures: {}, lastAt: 0 };
      seconds.requests[second] = (seconds.requests[second] ?? 0) + requests;
      if (failures > 0) seconds.failures[second] = (seconds.failures[second] ?? 0) + failures;
      seconds.lastAt = snapshot.at;
      this.#seconds.set(key, seconds);
    }
  }

  async stop(_verdict: Verdict): Promise<void> {
    // It is asked for its text when the run is over.
  }

  text(): string {
    return `${JSON.stringify(
      this.#stats.entries.map((entry) => this.#entry(entry)),
      null,
      4,
    )}\n`;
  }

  #entry(entry: LocustEntry): JsonEntry {
    const seconds = this.#seconds.get(keyOf(entry));
    const { least, most } = timesMs(entry);
    return {
      name: entry.name,
      method: entry.method,
      last_request_timestamp: seconds === undefined ? null : (this.#startedAt + seconds.lastAt) / 1000,
      start_time: (this.#startedAt + this.#stats.since) / 1000,
      num_requests: entry.requests,
      num_none_requests: 0,
      num_failures: entry.failures,
      total_response_time: (entry.times?.sum ?? 0) * 1000,
      max_response_time: most,
      min_response_time: least,
      total_content_length: entry.bytes,
      response_times: responseTimes(entry),
      num_reqs_per_sec: seconds?.requests ?? {},
      num_fail_per_sec: seconds?.failures ?? {},
    };
  }
}

/** Counts by milliseconds, rounded as Locust rounds them: to two digits from 100 ms on. */
function responseTimes({ times }: LocustEntry): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { seconds, count } of times === undefined ? [] : bucketsOf(times)) {
    const ms = seconds * 1000;
    const step = ms < 100 ? 1 : ms < 1_000 ? 10 : ms < 10_000 ? 100 : 1_000;
    const rounded = Math.round(ms / step) * step;
    counts[rounded] = (counts[rounded] ?? 0) + count;
  }
  return counts;
}

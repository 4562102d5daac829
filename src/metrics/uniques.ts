import type { Aggregator, Counter } from "./aggregator.ts";
import { seriesName } from "./observation.ts";
import type { Snapshot } from "./snapshot.ts";
import { hashOf, type ValueHash, ValueSet } from "./value-set.ts";

/** How values that may come once are counted: all that were looked at, and those among them that are not new for sure. */
export type UniqueResult = "checked" | "duplicate" | "unchecked";

/** Values of one check that a worker saw for the first time. */
export interface NewValues {
  /** Name of the request, and where in its responses they stood. */
  request: string;
  path: string;
  /** How many the worker had told before: it may come twice, or not at all. */
  from: number;
  /** High and low half of each, one after the other. */
  hashes: Uint32Array;
}

const METRIC = "plimsoll_unique_values_total";

/** The values of a worker that may come once in the whole run. One that comes twice here fails its request at once. */
export class WorkerUniques {
  readonly #checks = new Map<string, UniqueCheck>();
  readonly #aggregator: Aggregator;

  constructor(aggregator: Aggregator) {
    this.#aggregator = aggregator;
  }

  /** Checks of requests of the same name look at one set of values. */
  check(request: string, path: string): UniqueCheck {
    const key = JSON.stringify([request, path]);
    const check = this.#checks.get(key) ?? new UniqueCheck(request, path, this.#aggregator);
    this.#checks.set(key, check);
    return check;
  }

  /** What is new since the last time, to be compared with what other workers have. */
  drain(): NewValues[] {
    return [...this.#checks.values()].flatMap((check) => check.drain() ?? []);
  }
}

export class UniqueCheck {
  readonly #request: string;
  readonly #path: string;
  readonly #counters: Record<UniqueResult, Counter>;
  readonly #seen = new ValueSet();
  #untold: number[] = [];
  #told = 0;

  constructor(request: string, path: string, aggregator: Aggregator) {
    const counter = (result: UniqueResult) => aggregator.counter(METRIC, { request, result });
    this.#request = request;
    this.#path = path;
    this.#counters = { checked: counter("checked"), duplicate: counter("duplicate"), unchecked: counter("unchecked") };
  }

  /** False for a value that this worker has seen. */
  add(value: unknown): boolean {
    const hash = hashOf(value);
    const result = this.#seen.add(hash);
    this.#counters.checked.add(1);
    if (result === "new") this.#untold.push(hash.high, hash.low);
    else this.#counters[result].add(1);
    return result !== "duplicate";
  }

  drain(): NewValues | undefined {
    if (this.#untold.length === 0) return undefined;
    const values = {
      request: this.#request,
      path: this.#path,
      from: this.#told,
      hashes: new Uint32Array(this.#untold),
    };
    this.#told += values.hashes.length / 2;
    this.#untold = [];
    return values;
  }
}

/** What all workers saw first, compared: a value that two of them have is a duplicate that neither could know of. */
export class RunUniques {
  readonly #sets = new Map<string, ValueSet>();
  /** How many values of each check a worker has told. */
  readonly #told = new Map<string, number>();
  readonly #found = new Map<string, { duplicate: number; unchecked: number }>();

  take(worker: string, { request, path, from, hashes }: NewValues): void {
    const key = JSON.stringify([request, path]);
    const set = this.#sets.get(key) ?? new ValueSet();
    this.#sets.set(key, set);
    const found = this.#found.get(request) ?? { duplicate: 0, unchecked: 0 };
    this.#found.set(request, found);
    const ofWorker = JSON.stringify([worker, key]);
    const told = this.#told.get(ofWorker) ?? 0;
    const to = from + hashes.length / 2;
    // What did not come cannot be compared; what comes again was.
    found.unchecked += Math.max(0, from - told);
    this.#told.set(ofWorker, Math.max(told, to));
    for (let at = Math.max(0, told - from); at < to - from; at++) {
      const hash: ValueHash = { high: hashes[2 * at] as number, low: hashes[2 * at + 1] as number };
      const result = set.add(hash);
      if (result !== "new") found[result]++;
    }
  }

  /** Adds what was found here to the sum of what the workers counted, who took all of it for new. */
  addTo({ counters }: Snapshot): void {
    for (const [request, { duplicate, unchecked }] of this.#found) {
      const add = (result: UniqueResult, n: number) => {
        const name = seriesName(METRIC, { request, result });
        counters[name] = (counters[name] ?? 0) + n;
      };
      add("duplicate", duplicate);
      add("unchecked", unchecked);
    }
  }
}

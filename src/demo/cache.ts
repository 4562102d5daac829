import type { Outcome } from "./pool.ts";

export interface CacheOptions {
  ttlMs: number;
  /** Past it, what was looked up longest ago is evicted. */
  maxKeys: number;
}

export interface CacheStats {
  hits: number;
  misses: number;
  /** Percent (0 to 100) of all look-ups since the start, as such endpoints usually tell it; null before the first. */
  hit_rate: number | null;
  keys: number;
  max_keys: number;
  evictions: number;
  expirations: number;
}

interface Entry<V> {
  value: V;
  expiresAt: number;
}

/**
 * A read-through cache: bounded, least recently used out first, each value good for a fixed time. Look-ups that miss while
 * their key is being loaded wait for that one load, so that k keys cost the database at most k/TTL queries a second
 * however many ask.
 */
export class Cache<V> {
  readonly #options: CacheOptions;
  /** In the order of last use: a hit moves its key to the end. */
  readonly #entries = new Map<string, Entry<V>>();
  readonly #loading = new Map<string, Promise<Outcome<V>>>();
  #hits = 0;
  #misses = 0;
  #evictions = 0;
  #expirations = 0;

  constructor(options: CacheOptions) {
    this.#options = options;
  }

  /** The value kept for `key`, or what `load` gives; a load that timed out is not kept. */
  async through(key: string, load: () => Promise<Outcome<V>>): Promise<Outcome<V>> {
    const entry = this.#find(key);
    if (entry !== undefined) {
      this.#hits++;
      return { kind: "done", value: entry.value };
    }
    this.#misses++;
    const loading = this.#loading.get(key) ?? this.#load(key, load);
    return loading;
  }

  /** Forgets a key whose row has changed. */
  invalidate(key: string): void {
    this.#entries.delete(key);
  }

  stats(): CacheStats {
    const lookups = this.#hits + this.#misses;
    return {
      hits: this.#hits,
      misses: this.#misses,
      hit_rate: lookups === 0 ? null : Math.round((10_000 * this.#hits) / lookups) / 100,
      keys: this.#entries.size,
      max_keys: this.#options.maxKeys,
      evictions: this.#evictions,
      expirations: this.#expirations,
    };
  }

  #find(key: string): Entry<V> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.expiresAt <= performance.now()) {
      this.#expirations++;
      return undefined;
    }
    this.#entries.set(key, entry);
    return entry;
  }

  #load(key: string, load: () => Promise<Outcome<V>>): Promise<Outcome<V>> {
    const loading = load()
      .then((outcome) => {
        if (outcome.kind === "done") this.#keep(key, outcome.value);
        return outcome;
      })
      .finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  #keep(key: string, value: V): void {
    if (this.#options.ttlMs === 0 || this.#options.maxKeys === 0) return;
    this.#entries.set(key, { value, expiresAt: performance.now() + this.#options.ttlMs });
    if (this.#entries.size <= this.#options.maxKeys) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
    this.#evictions++;
  }
}

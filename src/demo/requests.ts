/** One request that this service answered, or would have. */
export interface Exchange {
  method: string;
  /** The route's template, such as `/api/tasks/:id`; `(none)` if nothing matched. */
  route: string;
  /** `aborted` if the client went away before the answer was out. */
  status: string;
  seconds: number;
  /** It looked at the service instead of using it. */
  watching: boolean;
  traceparent?: string | undefined;
}

export interface RequestCounts {
  /** Requests that ended, by whichever side. */
  total: number;
  /** Requests not yet answered: `total + inFlight` have arrived. */
  inFlight: number;
  /** By `METHOD /template`. */
  byRoute: Record<string, number>;
  byStatus: Record<string, number>;
}

const maxTraceparents = 10_000;

/** Whether a request looks at the service instead of using it. */
export function isWatching(path: string): boolean {
  return path === "/metrics" || path.startsWith("/api/admin/");
}

/**
 * What this service was asked, told from its own side, so that whoever counted the load can be checked against it.
 * The requests that watch the service are kept apart.
 */
export class RequestLog {
  readonly #counts = new Map<string, { exchange: Exchange; count: number }>();
  readonly #traceparents: string[] = [];
  #inFlight = 0;

  started(watching: boolean): void {
    if (!watching) this.#inFlight++;
  }

  ended(exchange: Exchange): void {
    const key = `${exchange.watching} ${exchange.method} ${exchange.route} ${exchange.status}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { exchange, count: 1 });
    else known.count++;
    if (exchange.watching) return;
    this.#inFlight--;
    if (exchange.traceparent === undefined) return;
    this.#traceparents.push(exchange.traceparent);
    if (this.#traceparents.length > maxTraceparents) this.#traceparents.shift();
  }

  /** Of the load alone, or with the requests that watch. */
  counts(withWatching = false): RequestCounts {
    const counts: RequestCounts = { total: 0, inFlight: this.#inFlight, byRoute: {}, byStatus: {} };
    for (const { exchange, count } of this.#counts.values()) {
      const { method, route, status, watching } = exchange;
      if (watching && !withWatching) continue;
      counts.total += count;
      counts.byRoute[`${method} ${route}`] = (counts.byRoute[`${method} ${route}`] ?? 0) + count;
      counts.byStatus[status] = (counts.byStatus[status] ?? 0) + count;
    }
    return counts;
  }

  /** The last `n` of the load's W3C `traceparent` headers, oldest first; 10,000 are kept. */
  traceparents(n: number): string[] {
    return n === 0 ? [] : this.#traceparents.slice(-n);
  }
}

import { EXHIBIT_LINES, type Exhibit } from "../metrics/exhibit.ts";
import type { Span } from "../metrics/span.ts";

/** Requests that ended longer ago say nothing of a limit that breaks now. */
const WINDOW_MS = 15_000;
const KEPT = 20;

/** The slowest of the requests that were traced in the last seconds, with their traces' ids. */
export class Slowest {
  #spans: Span[] = [];

  add(spans: readonly Span[]): void {
    if (spans.length === 0) return;
    const newest = Math.max(...spans.map(({ endedAt }) => endedAt));
    this.#spans = [...this.#spans, ...spans]
      .filter(({ endedAt }) => endedAt > newest - WINDOW_MS)
      .toSorted((a, b) => took(b) - took(a))
      .slice(0, KEPT);
  }

  exhibits(at: number): Exhibit[] {
    const recent = this.#spans.filter(({ endedAt }) => endedAt > at - WINDOW_MS).slice(0, EXHIBIT_LINES);
    const lines = recent.map((span) => {
      const { request, method, status, errorType, traceId } = span;
      const outcome = errorType ?? String(status ?? "");
      return `${(took(span) / 1000).toFixed(3)} s  ${method} ${request}  ${outcome}  trace ${traceId}`;
    });
    return lines.length === 0 ? [] : [{ source: "load", title: "slowest traced requests", at, lines }];
  }
}

function took({ startedAt, endedAt }: Span): number {
  return endedAt - startedAt;
}

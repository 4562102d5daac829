import { keyText, requestCount, type SeriesKey, type Snapshot } from "../metrics/snapshot.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { seriesSince } from "./reset.ts";
import { type Summary, type SummaryInput, type SummaryRequest, summariseFigures, summariseVerdict } from "./summary.ts";
import { type WorkerView, workersOf } from "./view.ts";

/**
 * How a run stands: the summary's figures up to now, with what only matters while it goes on. A run that has ended stands
 * at its end.
 */
export interface Standing extends Omit<Summary, "version" | "run" | "requests" | "verdict"> {
  /** Null while the run goes on. */
  verdict: Summary["verdict"] | null;
  requests: StandingRequest[];
  workers: WorkerView[];
}

export interface StandingRequest extends SummaryRequest {
  /** Mean size of a response's body. */
  meanBytes: number;
  /** Requests and failures a second over the last ten seconds; 0 after the end. */
  current: Rates;
}

interface Rates {
  rate: number;
  failures: number;
}

/** As Locust's current RPS: of the last ten seconds. */
const WINDOW_MS = 10_000;

type Counts = Map<string, { requests: number; failures: number }>;

/** Requests and failures a second of each series, over the last ten seconds of what was added. */
export class RecentRates {
  #marks: { at: number; counts: Counts }[] = [];

  add({ at, series }: Snapshot): void {
    const counts: Counts = new Map(
      series.map((one) => [keyText(one.key), { requests: requestCount(one), failures: one.failure.response.count }]),
    );
    const first = this.#marks.findLastIndex((mark) => mark.at <= at - WINDOW_MS);
    this.#marks = [...this.#marks.slice(Math.max(0, first)), { at, counts }];
  }

  of(key: SeriesKey): Rates {
    const name = keyText(key);
    const last = this.#marks.at(-1);
    const first = this.#marks.length > 1 ? this.#marks[0] : undefined;
    const now = last?.counts.get(name);
    const seconds = ((last?.at ?? 0) - (first?.at ?? 0)) / 1000;
    if (now === undefined || seconds <= 0) return { rate: 0, failures: 0 };
    const before = first?.counts.get(name) ?? { requests: 0, failures: 0 };
    return {
      rate: (now.requests - before.requests) / seconds,
      failures: (now.failures - before.failures) / seconds,
    };
  }
}

export interface StandingInput extends Omit<SummaryInput, "verdict" | "plan"> {
  verdict?: Verdict | undefined;
  /** Absent for a run that is over. */
  recent?: RecentRates;
  /** Figures of requests count from here on. */
  since?: Snapshot | undefined;
}

export function standingOf({ verdict, recent, since, ...input }: StandingInput): Standing {
  const figures = summariseFigures(input);
  const counted = since === undefined ? input : from(input, since);
  const { requests, totals } = since === undefined ? figures : summariseFigures(counted);
  const { series } = counted.snapshot;
  return {
    ...figures,
    totals: { ...figures.totals, ...totals, iterations: figures.totals.iterations, dropped: figures.totals.dropped },
    verdict: verdict === undefined ? null : summariseVerdict(verdict),
    requests: requests.map((request, at): StandingRequest => {
      const one = series[at];
      const over = verdict !== undefined || recent === undefined || one === undefined;
      return {
        ...request,
        meanBytes: request.requests === 0 ? 0 : (one?.bytesIn ?? 0) / request.requests,
        current: over ? { rate: 0, failures: 0 } : recent.of(one.key),
      };
    }),
    workers: workersOf(input.snapshot.gauges),
  };
}

/** As if the run had begun at `since`: what was counted up to then is taken away. */
function from(input: Omit<StandingInput, "verdict">, since: Snapshot): typeof input {
  const snapshot = { ...input.snapshot, series: seriesSince(input.snapshot, since) };
  return { ...input, snapshot, endedAt: (input.endedAt ?? input.snapshot.at) - since.at };
}

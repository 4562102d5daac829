import type { RunSeries } from "../run-series.ts";
import type { ThresholdState } from "../verdict.ts";
import type { Analysis } from "./analysis.ts";
import { gaveWay } from "./gave-way.ts";

/** What led to a break shows for some time after it: it is looked for again so often. */
const EVERY_MS = 10_000;

/**
 * What gave way, while the run goes on: whoever looks on is told when a limit breaks, not when all is over. The rest of the
 * analysis needs the whole run.
 */
export class FindingsSoFar {
  readonly #series: RunSeries;
  #latest: { broken: number; at: number; analysis: Analysis } | undefined;

  constructor(series: RunSeries) {
    this.#series = series;
  }

  /** `at`: the run's milliseconds. */
  of(states: readonly ThresholdState[], at: number): Analysis | undefined {
    const broken = states.filter(({ state }) => state === "broken").length;
    const latest = this.#latest;
    if (latest?.broken === broken && at - latest.at < EVERY_MS) return latest.analysis;
    const findings = broken === 0 || this.#series.moments.length === 0 ? [] : gaveWay(this.#series, states);
    const analysis: Analysis = { findings, signs: [] };
    this.#latest = { broken, at, analysis };
    return analysis;
  }
}

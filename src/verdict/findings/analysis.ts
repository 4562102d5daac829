import type { RunSeries } from "../run-series.ts";
import type { ThresholdState } from "../verdict.ts";
import { changes } from "./change.ts";
import { drifts } from "./drift.ts";
import type { Finding, LoadLine, SignSeen } from "./finding.ts";
import { gaveWay } from "./gave-way.ts";
import { loadLine } from "./load-line.ts";
import { recoveries } from "./recovery.ts";
import { warningSigns } from "./sign.ts";

/** What a run means: the same of a run that has just ended and of one that is read again from its file. */
export interface Analysis {
  /** What gave way, the load line, drift, recovery, changes; then the warning signs that none of them tells. */
  findings: Finding[];
  loadLine?: LoadLine;
  signs: SignSeen[];
}

/** `states`: the judge's last word. `trusted`: the generator could keep up, so that the figures are the target's. */
export function analyse(series: RunSeries, states: readonly ThresholdState[], trusted: boolean): Analysis {
  if (series.moments.length === 0) return { findings: [], signs: [] };
  const { line, findings } = loadLine(series, trusted);
  const found = [...gaveWay(series, states), ...findings, ...drifts(series), ...recoveries(series), ...changes(series)];
  const { signs, findings: told } = warningSigns(series, found);
  return { findings: [...found, ...told], ...(line === undefined ? {} : { loadLine: line }), signs };
}

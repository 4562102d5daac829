import type { RunSeries } from "../run-series.ts";
import { changes } from "./change.ts";
import { drifts } from "./drift.ts";
import type { Finding, LoadLine } from "./finding.ts";
import { gaveWay } from "./gave-way.ts";
import { loadLine } from "./load-line.ts";
import { recoveries } from "./recovery.ts";
import { warningSigns } from "./sign.ts";

/** What a run means: the same of a run that has just ended and of one that is read again from its file. */
export interface Analysis {
  /** What gave way, the load line, drift, recovery, changes; then the warning signs, each seen, not seen or not known. */
  findings: Finding[];
  loadLine?: LoadLine;
}

export function analyse(series: RunSeries): Analysis {
  if (series.moments.length === 0) return { findings: [] };
  const { line, findings } = loadLine(series);
  const found = [...gaveWay(series), ...findings, ...drifts(series), ...recoveries(series), ...changes(series)];
  return { findings: [...found, ...warningSigns(series, found)], ...(line === undefined ? {} : { loadLine: line }) };
}

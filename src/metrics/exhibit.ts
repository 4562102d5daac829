/**
 * What a source can show at a moment and numbers cannot: queries under way, the last lines of a log. For people; bounded,
 * and without secrets.
 */
export interface Exhibit {
  /** The name under `watch:`; `load` for what the load itself has to show. */
  source: string;
  /** `active queries`, `log lines`. */
  title: string;
  /** The run's milliseconds. */
  at: number;
  lines: string[];
}

/** An exhibit has at most so many lines, of at most so many characters. */
export const EXHIBIT_LINES = 40;
export const EXHIBIT_LINE_LENGTH = 300;

/** What was shown when a limit broke. */
export interface BreachEvidence {
  /** The run's milliseconds. */
  at: number;
  /** The thresholds that broke in that second, as written. */
  thresholds: string[];
  /** `target` is the first sign of a critical limit that is near. */
  level: "target" | "critical";
  exhibits: Exhibit[];
}

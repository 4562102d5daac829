/** One CSV file of Locust's that says how it stands. */
export type LocustFile = "stats" | "failures" | "exceptions";

/** The latest run in Locust's words; before the first run everything is empty. */
export interface Figures {
  /** `/stats/requests`: Locust's fields. */
  requests(): unknown;
  /** `/exceptions`. */
  exceptions(): unknown;
  csv(file: LocustFile): string;
  /** `/tasks`: how often each task runs, of its class and of all. */
  tasks(): unknown;
  /** `/logs`: the latest lines. */
  logs(): readonly string[];
}

import type { Summary, SummaryRequest } from "./summary.ts";
import type { WorkerView } from "./view.ts";

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
  current: { rate: number; failures: number };
}

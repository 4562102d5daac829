import type { Outcome } from "../../run.ts";
import { exitCode } from "../../verdict/verdict.ts";

export interface ExitHabits {
  hasThresholds: boolean;
  /** `--exit-code-on-error`. */
  onError: number;
  /** Nothing but a stop could have ended the run, so that one is its end and no interruption. */
  stopIsTheEnd: boolean;
}

/**
 * The exit code of the bare form: as `plimsoll run`'s, but that without thresholds failed requests give Locust's
 * `--exit-code-on-error`, and that a run without an end of its own may be stopped.
 */
export function locustExitCode(
  { verdict, summary }: Outcome,
  { hasThresholds, onError, stopIsTheEnd }: ExitHabits,
): number {
  if (verdict.state === "failed" && !hasThresholds) return onError !== 0 ? onError : judged(summary);
  if (verdict.state === "stopped" && stopIsTheEnd) return judged(summary);
  return exitCode(verdict);
}

/** 0, unless the figures do not tell. */
function judged({ generator, thresholds, totals }: Outcome["summary"]): number {
  const unanswered = thresholds.some(
    ({ level, state }) => level === "critical" && (state === "no_data" || state === "few_samples"),
  );
  const known = generator.trusted && totals.requests > 0 && !unanswered;
  return known ? 0 : exitCode({ state: "inconclusive", reasons: [], warnings: [] });
}

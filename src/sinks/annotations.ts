import type { Summary } from "../runs/summary.ts";

/**
 * What a GitHub job shows beside its steps: breaches and reasons as errors, warnings as warnings. A line each, for
 * standard output.
 *
 * Source: GitHub Actions, "Workflow commands".
 */
export function annotations({ run, verdict }: Summary): string {
  const title = `${run.scenario} ${run.profile}: ${verdict.state}`;
  const line = (level: "error" | "warning", message: string) =>
    `::${level} title=${property(title)}::${escapeData(message)}\n`;
  const errors = [...verdict.breaches, ...verdict.reasons].map((message) => line("error", message));
  return [...errors, ...verdict.warnings.map((message) => line("warning", message))].join("");
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

import type { Summary } from "../../src/runs/summary.ts";
import type { Finding } from "../../src/verdict/findings/finding.ts";
import { type Judged, namedFirst, type WeakSpot, weakSpots } from "./cell.ts";
import type { RealCell } from "./real-cell.ts";
import { LINE_TOLERANCE, lineError } from "./report.ts";

/** What one cell under real load came to; kept in real.json beside. */
export interface RealResult {
  id: string;
  weak: WeakSpot;
  words: string;
  /** Arrivals a second, of the times that the target measured; null where nothing is to give way. */
  closedForm: number | null;
  /** The load line that the run found. */
  line: number | null;
  named: string;
  /** Warnings and worse on a healthy service; empty: none. */
  alarms: string;
  /** Why the run shows nothing, mostly for the generator's sake; empty: it kept up. */
  doubts: string;
  /** Share of the run for which the target stood ready and its core was another process's. */
  waited: number;
  requests: number;
  /** The virtual twin's answers. */
  twinNamed: string;
  twinError: number | null;
  /** Where, and with which versions. */
  on: string;
}

export interface Seen {
  summary: Summary;
  closedForm: number | undefined;
  waited: number;
  twin: Judged;
  on: string;
}

/** What a cell's run showed. */
export function resultOf({ id, weak, words }: RealCell, { summary, closedForm, waited, twin, on }: Seen): RealResult {
  const { findings, loadLine, generator, verdict, totals } = summary;
  const sound = generator.trusted && verdict.state !== "inconclusive";
  return {
    id,
    weak,
    words,
    closedForm: closedForm ?? null,
    line: loadLine?.arrivalsPerSecond ?? null,
    named: namedFirst(findings) ?? "nothing",
    alarms: weak === "none" ? alarmsOf(findings) : "",
    doubts: sound ? "" : [...verdict.reasons, ...verdict.warnings].join("; ") || "the generator could not keep up",
    waited,
    requests: totals.requests,
    twinNamed: twin.named ?? "nothing",
    twinError: lineError(twin) ?? null,
    on,
  };
}

function alarmsOf(findings: readonly Finding[]): string {
  return findings
    .filter(({ severity }) => severity !== "info")
    .map(({ claim }) => claim)
    .join("; ");
}

/** How far the line lies from the closed form, as a share; undefined where there is none to find. */
export function realError({ closedForm, line }: RealResult): number | undefined {
  if (closedForm === null) return undefined;
  return line === null ? Number.POSITIVE_INFINITY : line / closedForm - 1;
}

export function isConclusive({ doubts }: RealResult): boolean {
  return doubts === "";
}

/** Both name the same, and the line of each lies where its own closed form does. */
export function agrees(result: RealResult): boolean {
  const { named, twinNamed, twinError } = result;
  return named === twinNamed && isNear(realError(result)) && isNear(twinError ?? undefined);
}

export function nameOf({ weak }: Pick<RealResult, "weak">): string {
  return weakSpots[weak] ?? "nothing";
}

export function isNear(error: number | undefined): boolean {
  return error === undefined || Math.abs(error) <= LINE_TOLERANCE;
}

/** New results in place of the old ones of the same cells. */
export function merged(
  old: readonly RealResult[],
  fresh: readonly RealResult[],
  order: readonly string[],
): RealResult[] {
  const all = new Map([...old, ...fresh].map((one) => [one.id, one]));
  return order.flatMap((id) => all.get(id) ?? []);
}

import type { SearchPlan } from "../scenario/plan.ts";
import type { Analysis } from "../verdict/findings/analysis.ts";
import type { Evidence, Finding, LoadLine } from "../verdict/findings/finding.ts";
import { time } from "../verdict/findings/words.ts";
import type { TrustResult } from "../verdict/trust.ts";
import type { ThresholdState, Evidence as VerdictEvidence } from "../verdict/verdict.ts";
import { inLoad, type Next } from "./search.ts";
import type { Tried } from "./step.ts";

/** How a search ended: `time` where it had none left. */
export type End = Exclude<Next, { kind: "try" }> | { kind: "time"; low: number | undefined; high: number | undefined };

/** What a search came to. */
export interface Found {
  line?: LoadLine;
  finding: Finding;
  /** How the conditions stood at the highest load that held. */
  states: ThresholdState[];
  /** Why the line was not found, for people; none where it was. */
  reasons: string[];
  warnings: string[];
}

interface Ended {
  search: SearchPlan;
  tried: readonly Tried[];
  end: End;
  warnings: readonly string[];
}

/** What is said of a search that has ended. */
export function foundBy({ search, tried, end, warnings }: Ended): Found {
  const at = (load: number | undefined) => tried.findLast((one) => one.load === load);
  const low = "low" in end ? end.low : undefined;
  const held = at(low);
  const { line, claim, reason } = sayEnd(search, end, at);
  const below = held === undefined ? "" : `. At ${inLoad(search, held.load)}: ${figuresInWords(held)}`;
  const severity = reason === undefined ? "info" : "warning";
  const evidence = tried.map((one, i) => evidenceOf(search, one, i + 1));
  const few = (held?.figures.judged ?? []).flatMap(({ condition, judged }) =>
    judged.state === "few_samples"
      ? [
          `${condition.threshold.expression} was judged at the line by few samples (${judged.reason}): a longer --for tells more`,
        ]
      : [],
  );
  return {
    ...(line === undefined ? {} : { line }),
    finding: { kind: "load-line", claim: claim + below, severity, evidence },
    states: statesOf(held),
    reasons: reason === undefined ? [] : [reason],
    warnings: [...warnings, ...few],
  };
}

interface Said {
  line?: LoadLine;
  claim: string;
  /** Absent where the line was found. */
  reason?: string;
}

function sayEnd(search: SearchPlan, end: End, at: (load: number | undefined) => Tried | undefined): Said {
  const words = (load: number) => inLoad(search, load);
  const by = (load: number) => at(load)?.figures.missed?.what ?? "nothing";
  switch (end.kind) {
    case "found":
      return between(search, end.low, end.high, by(end.high));
    case "unbroken": {
      const reason = `nothing gave way up to ${words(end.low)}, the most that was to be tried: search with a higher --up-to`;
      const line = lineOf(search, end.low, [end.low, end.low], "nothing: it is the most that was loaded");
      return { line, claim: `Nothing gave way up to ${words(end.low)}`, reason };
    }
    case "below": {
      const claim = `The load line lies below ${words(end.high)}, the least that was tried: ${by(end.high)}`;
      return { claim, reason: `the load line lies below ${words(end.high)}: search with a lower --from` };
    }
    case "generator": {
      const why = at(end.at)?.doubts.join("; ") ?? "";
      const reason = `at ${words(end.at)} the limit was the generator, not the target: ${why}`;
      if (end.low === undefined) return { claim: `The generator was the limit at ${words(end.at)}`, reason };
      const claim = `The load line is above ${words(end.low)}; at ${words(end.at)} the generator was the limit`;
      return { line: lineOf(search, end.low, [end.low, end.at], "the generator"), claim, reason };
    }
    case "time": {
      const { low, high } = end;
      const early = "the search ended before the line was found: give it more --max-time";
      if (low === undefined) return { claim: "No load line was found", reason: early };
      if (high !== undefined) return { ...between(search, low, high, by(high)), reason: early };
      const line = lineOf(search, low, [low, low], "nothing: it is the most that was loaded");
      return { line, claim: `Nothing gave way up to ${words(low)}`, reason: early };
    }
  }
}

/** In the middle, on a logarithmic scale, of what held and what did not. */
function between(search: SearchPlan, low: number, high: number, limitedBy: string): Said & { line: LoadLine } {
  const middle = Math.sqrt(low * high);
  const load = search.kind === "users" ? Math.floor(middle) : middle;
  const interval = `between ${inLoad(search, low)} and ${inLoad(search, high)}`;
  const claim = `The load line is ${inLoad(search, load)} (${interval}); above it: ${limitedBy}`;
  return { line: lineOf(search, load, [low, high], limitedBy), claim };
}

function lineOf({ kind }: SearchPlan, load: number, interval: [number, number], limitedBy: string): LoadLine {
  const rounded = Number(load.toPrecision(6));
  return kind === "users"
    ? { users: rounded, interval, limitedBy }
    : { arrivalsPerSecond: rounded, interval, limitedBy };
}

function figuresInWords({ figures: { requests, p50, p95 } }: Tried): string {
  const latency = p50 === undefined || p95 === undefined ? "" : `, p50 ${time(p50)}, p95 ${time(p95)}`;
  return `${Number(requests.toPrecision(3))} requests/s${latency}`;
}

function evidenceOf(search: SearchPlan, { load, outcome, figures }: Tried, number: number): Evidence {
  const { requests, throughput, p50 = null, p95 = null, fromMs, toMs, missed, judged } = figures;
  return {
    of: `step ${number}: ${inLoad(search, load)}`,
    figures: {
      load,
      outcome,
      requests,
      throughput,
      p50,
      p95,
      from: fromMs / 1000,
      until: toMs / 1000,
      ...(missed === undefined ? {} : { missed: missed.what }),
      ...Object.fromEntries(
        judged.map(({ condition, judged: { state, value } }) => [condition.threshold.expression, value ?? state]),
      ),
    },
  };
}

function statesOf(held: Tried | undefined): ThresholdState[] {
  return (held?.figures.judged ?? []).flatMap(({ condition: { threshold, limit, index }, judged }) => {
    if (index === undefined) return [];
    const level = threshold.critical === limit ? "critical" : "target";
    return [{ expression: threshold.expression, level, limit, ...judged } as const];
  });
}

/** What of the evidence for a verdict a search decides: it has passed when it found its line, whatever broke above that. */
export function foundEvidence(
  { states, reasons }: Found,
  trust: TrustResult,
): Pick<VerdictEvidence, "states" | "trust"> {
  return { states: states.filter(({ state }) => state !== "few_samples"), trust: { ...trust, reasons } };
}

/** What a run of a search means: steps and rests are its own doing, no spikes that the target recovers from. */
export function ofSearch({ line, finding }: Found, { findings, signs }: Analysis): Analysis {
  const others = findings.filter(({ kind }) => kind !== "load-line" && kind !== "recovery" && kind !== "change");
  return { findings: [finding, ...others], signs, ...(line === undefined ? {} : { loadLine: line }) };
}

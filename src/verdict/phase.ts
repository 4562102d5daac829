import { lengthOf, type PlannedLoad } from "../scenario/plan.ts";
import type { During } from "./threshold.ts";

/** From `fromMs` up to, but without, `toMs`; the run's milliseconds. */
export interface Stretch {
  fromMs: number;
  toMs: number;
}

/** A stretch over which every load stays level (`hold`), or at least one goes up or down (`ramp`). */
export interface Phase extends Stretch {
  kind: "hold" | "ramp";
  /** From 1, counted as events count them: a stage begins where one of any load does. */
  stage: number;
}

/** What of a planned load says how high it is and when. */
export type ShapedLoad = Pick<PlannedLoad, "load" | "startMs">;

/** What the plan wants of the load over the run, in the order of time and without a gap but where there is no load. */
export function phasesOf(loads: readonly ShapedLoad[]): Phase[] {
  const parts = loads.flatMap(partsOf);
  const edges = [...new Set(parts.flatMap(({ fromMs, toMs }) => [fromMs, toMs]))].toSorted((a, b) => a - b);
  const starts = [...new Set(parts.filter(({ begins }) => begins).map(({ fromMs }) => fromMs))];
  const phases: Phase[] = [];
  for (const [i, fromMs] of edges.slice(0, -1).entries()) {
    const active = parts.filter((part) => part.fromMs <= fromMs && fromMs < part.toMs);
    if (active.length === 0) continue;
    const kind = active.some((part) => part.kind === "ramp") ? "ramp" : "hold";
    const stage = starts.filter((start) => start <= fromMs).length;
    phases.push({ fromMs, toMs: edges[i + 1] ?? fromMs, kind, stage });
  }
  return phases;
}

interface Part extends Stretch {
  kind: Phase["kind"];
  /** A stage begins with it. */
  begins: boolean;
}

function partsOf({ load, startMs }: ShapedLoad): Part[] {
  if (load.kind === "iterations") {
    return [{ fromMs: startMs, toMs: startMs + lengthOf(load), kind: "hold", begins: true }];
  }
  const stages = load.stages.map((stage) => ({ level: "users" in stage ? stage.users : stage.perSecond, ...stage }));
  const parts: Part[] = [];
  let before = 0;
  let at = startMs;
  for (const { level, overMs, forMs } of stages) {
    const kind = level === before ? "hold" : "ramp";
    if (overMs > 0) parts.push({ fromMs: at, toMs: at + overMs, kind, begins: true });
    if (forMs > 0) parts.push({ fromMs: at + overMs, toMs: at + overMs + forMs, kind: "hold", begins: overMs === 0 });
    at += overMs + forMs;
    before = level;
  }
  return parts;
}

/** The stretches of a run that a threshold's `during` names, those that touch as one. */
export function stretchesOf(phases: readonly Phase[], during: During): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { fromMs, toMs, kind, stage } of phases) {
    if (during.kind === "stage" ? stage !== during.stage : kind !== during.kind) continue;
    const last = stretches.at(-1);
    if (last?.toMs === fromMs) last.toMs = toMs;
    else stretches.push({ fromMs, toMs });
  }
  return stretches;
}

/** For people: `the load's hold`, `stage 2`. */
export function duringInWords(during: During): string {
  return during.kind === "stage" ? `stage ${during.stage}` : `a ${during.kind} of the load`;
}

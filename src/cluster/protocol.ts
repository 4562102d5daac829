import type { Resume } from "../load/executor.ts";
import type { Share } from "../load/share.ts";
import type { Provisions } from "../load/worker.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import type { Span } from "../metrics/span.ts";
import type { NewValues } from "../metrics/uniques.ts";
import type { Plan, PlannedLoad } from "../scenario/plan.ts";

/** All workers take their snapshots on one grid, so that a sum is of one moment. The run's milliseconds. */
export const SNAPSHOT_MS = 500;

/** When a run has its time 0. */
export interface Origin {
  /** On `monotonicMs`'s scale. */
  originMs: number;
  /** Unix milliseconds. */
  startedAt: number;
}

/** What a worker is told. All of it is plain data. */
export type ToWorker =
  /** Make the plan runnable. */
  | { kind: "prepare"; plan: Plan; provisions: Provisions; share: Share }
  | ({ kind: "start"; resume: Resume } & Origin)
  /** Go on by other loads, which are the same up to a moment a little ahead (`scaled`). */
  | { kind: "follow"; loads: PlannedLoad[] }
  /** No further tasks. */
  | { kind: "stop" }
  /** End the load at once. */
  | { kind: "abort" }
  /** Nothing more is wanted: go. */
  | { kind: "leave" };

/** What a worker says. */
export type FromWorker =
  /** It is prepared: it could start at once. */
  | { kind: "ready" }
  | { kind: "snapshot"; snapshot: Snapshot; spans: Span[]; spansDropped: number; spansUnsampled: number }
  /** What it saw for the first time of what may come once in the run. */
  | { kind: "values"; values: NewValues[] }
  /** Its users may take rows of their turns below this. */
  | { kind: "reserved"; turns: number }
  /** The load has ended; its last snapshot, a full one, came before. */
  | { kind: "done" };

/** A way to a worker, whether a thread of this machine or a process on another. */
export interface Link {
  /** Names the worker on /metrics and in messages. */
  worker: string;
  send(message: ToWorker): void;
  /** Ends the worker, whatever it does. */
  close(): Promise<void>;
}

/** Who is told what a worker says, and that it is gone (once; `reason` for people). */
export interface LinkListener {
  message(worker: string, message: FromWorker): void;
  gone(worker: string, reason: string): void;
}

export type OpenLink = (worker: string, listener: LinkListener) => Link;

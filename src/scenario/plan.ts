import type { CustomMetric } from "../metrics/custom.ts";
import type { Threshold } from "../verdict/threshold.ts";
import type { Flow } from "./flow.ts";
import type { RequestStep, Template } from "./plan-request.ts";
import type { Source } from "./plan-source.ts";

/**
 * The Plan: everything a run does, as plain JSON. It is made once from a scenario, frozen, sent to every worker and kept
 * in the run file; after this nobody reads a file, argv or the environment. It holds no secret, only their names.
 */
export interface Plan {
  /** Unique: `20261121T101500Z-boss-workflow-light-3f2a`. */
  runId: string;
  /** The version of Plimsoll that made it. */
  version: string;
  scenario: string;
  profile: string;
  /** The system under test, as `target` on /metrics: the host's authority, such as `localhost:8000`. */
  target: string;
  /** Wall clock of the run's start, Unix ms: read once. */
  startedAt: number;
  /** All random choices come from it, so that a run can be had again. */
  seed: number;
  loads: PlannedLoad[];
  /** Run once, before the load; what it captures is every user's. */
  setup?: Step[];
  /** Run once, after the load, however that ended. */
  teardown?: Step[];
  /** How long users may take at the end to finish what they have begun; by default 30 s. */
  stopTimeoutMs?: number;
  /** Its one load is changed by a search for the most that keeps every threshold. */
  search?: SearchPlan;
  /** Without loads: for how long the target is only watched. */
  watchMs?: number;
  /** Those that its classes use. Their rows travel beside it: `FeedTable`. */
  feeds?: Feed[];
  /** For how long the target is watched before the load starts. */
  beforeMs?: number;
  /** For how long at most it is watched after the load has ended, until it is back where it was before. */
  afterMs?: number;
  /** Thresholds count from here on, in the run's milliseconds. */
  warmUpMs: number;
  thresholds: Threshold[];
  /** Somebody asked that nothing be judged: there are no thresholds, and requests that fail do not fail the run. */
  unjudged?: true;
  /** The scenario's own, which its code records. */
  metrics?: CustomMetric[];
  sources: Source[];
  /** `le` bounds in seconds: the defaults and every latency that a threshold names. */
  bounds: number[];
  traces?: TracePlan;
  http: HttpPlan;
  labels: Record<string, string>;
}

/** How `plimsoll find` searches; loads are users, or arrivals a second. */
export interface SearchPlan {
  kind: "users" | "arrivals";
  /** The first load that is tried, and the highest. */
  from: number;
  upTo: number;
  /** How near what held and what did not are at the end: 0.05 is 5 %. */
  precision: number;
  /** How long a load is tried, where that tells; at most twice as long. */
  forMs: number;
}

/** A table of data for users: accounts, products, search words. */
export interface Feed {
  name: string;
  columns: string[];
  /** How many. */
  rows: number;
  /** `unique`: no row is given twice in a run; who comes when there is none left does not start. */
  order: "sequential" | "random" | "unique";
  /** How long a user keeps its row. Absent: for its life, and with arrivals an iteration. */
  each?: "user" | "iteration";
}

export interface HttpPlan {
  /** Offer HTTP/2 over TLS; never by surprise. */
  version2: boolean;
  /** `full`: each part of an exchange has a histogram of its own, too. */
  timings: "whole" | "full";
  tls?: TlsPlan;
  proxy?: ProxyPlan;
  /** How long an attempt to connect may take; 10 s unless given. */
  connectTimeoutMs?: number;
}

/** What of TLS is not as by default. */
export interface TlsPlan {
  /** No certificate of the target is looked at. */
  insecure: boolean;
  /** Authorities trusted beside the system's own, in PEM. */
  ca?: string;
  /** The client's certificate, in PEM. */
  cert?: string;
  /** Where each worker reads the certificate's key: a key does not travel in a plan, which is kept. */
  keyFile?: string;
  passphrase?: Template;
  /** In place of the host's name, which certificates are checked against. */
  serverName?: string;
}

/** All connections go through it (RFC 9110, 9.3.6), but for those to hosts of `except`: names, or `.suffixes`. */
export interface ProxyPlan {
  url: Template;
  except: string[];
}

export interface TracePlan {
  /** Share of requests traced from the start, 0 to 1. */
  sample: number;
  /** Requests slower than this are kept too. */
  slowerThanMs?: number;
  failed: boolean;
}

/** One load with the classes it drives. A run may carry several at once. */
export interface PlannedLoad {
  load: Load;
  classes: UserClass[];
  /** When it begins, in the run's milliseconds. */
  startMs: number;
}

/**
 * - `users` (closed model): so many users are active, each going from task to task.
 * - `arrivals` (open model): iterations start on schedule whatever the responses do, each by a free user of a pool of at
 *   most `maxUsers`; one that finds none is dropped, and counted. `poisson` arrivals are random with the same mean rate.
 * - `iterations`: `users` users run `iterations` tasks, together (`per` run) or each (`per` user), for at most `maxMs`.
 */
export type Load =
  | { kind: "users"; stages: Stage[] }
  | { kind: "arrivals"; stages: RateStage[]; maxUsers: number; spacing: "constant" | "poisson" }
  | { kind: "iterations"; users: number; iterations: number; per: "run" | "user"; maxMs: number };

/** The rate is reached linearly within `overMs` from what was before, at first 0, then held for `forMs`. */
export interface RateStage {
  perSecond: number;
  overMs: number;
  forMs: number;
}

/** `users` is reached linearly within `overMs` from what was before, then held for `forMs`. */
export interface Stage {
  users: number;
  overMs: number;
  forMs: number;
}

/** The length of a load that goes on until it is stopped; JSON has no infinity. */
export const UNTIL_STOPPED_MS = Number.MAX_SAFE_INTEGER;

/** How long a load goes on at most, in milliseconds from its start. */
export function lengthOf(load: Load): number {
  if (load.kind === "iterations") return load.maxMs;
  return load.stages.reduce((sum, { overMs, forMs }) => sum + overMs + forMs, 0);
}

/** When the last of a run's loads ends at the latest, in the run's milliseconds. */
export function endOfLoads(loads: readonly PlannedLoad[]): number {
  return Math.max(0, ...loads.map(({ load, startMs }) => startMs + lengthOf(load)));
}

/** When a run ends at the latest, in its milliseconds. */
export function endOfPlan({ loads, watchMs }: Pick<Plan, "loads" | "watchMs">): number {
  return watchMs ?? endOfLoads(loads);
}

/**
 * Whether a run's thresholds decide, none among them where nothing is to be judged; else any failed request fails it. A
 * search lets requests fail to find where they do not.
 */
export function hasThresholds({ thresholds, unjudged, search }: Plan): boolean {
  return thresholds.length > 0 || unjudged === true || search !== undefined;
}

export interface UserClass {
  name: string;
  /** Share of the users that no `fixedCount` takes. */
  weight: number;
  /** So many users, before all others; it has no share beside. */
  fixedCount?: number;
  /** The names of feeds of which each of its users has a row. */
  feeds?: string[];
  /** What its start steps are tagged with; each task has these among its own. */
  tags?: string[];
  wait: Wait;
  tasks: Task[];
  /** Names of tasks in the order in which each user does them, over and over; without it each is chosen by weight. */
  sequence?: string[];
  /** Run once by each user before its first task. */
  start: Step[];
  /** Run once by each user that has started, when it ends. */
  stop: Step[];
}

/**
 * What a user does between two tasks. `uniform`: a pause drawn evenly between two times. `poisson`: one drawn
 * exponentially. `pace`: a task is due each `everyMs` from the user's start, and its latency counts from then; a user
 * that is behind goes on at once.
 */
export type Wait =
  | { kind: "uniform"; minMs: number; maxMs: number }
  | { kind: "poisson"; meanMs: number }
  | { kind: "pace"; everyMs: number };

export interface Task {
  kind: "steps";
  name: string;
  weight: number;
  /** Its own and its class's: what a threshold, or a run, may choose it by. */
  tags?: string[];
  steps: Step[];
}

export type Step = Flow<RequestStep>;

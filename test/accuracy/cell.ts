import type { Load } from "../../src/scenario/plan.ts";
import type { Finding } from "../../src/verdict/findings/finding.ts";
import type { Resource } from "../../src/verdict/findings/resource.ts";
import { healthy, ModelledService, type ServiceSizes, WRITE_SHARE } from "./service.ts";
import { responseTail, solveRate } from "./truth.ts";
import { runVirtually, type VirtualOutcome } from "./virtual-run.ts";

/** What may give way first, as `plimsoll demo --weak` names it, and what a finding has to name. */
export const weakSpots = {
  pool: "database pool",
  cpu: "CPU",
  queue: "queue",
  cache: "cache",
  locks: "database locks",
  "rate-limit": "rate limit",
  leak: "memory",
  none: undefined,
} as const satisfies Record<string, Resource | undefined>;

export type WeakSpot = keyof typeof weakSpots;

/** One run whose right answer is known. */
export interface Cell {
  weak: WeakSpot | "control";
  size: number;
  seed: number;
  /** For the table. */
  words: string;
  sizes: ServiceSizes;
  load: Load;
  thresholds: string[];
  /** Arrivals a second at which the first threshold gives way, in closed form. */
  line: number | undefined;
}

export interface Judged {
  cell: Cell;
  outcome: VirtualOutcome;
  /** The resource that was named first. */
  named: string | undefined;
  line: number | undefined;
  /** Warnings and worse, for a service that is healthy. */
  alarms: Finding[];
}

const LATENCY_S = 0.5;
const thresholds = ["p95(latency) < 500ms", "ratio(errors) < 1%"];

/** Sizes double: 0 to 4. */
function sizesOf(weak: WeakSpot, size: number): ServiceSizes {
  const times = 2 ** size;
  switch (weak) {
    case "pool":
      return { ...healthy, pool: 2 * times, holdMs: 80 };
    case "cpu":
      return { ...healthy, cpuMs: 32 / times };
    case "queue":
      return { ...healthy, queueWorkers: times, jobMs: 200 };
    case "cache":
      return { ...healthy, pool: 4 * times, holdMs: 80, hits: 0.02 };
    case "locks":
      return { ...healthy, pool: 40, lockMs: 160 / times };
    case "rate-limit":
      return { ...healthy, rateLimit: 20 * times };
    case "leak":
      return { ...healthy, leakPerHour: 0.01 * times, sawtoothS: size % 2 === 0 ? 0 : 150 };
    case "none":
      return healthy;
  }
}

/** Arrivals a second at which the service no longer keeps the thresholds. */
function lineOf(weak: WeakSpot, sizes: ServiceSizes): number | undefined {
  const queries = WRITE_SHARE + (1 - WRITE_SHARE) * (1 - sizes.hits);
  const late = (share: number, servers: number, meanMs: number) =>
    solveRate(
      (rate) => share * responseTail(share * rate, servers, meanMs / 1000, LATENCY_S),
      0.05,
      servers / share / (meanMs / 1000),
    );
  switch (weak) {
    case "pool":
    case "cache":
      return late(queries, sizes.pool, sizes.holdMs);
    case "cpu":
      return late(1, 1, sizes.cpuMs);
    case "locks":
      return late(WRITE_SHARE, 1, sizes.lockMs);
    case "queue":
      return sizes.queueWorkers / (sizes.jobMs / 1000) / WRITE_SHARE;
    case "rate-limit":
      return sizes.rateLimit;
    default:
      return undefined;
  }
}

/**
 * From about a fifth of the line to four tenths beyond it: steps of a tenth, or a ramp. Where steps lie has nothing to do
 * with where the line does: each seed begins elsewhere.
 */
function climb(given: number, seed: number): Load {
  const line = given * (0.95 + ((seed * 0.618034) % 1) / 10);
  const maxUsers = Math.ceil(line * 30);
  // Long enough for thousands of requests, as whoever asks for a p95 would choose.
  const forMs = 1000 * Math.max(40, Math.min(180, 4000 / line));
  const common = { kind: "arrivals", maxUsers, spacing: "poisson" } as const;
  if (seed % 3 === 0) {
    const first = { perSecond: 0.2 * line, overMs: 0, forMs: 1000 };
    return { ...common, stages: [first, { perSecond: 1.5 * line, overMs: 12 * forMs, forMs: 0 }] };
  }
  const steps = Array.from({ length: 13 }, (_, i) => ({ perSecond: (0.2 + 0.1 * i) * line, overMs: 0, forMs }));
  return { ...common, stages: steps };
}

function soak(perSecond: number, hours: number): Load {
  const forMs = hours * 3_600_000;
  return { kind: "arrivals", maxUsers: 1000, spacing: "poisson", stages: [{ perSecond, overMs: 0, forMs }] };
}

export function cellOf(weak: WeakSpot, size: number, seed: number): Cell {
  return cellWith(weak, sizesOf(weak, size), size, seed);
}

/** A cell of sizes that are given; `size` is its place among its kind. */
export function cellWith(weak: WeakSpot, sizes: ServiceSizes, size: number, seed: number): Cell {
  const line = lineOf(weak, sizes);
  const own = weak === "queue" ? [...thresholds, "max(queue_oldest_age_seconds) < 5s"] : thresholds;
  const load = weak === "leak" ? soak(4, 2) : climb(line ?? 20 * 2 ** size, seed);
  return { weak, size, seed, words: wordsOf(weak, sizes), sizes, load, thresholds: own, line };
}

function wordsOf(weak: WeakSpot, sizes: ServiceSizes): string {
  switch (weak) {
    case "pool":
    case "cache":
      return `${sizes.pool} connections of ${sizes.holdMs} ms, ${sizes.hits * 100} % hits`;
    case "cpu":
      return `${sizes.cpuMs} ms of CPU a request`;
    case "queue":
      return `${sizes.queueWorkers} workers, jobs of ${sizes.jobMs} ms`;
    case "locks":
      return `writes hold one lock for ${sizes.lockMs} ms`;
    case "rate-limit":
      return `${sizes.rateLimit} requests a second admitted`;
    case "leak":
      return `${sizes.leakPerHour * 100} % an hour${sizes.sawtoothS > 0 ? ", in a sawtooth" : ""}`;
    case "none":
      return "healthy";
  }
}

/** Healthy services under all kinds of load: nothing is to be found. */
export function control(i: number): Cell {
  const sawtooth = { ...healthy, sawtoothS: 60 + 37 * i };
  const users = (most: number) =>
    ({ kind: "users", stages: [{ users: most, overMs: 30_000, forMs: 600_000 }] }) satisfies Load;
  const spike: Load = {
    kind: "users",
    stages: [
      { users: 10, overMs: 0, forMs: 120_000 },
      { users: 80, overMs: 5000, forMs: 60_000 },
      { users: 10, overMs: 0, forMs: 120_000 },
    ],
  };
  const kinds: [string, ServiceSizes, Load][] = [
    ["steps of arrivals", healthy, climb(40 + 20 * i, 1)],
    ["ramp of arrivals", healthy, climb(40 + 20 * i, 3)],
    ["steady users, busy at half its CPU", { ...healthy, cpuMs: 8 }, users(60)],
    ["soak with a sawtooth memory", sawtooth, soak(4, 2)],
    ["spike of users", { ...healthy, pool: 20, holdMs: 20 }, spike],
  ];
  const [words, sizes, load] = kinds[i % kinds.length] ?? ["steps of arrivals", healthy, climb(50, 1)];
  return { weak: "control", size: i, seed: 100 + i, words, sizes, load, thresholds, line: undefined };
}

export async function judgeCell(cell: Cell): Promise<Judged> {
  const service = new ModelledService(cell.sizes, cell.seed);
  const tickMs = cell.weak === "leak" || cell.words.startsWith("soak") ? 5000 : 1000;
  const outcome = await runVirtually(cell.load, cell.thresholds, service, cell.seed, tickMs);
  const { findings, loadLine } = outcome.analysis;
  return {
    cell,
    outcome,
    named: namedFirst(findings),
    line: loadLine?.arrivalsPerSecond,
    alarms: findings.filter(({ severity }) => severity !== "info"),
  };
}

/** What the first finding that accuses somebody accuses. */
export function namedFirst(findings: readonly Finding[]): string | undefined {
  for (const { kind, severity, evidence } of findings) {
    if (kind === "gave-way" && severity === "critical") return String(evidence[1]?.figures["resource"]);
    if (kind === "gave-way") return "no target metric";
    if (kind === "drift") return evidence[0]?.of.startsWith("memory") ? "memory" : evidence[0]?.of;
  }
  return undefined;
}

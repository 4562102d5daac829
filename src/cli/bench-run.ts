import { join } from "node:path";
import { Threads } from "../cluster/thread-link.ts";
import { workersFor } from "../load/share.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import { openValue, type Prepared } from "../prepare.ts";
import { type Outcome, Run } from "../run.ts";
import type { Sink } from "../runs/sink.ts";
import type { Plan, Task, UserClass } from "../scenario/plan.ts";
import { printCriteria, printEndpoint } from "../sinks/console-bench.ts";
import { criteriaOf, type Endpoint, endpointOf, judge } from "../verdict/bench.ts";
import { version } from "../version.ts";
import type { BenchFlags } from "./bench.ts";
import { type Io, UsageError, wantsColor } from "./io.ts";
import { accepted, openScenario, planOf } from "./scenario-file.ts";
import { Signals } from "./signals.ts";

const EXIT = { failed: 99, stopped: 105, inconclusive: 98 };

/**
 * Each task alone, one after the other: a run each, whose users wait for nothing. The scenario's limits on p95, p99 and errors
 * are the criteria. Gives the exit code; throws a UsageError for what is no scenario and no URL.
 */
export async function bench(io: Io, what: readonly string[], flags: BenchFlags): Promise<number> {
  const { requests, concurrent } = flags;
  if (requests < concurrent) throw new UsageError(`--requests ${requests} is fewer than --concurrent ${concurrent}.`);
  const prepared = await planned(io, what, flags);
  const criteria = criteriaOf(prepared.plan.thresholds);
  const options = { color: wantsColor(io) };
  const cases = casesOf(prepared.plan);
  const endpoints: Endpoint[] = [];
  const doubts = new Set<string>();
  for (const [i, one] of cases.entries()) {
    const plan = alone(prepared.plan, one, i + 1, flags);
    const { outcome, snapshot } = await runAlone(io, { ...prepared, plan }, flags);
    const { verdict } = outcome;
    if (verdict.state === "stopped") return EXIT.stopped;
    if (verdict.state === "inconclusive") for (const reason of verdict.reasons) doubts.add(reason);
    const endpoint = endpointOf(one.name, snapshot, one.task.name);
    endpoints.push(endpoint);
    printEndpoint(i + 1, endpoint, concurrent, io.stdout, options);
  }
  const judged = judge(criteria, endpoints);
  printCriteria(judged, [...doubts], io.stdout, options);
  if (judged.some(({ state }) => state === "broken")) return EXIT.failed;
  return doubts.size > 0 || judged.some(({ state }) => state === "few_samples") ? EXIT.inconclusive : 0;
}

async function planned(
  io: Io,
  what: readonly string[],
  { host: given, requests, concurrent }: BenchFlags,
): Promise<Prepared> {
  const files = what.filter((one) => /\.(ya?ml|[cm]?[jt]s)$/i.test(one) && !isUrl(one));
  const urls = what.filter(isUrl);
  const [file, ...more] = files;
  const other = what.find((one) => !files.includes(one) && !isUrl(one));
  if (other !== undefined) throw new UsageError(`Expected a scenario or URLs, got ${other}.`);
  if (more.length > 0 || (file !== undefined && urls.length > 1)) {
    throw new UsageError("Give one scenario, and at most one URL beside it: the service; or URLs alone.");
  }
  if (file === undefined && given !== undefined)
    throw new UsageError("--host is for a scenario: URLs name their hosts.");
  const opened =
    file === undefined
      ? accepted(openValue(ofUrls(urls), import.meta.url, io.environment))
      : await openScenario(io, file);
  const host = given ?? (file === undefined ? undefined : urls[0]);
  const shape = { kind: "iterations", users: concurrent, iterations: requests, per: "run" } as const;
  return planOf(io, opened, {
    version: version(),
    shape,
    allowCommands: true,
    ...(host === undefined ? {} : { host }),
  });
}

function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

function ofUrls(urls: readonly string[]): object {
  const tasks = Object.fromEntries(urls.map((url) => [`GET ${url}`, { get: url }]));
  return { name: "bench", users: { Visitor: { tasks } } };
}

interface Case {
  /** As it is shown: of several classes with such a task, with the class. */
  name: string;
  userClass: UserClass;
  task: Task;
}

function casesOf({ loads }: Plan): Case[] {
  const classes = loads.flatMap((load) => load.classes);
  const all = classes.flatMap((userClass) => userClass.tasks.map((task) => ({ userClass, task })));
  return all.map(({ userClass, task }) => {
    const same = all.filter((other) => other.task.name === task.name);
    return { name: same.length > 1 ? `${userClass.name} › ${task.name}` : task.name, userClass, task };
  });
}

/** The plan of one task. Nothing is traced, the target is not watched, and the criteria are judged here. */
function alone(plan: Plan, { userClass, task }: Case, n: number, { requests, concurrent }: BenchFlags): Plan {
  const { fixedCount: _, sequence: __, ...rest } = userClass;
  const wait = { kind: "uniform", minMs: 0, maxMs: 0 } as const;
  const load = { kind: "iterations", users: concurrent, iterations: requests, per: "run", maxMs: 10 * 60_000 } as const;
  const classes = [{ ...rest, wait, tasks: [task] }];
  const { traces: _traces, ...more } = plan;
  return {
    ...more,
    runId: `${plan.runId}-${n}`,
    profile: "bench",
    loads: [{ load, classes, startMs: 0 }],
    sources: [],
    thresholds: [],
    unjudged: true,
  };
}

async function runAlone(
  io: Io,
  { plan, feeds, plannedAtMs }: Prepared,
  { processes, runs }: BenchFlags,
): Promise<{ outcome: Outcome; snapshot: Snapshot | undefined }> {
  let snapshot: Snapshot | undefined;
  const last: Sink = {
    name: "bench",
    start: () => {},
    write: (tick) => {
      snapshot = tick.snapshot;
    },
    stop: async () => {},
  };
  const run = new Run({
    plan,
    feeds,
    plannedAtMs,
    workers: workersFor(plan, processes),
    runFile: join(runs, `${plan.runId}.db`),
    sinks: [last],
    secret: (name) => io.environment[name] ?? "",
    openLink: new Threads(io.environment).open,
  });
  const signals = new Signals(run);
  const release = io.onSignal((signal) => signals.handle(signal));
  try {
    return { outcome: await run.execute(), snapshot };
  } finally {
    release();
  }
}

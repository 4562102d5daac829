import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { workersFor } from "./load/share.ts";
import { openScenario, openValue, type Prepared, prepare, type Refused } from "./prepare.ts";
import { Run } from "./run.ts";
import type { Summary } from "./runs/summary.ts";
import { type DefinedScenario, moduleOf } from "./scenario/define.ts";
import type { Environment } from "./scenario/environment.ts";
import { timeMs } from "./scenario/measure.ts";
import { loadModule } from "./scenario/module.ts";
import { exitCode, type Verdict } from "./verdict/verdict.ts";
import { version } from "./version.ts";

/** What a program asks of a run; what is given wins over the scenario. */
export interface RunSettings {
  /** The only one, or the one named `default`, if it is not given. */
  profile?: string;
  host?: string;
  users?: number;
  /** Users started a second. */
  spawnRate?: number;
  /** `30m`: the whole run, spawning included. */
  duration?: string;
  /** Only these user classes. */
  classes?: readonly string[];
  /** Only tasks with one of these tags; none with one of those. */
  tags?: readonly string[];
  excludeTags?: readonly string[];
  seed?: number;
  labels?: Record<string, string>;
  /** Worker threads: one a core, less one, if it is not given. */
  workers?: number;
  /** Where the run file goes; `runs` if it is not given. */
  runs?: string;
  /** What `${…}` is filled in from; the process's own if it is not given. Workers have the process's own for secrets. */
  environment?: Environment;
  /** Ends the run as a signal would: what is under way is finished. */
  signal?: AbortSignal;
}

export interface RunResult {
  verdict: Verdict;
  summary: Summary;
  findings: Summary["findings"];
  /** As the command line's. */
  exitCode: number;
  /** The run file's path. */
  runFile: string;
}

/** Nothing was run: the scenario or the settings are wrong, or the scenario's code threw. The message says all of it. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
}

/** What the program around it gives. */
export interface Surroundings {
  environment: Environment;
  /** Unix ms. */
  wallClock(): number;
  /** The module that was started, which workers cannot load: it would run again in each. */
  entry: string | undefined;
}

/** Runs a scenario to its end, without console and server. @throws ScenarioError if nothing can be run */
export async function runScenario(
  scenario: string | URL | DefinedScenario,
  settings: RunSettings,
  around: Surroundings,
): Promise<RunResult> {
  const environment = settings.environment ?? around.environment;
  const { plan, feeds, plannedAtMs } = await planned(scenario, settings, { ...around, environment });
  const run = new Run({
    plan,
    feeds,
    plannedAtMs,
    workers: workersFor(plan, settings.workers),
    runFile: join(settings.runs ?? "runs", `${plan.runId}.db`),
    sinks: [],
    secret: (name) => environment[name] ?? "",
  });
  const stop = () => run.stop("its program");
  settings.signal?.addEventListener("abort", stop, { once: true });
  if (settings.signal?.aborted) stop();
  try {
    const { verdict, summary } = await run.execute();
    return {
      verdict,
      summary,
      findings: summary.findings,
      exitCode: exitCode(verdict),
      runFile: run.runFile.path,
    };
  } finally {
    settings.signal?.removeEventListener("abort", stop);
  }
}

async function planned(
  scenario: string | URL | DefinedScenario,
  { duration, ...settings }: RunSettings,
  around: Surroundings,
): Promise<Prepared> {
  const { profile, host, users, spawnRate, classes, tags, excludeTags, seed, labels } = settings;
  const durationMs = duration === undefined ? undefined : timeMs(duration);
  if (duration !== undefined && durationMs === undefined) {
    throw new ScenarioError(`duration: expected a time with its unit, such as 30m, got ${JSON.stringify(duration)}`);
  }
  const opened = accepted(await open(scenario, around));
  const choices = {
    version: version(),
    seed,
    ...(profile === undefined ? {} : { profile }),
    ...(host === undefined ? {} : { host }),
    ...(users === undefined ? {} : { users }),
    ...(spawnRate === undefined ? {} : { spawnRate }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(classes === undefined ? {} : { classes }),
    ...(tags === undefined ? {} : { tags }),
    ...(excludeTags === undefined ? {} : { excludeTags }),
    ...(labels === undefined ? {} : { labels }),
  };
  return accepted(prepare(opened, choices, around.wallClock));
}

async function open(scenario: string | URL | DefinedScenario, { environment, entry }: Surroundings) {
  if (typeof scenario === "string") return openScenario(scenario, environment);
  if (scenario instanceof URL) return openScenario(fileURLToPath(scenario), environment);
  const module = moduleOf(scenario);
  if (module === undefined || !hasFunction(scenario)) return openValue(scenario, module, environment);
  const found = module === entry ? undefined : await loadModule(module);
  if (found === scenario) return openScenario(fileURLToPath(module), environment);
  throw new ScenarioError(
    "A scenario with code must be the default export of a file of its own, which each worker loads: " +
      `${module} ${module === entry ? "is the program itself" : "exports another"}.`,
  );
}

function hasFunction(value: unknown): boolean {
  if (typeof value === "function") return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasFunction);
}

function accepted<T extends { kind: string }>(result: T | Refused): Exclude<T, Refused> {
  if (result.kind === "refused") throw new ScenarioError((result as Refused).message);
  return result as Exclude<T, Refused>;
}

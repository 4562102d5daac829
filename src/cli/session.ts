import { join } from "node:path";
import { Threads } from "../cluster/thread-link.ts";
import { workersFor } from "../load/share.ts";
import type { Prepared } from "../prepare.ts";
import { Run } from "../run.ts";
import type { Summary } from "../runs/summary.ts";
import { ConsoleSink } from "../sinks/console.ts";
import { printSummary } from "../sinks/console-summary.ts";
import { LocustFigures } from "../sinks/locust-figures.ts";
import type { Control } from "../ui/control.ts";
import type { LocustFile } from "../ui/figures.ts";
import { TargetFile } from "../ui/target-file.ts";
import { exitCode } from "../verdict/verdict.ts";
import { ThreadArchive } from "./archive.ts";
import { type Io, wantsColor } from "./io.ts";
import { spawnedAt } from "./locust/plan.ts";
import type { OutputFlags } from "./output-flags.ts";
import { fileSinks, writeOutputs } from "./outputs.ts";
import { type Addresses, serve } from "./serving.ts";
import { type SessionFlags, TOKEN_VARIABLE } from "./session-flags.ts";
import { Signals } from "./signals.ts";
import { ratiosOf } from "./task-ratio.ts";

/** What of a run is the session's, not the plan's: where it runs and who is told. */
export interface SessionOptions extends Addresses {
  processes: number | undefined;
  runs: string;
  outputs: OutputFlags;
  lingerMs: number | undefined;
  /** How the run goes is not printed, only its end. */
  quiet: boolean;
}

/** What flags say of it; `outputs` are the files of this run, where they are not the flags' own. */
export function sessionOf(
  io: Io,
  flags: SessionFlags & { processes?: number; quiet?: boolean },
  outputs: OutputFlags = flags,
): SessionOptions {
  return {
    processes: flags.processes,
    runs: flags.runs,
    outputs,
    listen: flags.listen,
    metricsListen: flags.metricsListen,
    token: flags.webToken ?? (io.environment[TOKEN_VARIABLE] || undefined),
    lingerMs: flags.linger,
    quiet: flags.quiet ?? false,
  };
}

/**
 * Runs a plan with everything around it: console, server, signals, JSON summary, and the wait for scrapers. Gives the
 * exit code and the summary.
 */
export async function session(
  io: Io,
  { plan, feeds, plannedAtMs }: Prepared,
  options: SessionOptions,
  threads = new Threads(io.environment),
): Promise<{ code: number; summary: Summary }> {
  const color = wantsColor(io);
  const say = new ConsoleSink(io.stdout, { color });
  const figures = new LocustFigures(spawnedAt(plan));
  const workers = workersFor(plan, options.processes);
  threads.keep(workers);
  const run = new Run({
    plan,
    feeds,
    plannedAtMs,
    workers,
    runFile: join(options.runs, `${plan.runId}.db`),
    sinks: [...(options.quiet ? [] : [say]), figures, ...(await fileSinks(options.outputs))],
    secret: (name) => io.environment[name] ?? "",
    openLink: threads.open,
  });
  const signals = new Signals(run);
  const served = {
    metrics: (accept: string | undefined) => run.prometheus.render(accept),
    title: () => `${plan.scenario} ${plan.profile}`,
    viewed: run.view,
    figures: {
      requests: () => figures.requests(),
      exceptions: () => figures.exceptions(),
      csv: (file: LocustFile) => figures.csv(file),
      tasks: () => ratiosOf(plan),
      logs: () => run.view.view?.events.map(({ message }) => message) ?? [],
    },
    archive: new ThreadArchive(options.runs),
    runFile: () => run.runFile.path,
    control: controlOf(run, figures),
    onError: (error: unknown) => run.note(`An answer of the server failed: ${String(error)}`),
  };
  const { page, servers } = await serve(io, served, options);
  say.metricsUrl = `${page.url}/metrics`;
  const targets = new TargetFile(options.runs);
  const unlisted = await targets.name(page.address);
  if (unlisted !== undefined) run.note(unlisted.message);
  const release = io.onSignal((signal) => signals.handle(signal));

  const outcome = await run.execute();
  const hurried = signals.loadEnded();
  printSummary(outcome.summary, io.stdout, { color });
  io.stdout.write(`Run file: ${run.runFile.path}\n`);
  const code = exitCode(outcome.verdict);
  await writeOutputs(io, options.outputs, outcome.summary, run.runFile.path);
  const lingering = { signal: hurried, ...(options.lingerMs === undefined ? {} : { capMs: options.lingerMs }) };
  await Promise.all(servers.map((server) => server.linger(lingering)));
  release();
  await Promise.all([targets.clear(), ...servers.map((server) => server.close())]);
  return { code, summary: outcome.summary };
}

/** The page of a run that was started from the command line can stop it, and start no other. */
function controlOf(run: Run, figures: LocustFigures): Control {
  return {
    choices: () => undefined,
    get running() {
      return run.state === "running" || run.state === "stopping";
    },
    start: () => ({
      message: "This page is of one run. Without a command, plimsoll -f FILE starts runs from its page.",
    }),
    stop: () => {
      if (run.state === "running") run.stop("the page");
      return undefined;
    },
    scale: (load) => {
      const done = run.scale(load);
      return done.kind === "problem" ? done : undefined;
    },
    reset: () => {
      figures.reset();
      run.view.reset();
      return undefined;
    },
  };
}

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { usersOf } from "../load/stages.ts";
import { monotonicMs, SystemClock } from "../metrics/clock.ts";
import { Run } from "../run.ts";
import type { Plan } from "../scenario/plan.ts";
import { ConsoleSink } from "../sinks/console.ts";
import { printSummary } from "../sinks/console-summary.ts";
import { type ListenAddress, type Server, startServer } from "../ui/server.ts";
import { TargetFile } from "../ui/target-file.ts";
import { exitCode } from "../verdict/verdict.ts";
import { type Io, UsageError, wantsColor } from "./io.ts";
import { type OutputFlags, writeOutputs } from "./outputs.ts";

/** What of a run is the session's, not the plan's: where it runs and who is told. */
export interface SessionOptions {
  processes: number | undefined;
  runs: string;
  outputs: OutputFlags;
  listen: ListenAddress | undefined;
  metricsListen: ListenAddress | undefined;
  lingerMs: number | undefined;
}

/**
 * Runs a plan with everything around it: console, server, signals, JSON summary, and the wait for scrapers. Gives the
 * exit code.
 */
export async function session(io: Io, plan: Plan, plannedAtMs: number, options: SessionOptions): Promise<number> {
  const color = wantsColor(io);
  const say = new ConsoleSink(io.stdout, { color });
  const run = new Run({
    plan,
    plannedAtMs,
    workers: workersFor(plan, options.processes),
    runFile: join(options.runs, `${plan.runId}.db`),
    sinks: [say],
    secret: (name) => io.environment[name] ?? "",
  });
  const signals = new Signals(run);
  const { page, servers } = await serve(io, run, plan, options);
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
  await writeOutputs(io, options.outputs, outcome.summary);
  const lingering = { signal: hurried, ...(options.lingerMs === undefined ? {} : { capMs: options.lingerMs }) };
  await Promise.all(servers.map((server) => server.linger(lingering)));
  release();
  await Promise.all([targets.clear(), ...servers.map((server) => server.close())]);
  return code;
}

/**
 * By default one core is left to the main thread: a scrape or a report then delays no request. -1 asks for one a core. No
 * more than there are users: a worker without any would have nobody for its arrivals.
 */
function workersFor({ loads }: Plan, processes: number | undefined): number {
  const cores = availableParallelism();
  const wanted = processes === -1 ? cores : (processes ?? cores - 1);
  return Math.max(1, Math.min(wanted, ...loads.map(({ load }) => usersOf(load))));
}

/** The first signal lets requests finish, the second does not; one after the load's end ends the wait for scrapers. */
class Signals {
  readonly #run: Run;
  readonly #hurry = new AbortController();
  #phase: "running" | "stopping" | "ended" = "running";

  constructor(run: Run) {
    this.#run = run;
  }

  handle(signal: string): void {
    switch (this.#phase) {
      case "running":
        this.#phase = "stopping";
        this.#run.stop(signal);
        break;
      case "stopping":
        this.#run.abort();
        break;
      case "ended":
        this.#hurry.abort();
    }
  }

  /** From now on a signal aborts what is returned. */
  loadEnded(): AbortSignal {
    this.#phase = "ended";
    return this.#hurry.signal;
  }
}

/** The server of the page, and all of them: `--metrics-listen` asks for a second, of `/metrics` alone. */
async function serve(
  io: Io,
  run: Run,
  plan: Plan,
  { listen, metricsListen }: SessionOptions,
): Promise<{ page: Server; servers: Server[] }> {
  const common = {
    metrics: (accept: string | undefined) => run.prometheus.render(accept),
    title: () => `${plan.scenario} ${plan.profile}`,
    viewed: run.view,
    clock: new SystemClock(monotonicMs()),
    onError: (error: unknown) => run.note(`An answer of the server failed: ${String(error)}`),
  };
  const servers: Server[] = [];
  const start = async (options: { listen: ListenAddress | undefined; metricsOnly: boolean }) => {
    const server = await startServer({ ...common, ...options });
    if (server.kind === "problem") {
      await Promise.all(servers.map((other) => other.close()));
      throw new UsageError(server.message);
    }
    if (server.notice !== undefined) io.stderr.write(`${server.notice}\n`);
    servers.push(server);
    return server;
  };
  // First the one that was asked for: the page gives way where it was not.
  if (metricsListen !== undefined) await start({ listen: metricsListen, metricsOnly: true });
  return { page: await start({ listen, metricsOnly: false }), servers };
}

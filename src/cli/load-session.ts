import { join } from "node:path";
import { Threads } from "../cluster/thread-link.ts";
import { workersFor } from "../load/share.ts";
import type { Opened, Prepared } from "../prepare.ts";
import { type Outcome, Run } from "../run.ts";
import type { Sink } from "../runs/sink.ts";
import type { Watcher } from "../runs/view-sink.ts";
import { endOfLoads, type Plan, UNTIL_STOPPED_MS } from "../scenario/plan.ts";
import { printJudgement } from "../sinks/console-summary.ts";
import { CsvSink } from "../sinks/csv.ts";
import { LocustConsole } from "../sinks/locust-console.ts";
import { LocustFigures } from "../sinks/locust-figures.ts";
import { LocustJson } from "../sinks/locust-json.ts";
import type { Choices, Control, Refusal, Wanted, WantedLoad } from "../ui/control.ts";
import type { Figures } from "../ui/figures.ts";
import type { Viewed } from "../ui/live.ts";
import { choicesOf, NO_PROFILE } from "./choices.ts";
import { type Io, UsageError, wantsColor } from "./io.ts";
import { locustExitCode } from "./locust/exit.ts";
import type { Log } from "./locust/log.ts";
import { classCounts, planFor, spawnedAt } from "./locust/plan.ts";
import type { LocustSettings } from "./locust/settings.ts";
import { outputName, writeOutput } from "./output-file.ts";
import { writeOutputs } from "./outputs.ts";
import { ratiosOf } from "./task-ratio.ts";

/** Who stopped a run, in its verdict. */
const THE_PAGE = "the page";

/** As Locust's: users a second where a key asks for more or fewer. */
const KEYS_SPAWN_RATE = 100;

/** One run of a session, from its start to its end. */
interface Current {
  run: Run;
  plan: Plan;
  console: LocustConsole;
  json: LocustJson;
  /** Its end was asked for: by a signal, or by the page. */
  stoppedBy: string | undefined;
  /** How many users were asked for while it ran: from then on the plan's stages do not hold. */
  asked: number | undefined;
}

/** Starts and stops runs of one scenario, one at a time, and tells of each in Locust's way. */
export class LoadSession implements Control {
  readonly #io: Io;
  readonly #scenario: Opened;
  readonly #settings: LocustSettings;
  readonly #log: Log;
  #current: Current | undefined;
  #last: Run | undefined;
  #figures = new LocustFigures();
  #plan: Plan | undefined;
  readonly #watchers = new Set<Watcher>();
  #idle: Promise<void> = Promise.resolve();
  #code = 0;

  /** Throws a UsageError where the settings alone do not make a plan. */
  constructor(io: Io, scenario: Opened, settings: LocustSettings, log: Log) {
    this.#io = io;
    this.#scenario = scenario;
    this.#settings = settings;
    this.#log = log;
    // What is wrong is said before anything is served.
    if (settings.start === "page") this.#usualPlan();
    else planFor(io, scenario, settings, {});
  }

  /** What the page is called. */
  get title(): string {
    return this.#scenario.scenario.name;
  }

  /** The exit code of the latest run; 0 before the first. */
  get exitCode(): number {
    return this.#code;
  }

  /** Resolves when no run is under way. */
  get idle(): Promise<void> {
    return this.#idle;
  }

  /** The view of the latest run. */
  readonly viewed: Viewed = {
    shown: () => this.#last?.view.shown(),
    watch: (watcher) => {
      this.#watchers.add(watcher);
      return () => this.#watchers.delete(watcher);
    },
  };

  /** The latest run as Locust would tell it. */
  readonly figures: Figures = {
    requests: () => this.#figures.requests(),
    exceptions: () => this.#figures.exceptions(),
    csv: (file) => this.#figures.csv(file),
    tasks: () => ratiosOf(this.#plan ?? this.#usualPlan()),
    logs: () => this.#log.latest,
  };

  /** The file of the latest run. */
  runFile(): string | undefined {
    return this.#last?.runFile.path;
  }

  /** `/metrics` of the latest run; empty before the first. */
  async metrics(accept: string | undefined): Promise<{ contentType: string; body: string }> {
    return (
      this.#last?.prometheus.render(accept) ?? { contentType: "text/plain; version=0.0.4; charset=utf-8", body: "" }
    );
  }

  note(message: string): void {
    if (this.#current === undefined) this.#log.say("WARNING", "main", message);
    else this.#current.run.note(message);
  }

  get running(): boolean {
    return this.#current !== undefined;
  }

  choices(): Choices {
    return choicesOf(this.#scenario.scenario, this.#settings);
  }

  /** Starts a run, unless one is under way or what is wanted does not fit the scenario. */
  start(wanted: Wanted): Refusal {
    if (this.#current !== undefined) return { message: "A run is under way: stop it first." };
    try {
      this.#begin(planFor(this.#io, this.#scenario, this.#settings, wanted));
      return undefined;
    } catch (error) {
      if (error instanceof UsageError) return { message: error.message };
      throw error;
    }
  }

  /** What the settings alone would run. */
  #usualPlan(): Plan {
    const { profile } = this.choices();
    const wanted = profile === NO_PROFILE ? { users: this.#settings.users ?? 1 } : { profile };
    return planFor(this.#io, this.#scenario, this.#settings, wanted).plan;
  }

  #begin({ plan, feeds, plannedAtMs }: Prepared): void {
    const { csv, processes, runs } = this.#settings;
    const resetAtMs = this.#settings.resetStats ? spawnedAt(plan) : undefined;
    const json = new LocustJson(resetAtMs);
    const console = new LocustConsole(this.#io.stderr, {
      liveTable: this.#settings.liveTable,
      log: (level, part, message) => this.#log.say(level, part, message),
      classCounts,
      resetAtMs,
    });
    const figures = new LocustFigures(spawnedAt(plan) ?? 0, resetAtMs);
    const sinks: Sink[] = [
      console,
      figures,
      ...(csv === undefined ? [] : [new CsvSink(outputName(csv.prefix, plan, this.#settings), { ...csv, resetAtMs })]),
      ...(this.#settings.json || this.#settings.jsonFile !== undefined ? [json] : []),
    ];
    const run = new Run({
      plan,
      feeds,
      plannedAtMs,
      workers: workersFor(plan, processes),
      runFile: join(runs, `${plan.runId}.db`),
      sinks,
      secret: (name) => this.#io.environment[name] ?? "",
      openLink: new Threads(this.#io.environment).open,
    });
    let begun = false;
    run.view.watch({
      tick: (tick, standing) => {
        // Who looks on has the view of the run before.
        this.#each((watcher) => (begun ? watcher.tick(tick, standing) : watcher.renewed()));
        begun = true;
      },
      renewed: () => this.#each((watcher) => watcher.renewed()),
    });
    const current = { run, plan, console, json, stoppedBy: undefined, asked: undefined };
    this.#current = current;
    this.#last = run;
    this.#figures = figures;
    this.#plan = plan;
    this.#idle = this.#execute(current).finally(() => {
      this.#current = undefined;
    });
  }

  /** Ends the run under way, if there is one: what is under way is finished, within the stop timeout. */
  stop(who = THE_PAGE): Refusal {
    if (this.#current === undefined) return { message: "No run is under way." };
    if (this.#current.stoppedBy === undefined) {
      this.#current.stoppedBy = who;
      this.#current.run.stop(who);
    }
    return undefined;
  }

  /** Changes the load: all loads of its kind share it. */
  scale(load: WantedLoad): Refusal {
    if (this.#current === undefined) return { message: "No run is under way." };
    const { run, plan, console } = this.#current;
    const { spawnRate = KEYS_SPAWN_RATE } = this.#settings;
    const wanted = load.kind === "users" ? { spawnRate, ...load } : load;
    const done = run.scale(wanted);
    if (done.kind === "problem") return done;
    if (wanted.kind === "arrivals") return undefined;
    this.#current.asked = wanted.users;
    console.scaled(plan, wanted.users, wanted.spawnRate);
    return undefined;
  }

  reset(): Refusal {
    if (this.#current === undefined) return { message: "No run is under way." };
    this.#figures.reset();
    this.#current.run.view.reset();
    return undefined;
  }

  /** So many users more or fewer than are wanted now. */
  change(by: number): void {
    const users = this.#current?.asked ?? this.#current?.run.wanted.users;
    if (users === undefined) return;
    const refused = this.scale({ kind: "users", users: Math.max(0, users + by), spawnRate: KEYS_SPAWN_RATE });
    if (refused !== undefined) this.#log.say("WARNING", "main", refused.message);
  }

  abort(): void {
    this.#current?.run.abort();
  }

  async #execute(current: Current): Promise<void> {
    const outcome = await current.run.execute();
    const { plan, console, stoppedBy } = current;
    const code = locustExitCode(outcome, {
      hasThresholds: plan.thresholds.length > 0,
      onError: this.#settings.exitCodeOnError,
      stopIsTheEnd: stoppedBy === THE_PAGE || endOfLoads(plan.loads) >= UNTIL_STOPPED_MS,
    });
    this.#code = code;
    const headless = this.#settings.start === "headless";
    const { start, end } = outcome.summary.run;
    if (stoppedBy === undefined) this.#sayEnd(plan, (end - start) * 1000);
    if (headless) this.#log.say("INFO", "main", `Shutting down (exit code ${code})`);
    if (this.#settings.jsonFile === undefined) console.finish();
    await this.#write(current, outcome, code);
  }

  #each(tell: (watcher: Watcher) => void): void {
    for (const watcher of this.#watchers) tell(watcher);
  }

  #sayEnd({ loads }: Plan, lastedMs: number): void {
    // A load of iterations, or one that a threshold aborted, has its own end.
    const inTime = loads.every(({ load }) => load.kind !== "iterations") && lastedMs >= endOfLoads(loads) - 500;
    const reason = inTime ? "--run-time limit reached" : "Load completed";
    const next = this.#settings.start === "headless" ? "shutting down" : "stopping test";
    this.#log.say("INFO", "main", `${reason}, ${next}`);
  }

  /** All that is kept of a run beside its run file. That one of them cannot be written loses neither the others nor the verdict. */
  async #write({ run, plan, json }: Current, outcome: Outcome, code: number): Promise<void> {
    const { html, jsonFile } = this.#settings;
    const summary = { ...outcome.summary, verdict: { ...outcome.summary.verdict, exitCode: code } };
    printJudgement(summary, this.#io.stderr, { color: wantsColor({ ...this.#io, stdout: this.#io.stderr }) });
    this.#io.stderr.write(`Run file: ${run.runFile.path}\n`);
    if (this.#settings.json) this.#io.stdout.write(json.text());
    const named = (name: string) => outputName(name, plan, this.#settings);
    const problem = jsonFile === undefined ? undefined : await writeOutput(`${named(jsonFile)}.json`, json.text());
    if (problem !== undefined) this.#log.say("ERROR", "main", problem);
    // Nothing but the JSON that was asked for goes to stdout.
    const outputs = { ...this.#settings.outputs, ...(html === undefined ? {} : { html: named(html) }) };
    await writeOutputs({ ...this.#io, stdout: this.#io.stderr }, outputs, summary, run.runFile.path);
  }
}

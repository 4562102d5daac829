import { Coordinator } from "./cluster/coordinator.ts";
import type { OpenLink } from "./cluster/protocol.ts";
import { Threads } from "./cluster/thread-link.ts";
import type { Levels, Wanted } from "./load/scale.ts";
import { type Clock, monotonicMs, SystemClock, sleepUntil } from "./metrics/clock.ts";
import type { Snapshot } from "./metrics/snapshot.ts";
import type { RunState } from "./metrics/vocabulary.ts";
import { Around, type Variables } from "./run/around.ts";
import { Assessment } from "./run/assessment.ts";
import { Audience } from "./run/audience.ts";
import { Course } from "./run/course.ts";
import { Duplicates } from "./run/duplicates.ts";
import { TargetWatch } from "./run/target-watch.ts";
import { Traces } from "./run/traces.ts";
import { RunFile } from "./runs/run-file.ts";
import type { RunEvent, RunPhase, Sink } from "./runs/sink.ts";
import { type Summary, summarise } from "./runs/summary.ts";
import { ViewSink } from "./runs/view-sink.ts";
import type { FeedTable } from "./scenario/feed-table.ts";
import { type Plan, UNTIL_STOPPED_MS } from "./scenario/plan.ts";
import { type Lead, SPAWN_MS } from "./search/finder.ts";
import { PrometheusSink } from "./sinks/prometheus.ts";
import { collectorsFor, type MakeCollectors } from "./target/supervise.ts";
import type { RecoveryFigures } from "./verdict/recovery.ts";
import type { ThresholdState, Verdict } from "./verdict/verdict.ts";

const TICK_MS = 1000;
/** Workers take their snapshots on the second; a tick leaves them time to arrive. */
const TICK_DELAY_MS = 100;
/** Workers, which are prepared, have this long to hear of the start, so that the first users are not late. */
const LEAD_MS = 20;

export interface RunOptions {
  plan: Plan;
  /** The rows of its feeds. */
  feeds: readonly FeedTable[];
  /** When the plan was made, on `monotonicMs`'s scale: the wall clock is read once, then. */
  plannedAtMs: number;
  workers: number;
  /** Where the run file goes; it must not exist yet. */
  runFile: string;
  /** Who is told beside the run file and `/metrics`. */
  sinks: Sink[];
  /** A secret's value, for sources of the target's health. */
  secret(name: string): string;
  /** How to get a worker; by default a thread. */
  openLink?: OpenLink;
}

export interface Outcome {
  verdict: Verdict;
  summary: Summary;
}

/** One run: wires plan, workers, sources, judge and sinks, and ticks once a second until the load has ended. */
export class Run {
  /** What `/metrics` serves. */
  readonly prometheus = new PrometheusSink();
  /** What the page shows. */
  readonly view = new ViewSink(() => this.#assessment.health());
  readonly runFile: RunFile;
  readonly #options: RunOptions;
  readonly #coordinator: Coordinator;
  readonly #assessment: Assessment;
  readonly #audience: Audience;
  readonly #course: Course;
  readonly #around: Around;
  readonly #traces = new Traces(this.prometheus, (message) => this.note(message));
  readonly #duplicates = new Duplicates((message) => this.#tell("check", message));
  /** From the baseline on. */
  #target: TargetWatch | undefined;
  #untold: RunEvent[] = [];
  #clock: Clock = new SystemClock(monotonicMs());
  #plan: Plan;
  #state: RunState = "running";
  #begun = false;
  #stoppedBy: string | undefined;
  #shareLost = false;
  /** Ends a run that has no load and only watches. */
  readonly #watched = new AbortController();
  /** Ends the watching after the load. */
  readonly #recovered = new AbortController();
  #loadEndedAt: number | undefined;

  constructor(options: RunOptions) {
    const { plan, sinks } = options;
    this.#options = options;
    this.#plan = plan;
    this.runFile = new RunFile(options.runFile, (message) => this.note(message));
    this.#course = new Course(plan);
    this.#around = new Around({
      plan,
      plannedAtMs: options.plannedAtMs,
      secret: options.secret,
      tell: (kind, message) => this.#tell(kind, message),
    });
    this.#assessment = new Assessment(plan, this.#lead());
    const told = [this.runFile, this.prometheus, this.view, ...sinks];
    this.#audience = new Audience(told, (message) => this.note(message));
    this.#coordinator = new Coordinator(options.openLink ?? new Threads().open, {
      snapshot: (snapshot) => this.runFile.keepWorker(snapshot),
      spans: (spans, dropped, unsampled) => this.#traces.take(spans, dropped, unsampled),
      lost: (worker, reason, replacedBy) => {
        if (replacedBy === undefined) this.#shareLost = true;
        const what =
          replacedBy === undefined ? "its share of the load is lost" : `worker ${replacedBy} takes its share`;
        this.#tell("worker", `Worker ${worker} is gone (${reason}); ${what}.`);
      },
    });
  }

  get state(): RunState {
    return this.#state;
  }

  /** What the load now wants: users of its users' loads, arrivals a second of its open ones. */
  get wanted(): Levels {
    return this.#course.wanted(this.#clock.now());
  }

  /**
   * Changes the load while it runs, from a moment ahead to its end, whatever its stages say: the number of users, or the
   * rate of arrivals. Gives what is wrong with that, for people.
   */
  scale(wanted: Wanted): { kind: "scaled" } | { kind: "problem"; message: string } {
    const under = this.#state === "running" && this.#begun;
    const loads = under ? this.#course.change(wanted, this.#clock.now()) : undefined;
    if (loads === undefined) {
      return { kind: "problem", message: `No load of ${wanted.kind} is under way that could be changed.` };
    }
    this.#plan = { ...this.#plan, loads };
    this.#assessment.follow(loads);
    this.#coordinator.follow(loads);
    return { kind: "scaled" };
  }

  /** Ends the load: what is under way is finished. `who` stands in the verdict. */
  stop(who: string): void {
    if (this.#loadEndedAt !== undefined) {
      this.#recovered.abort();
      return;
    }
    // Watching without an end of its own has it here.
    if (this.#plan.watchMs !== UNTIL_STOPPED_MS) this.#stoppedBy ??= who;
    this.#end(`Stopped by ${who}`);
  }

  #end(why: string): void {
    this.#state = "stopping";
    this.#tell("stop", this.#plan.watchMs === undefined ? `${why}: requests under way are finished.` : `${why}.`);
    this.#watched.abort();
    this.#coordinator.stop();
  }

  /** Ends the load at once: what is under way is aborted. */
  abort(): void {
    this.#around.abort();
    if (this.#loadEndedAt !== undefined) {
      this.#recovered.abort();
      return;
    }
    this.#tell("stop", "Stopped at once: requests under way are aborted.");
    this.#coordinator.abort();
  }

  /** Records something that happened, for all who are told. */
  note(message: string): void {
    this.#tell("generator", message);
  }

  /** Runs the load to its end and judges it. */
  async execute(): Promise<Outcome> {
    this.#coordinator.open(this.#options.workers);
    const variables = await this.#around.run("setup", []);
    if (this.#around.notRun !== undefined) return this.#leave(variables);
    const prepared = this.#coordinator.prepare(this.#plan, { feeds: this.#options.feeds, variables });
    const startTraces = await this.#traces.load(this.#plan);
    const collectorsOf = await collectorsFor(this.#plan.sources);
    await prepared;
    const { beforeMs = 0, afterMs = 0 } = this.#plan;
    const originMs = monotonicMs() + LEAD_MS + beforeMs;
    const startedAt = this.#plan.startedAt + originMs - this.#options.plannedAtMs;
    this.#clock = new SystemClock(originMs);
    this.#plan = { ...this.#plan, startedAt };
    this.#coordinator.start({ originMs, startedAt });
    this.#begun = true;
    startTraces(this.#plan, this.#clock);
    this.#audience.each((sink) => sink.start(this.#plan));
    await sleepUntil(this.#clock, -beforeMs);
    const target = this.#watch(collectorsOf);
    if (beforeMs > 0) this.#tell("baseline-start", `The target is watched for ${beforeMs / 1000} s before the load.`);

    const ended = new AbortController();
    const done = this.#ended().finally(() => ended.abort());
    await this.#tickUntil(ended.signal, Math.ceil(-beforeMs / TICK_MS));
    await done;
    const endedAt = Math.max(0, this.#clock.now());
    this.#loadEndedAt = endedAt;
    this.#assessment.loadEnded(endedAt);
    const recovery =
      afterMs > 0 && this.#stoppedBy === undefined && this.#plan.sources.length > 0
        ? await this.#recover(endedAt, afterMs)
        : undefined;
    await target.stop();
    await this.#around.run("teardown", variables);
    await Promise.all([this.#coordinator.close(), this.#traces.close()]);
    if (recovery === undefined) this.#tick(endedAt, "conclude");
    else this.#tick(this.#clock.now());
    return this.#conclude(endedAt, recovery);
  }

  /** Once a second from the second `first` on. */
  async #tickUntil(ended: AbortSignal, first: number): Promise<void> {
    for (let tick = first; !ended.aborted; tick++) {
      await sleepUntil(this.#clock, tick * TICK_MS + TICK_DELAY_MS, ended);
      // A main thread that was held up skips ticks: a snapshot is not given an earlier time than its figures have.
      tick = Math.max(tick, Math.floor((this.#clock.now() - TICK_DELAY_MS) / TICK_MS));
      if (!ended.aborted) this.#tick(tick * TICK_MS);
    }
  }

  /** Watches until the target is back where it was before the load, or for `afterMs`. */
  async #recover(endedAt: number, afterMs: number): Promise<RecoveryFigures> {
    this.#tell("load-end", "The load has ended; the target is watched until it is back where it was.", endedAt);
    this.#tick(endedAt, "conclude");
    const latest = this.#clock.at(endedAt + afterMs, () => this.#recovered.abort());
    await this.#tickUntil(this.#recovered.signal, Math.floor(endedAt / TICK_MS) + 1);
    latest.cancel();
    const figures = this.#assessment.recovery(this.#clock.now());
    const text =
      figures.seconds === null
        ? `The target was not back where it was before the load within ${figures.watched.toFixed(0)} s.`
        : `The target is back where it was before the load, ${figures.seconds.toFixed(1)} s after its end.`;
    this.#tell("recovered", text);
    return figures;
  }

  /** After a setup that failed: what it has made is taken down, and there was no load. */
  async #leave(variables: Variables): Promise<Outcome> {
    this.#audience.each((sink) => sink.start(this.#plan));
    await Promise.all([this.#around.run("teardown", variables), this.#coordinator.close()]);
    this.#tick(0, "conclude");
    return this.#conclude(0, undefined);
  }

  /** Resolves when the load has ended, or the time for which the target is only watched. */
  #ended(): Promise<void> {
    const { watchMs } = this.#plan;
    return watchMs === undefined ? this.#coordinator.done : sleepUntil(this.#clock, watchMs, this.#watched.signal);
  }

  async #conclude(endedAt: number, recovery: RecoveryFigures | undefined): Promise<Outcome> {
    const conclusion = this.#assessment.conclude({
      snapshot: this.#coordinator.total(endedAt),
      stoppedBy: this.#stoppedBy,
      notRun: this.#around.notRun,
      shareLost: this.#shareLost,
      recovery,
      warnings: this.#around.warnings,
    });
    const { verdict, analysis } = conclusion;
    this.#state = verdict.state;
    this.runFile.conclude(analysis);
    const summary = summarise({
      ...conclusion,
      plan: this.#plan,
      target: conclusion.target.summary(),
      endedAt,
      evidence: this.#target?.evidence ?? [],
    });
    await this.#audience.stop(verdict);
    return { verdict, summary };
  }

  #tick(at: number, how: "evaluate" | "conclude" = "evaluate"): void {
    const snapshot = this.#coordinator.total(at);
    const phase = this.#phaseAt(at);
    if (phase !== "baseline") this.#addOwn(snapshot);
    const observations = this.#target?.take() ?? [];
    this.#assessment.observe(observations);
    if (phase === "load") {
      this.#duplicates.look(snapshot);
      this.#heed(this.#assessment.judge(snapshot, how));
    } else if (phase === "recovery" && this.#assessment.isBack) this.#recovered.abort();
    const events = this.#untold;
    this.#untold = [];
    if (phase === "load") this.#assessment.take(snapshot, events);
    if (how === "evaluate" && this.#state === "running") this.#assessment.search(snapshot);
    const thresholds = this.#assessment.states;
    this.#audience.each((sink) => sink.write({ snapshot, observations, events, thresholds, phase }));
  }

  /** What a search does to this run. */
  #lead(): Lead {
    return {
      scale: (load) => {
        const spawnRate = load / (SPAWN_MS / 1000);
        this.scale(
          this.#plan.search?.kind === "users"
            ? { kind: "users", users: load, spawnRate }
            : { kind: "arrivals", perSecond: load },
        );
        return this.#course.changedAt;
      },
      tell: (message) => this.#tell("search", message),
      end: () => this.#end("The search has ended"),
    };
  }

  #phaseAt(at: number): RunPhase {
    if (at < 0) return "baseline";
    return this.#loadEndedAt === undefined || at <= this.#loadEndedAt ? "load" : "recovery";
  }

  /** A critical limit with `abort` that is broken ends the load: users finish the request under way and begin no other. */
  #heed(states: readonly ThresholdState[]): void {
    this.#target?.heed(states);
    const by = states.find(({ abortedMs }) => abortedMs !== undefined);
    if (by === undefined || this.#state !== "running") return;
    this.#end(`Aborted by ${by.expression}`);
  }

  /** What the main thread knows and no worker does: the stage of the load, and what became of spans. */
  #addOwn(snapshot: Snapshot): void {
    for (const { kind, message } of this.#course.turnsUpTo(snapshot.at)) this.#tell(kind, message);
    this.#course.addTo(snapshot, this.#plan.startedAt);
    this.#traces.addTo(snapshot);
  }

  #watch(collectorsOf: MakeCollectors): TargetWatch {
    this.#target = new TargetWatch({
      plan: this.#plan,
      clock: this.#clock,
      collectorsOf,
      secret: this.#options.secret,
      slowest: this.#traces.slowest,
      onEvent: (event) => this.#untold.push(event),
    });
    return this.#target;
  }

  /** Before the run's clock goes there is no time but its beginning. */
  #now(): number {
    return this.#begun ? this.#clock.now() : -(this.#plan.beforeMs ?? 0);
  }

  #tell(kind: RunEvent["kind"], message: string, at = this.#now()): void {
    this.#untold.push({ at, kind, message });
  }
}

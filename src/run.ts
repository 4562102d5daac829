import { Coordinator } from "./cluster/coordinator.ts";
import type { OpenLink } from "./cluster/protocol.ts";
import { openThread } from "./cluster/thread-link.ts";
import type { OnceResult } from "./load/once.ts";
import type { Levels, Wanted } from "./load/scale.ts";
import { type Clock, monotonicMs, SystemClock, sleepUntil } from "./metrics/clock.ts";
import type { BreachEvidence } from "./metrics/exhibit.ts";
import { type Observation, seriesName } from "./metrics/observation.ts";
import type { Snapshot } from "./metrics/snapshot.ts";
import type { Span } from "./metrics/span.ts";
import type { RunState } from "./metrics/vocabulary.ts";
import { Around } from "./run/around.ts";
import { Audience } from "./run/audience.ts";
import { Course } from "./run/course.ts";
import { Duplicates } from "./run/duplicates.ts";
import { RunFile } from "./runs/run-file.ts";
import type { RunEvent, RunPhase, Sink } from "./runs/sink.ts";
import { type Summary, summarise } from "./runs/summary.ts";
import { ViewSink } from "./runs/view-sink.ts";
import type { FeedTable } from "./scenario/feed-table.ts";
import { hasThresholds, type Plan, type SearchPlan, UNTIL_STOPPED_MS } from "./scenario/plan.ts";
import { Secrets, secretNames } from "./scenario/secrets.ts";
import { Finder, SPAWN_MS } from "./search/finder.ts";
import { foundEvidence, ofSearch } from "./search/found.ts";
import { OtlpTraces } from "./sinks/otlp.ts";
import { PrometheusSink } from "./sinks/prometheus.ts";
import { Breaches } from "./target/breach.ts";
import { createCollector } from "./target/collector.ts";
import { Slowest } from "./target/slowest.ts";
import { type Supervision, supervise } from "./target/supervise.ts";
import { doubtsOf } from "./verdict/doubt.ts";
import { type Analysis, analyse } from "./verdict/findings/analysis.ts";
import { Judge } from "./verdict/judge.ts";
import { duringLoad, Recovery, type RecoveryFigures } from "./verdict/recovery.ts";
import { RunSeries } from "./verdict/run-series.ts";
import { Trust } from "./verdict/trust.ts";
import { decide, type ThresholdState, type Verdict } from "./verdict/verdict.ts";

const TICK_MS = 1000;
/** Workers take their snapshots on the second; a tick leaves them time to arrive. */
const TICK_DELAY_MS = 100;
const TRACES_SHUTDOWN_MS = 5000;
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
  readonly view = new ViewSink(() => ({
    target: this.#judge.target.summary(),
    trust: this.#trust.result(),
    analysis: this.#analysis,
  }));
  readonly runFile: RunFile;
  readonly #options: RunOptions;
  readonly #coordinator: Coordinator;
  readonly #judge: Judge;
  readonly #series: RunSeries;
  #analysis: Analysis | undefined;
  readonly #trust = new Trust();
  readonly #audience: Audience;
  #observations: Observation[] = [];
  #untold: RunEvent[] = [];
  #clock: Clock = new SystemClock(monotonicMs());
  #plan: Plan;
  #traces: OtlpTraces | undefined;
  readonly #course: Course;
  readonly #around: Around;
  #state: RunState = "running";
  #begun = false;
  #stoppedBy: string | undefined;
  #shareLost = false;
  /** Why there was no load. */
  #notRun: string | undefined;
  readonly #warnings: string[] = [];
  readonly #duplicates = new Duplicates((message) => this.#tell("check", message));
  /** Ends a run that has no load and only watches. */
  readonly #watched = new AbortController();
  readonly #slowest = new Slowest();
  readonly #evidence: BreachEvidence[] = [];
  #breaches: Breaches | undefined;
  /** Of a plan that searches. */
  readonly #finder: Finder | undefined;
  readonly #recovery = new Recovery();
  /** Ends the watching after the load. */
  readonly #recovered = new AbortController();
  #loadEndedAt: number | undefined;
  /** How the limits stand, at the end of the load as they stay. */
  #states: ThresholdState[] = [];

  constructor(options: RunOptions) {
    const { plan, sinks } = options;
    this.#options = options;
    this.#plan = plan;
    this.runFile = new RunFile(options.runFile, (message) => this.note(message));
    this.#course = new Course(plan.loads);
    this.#around = new Around({
      plan,
      plannedAtMs: options.plannedAtMs,
      secret: options.secret,
      tell: (kind, message) => this.#tell(kind, message),
    });
    this.#judge = new Judge(plan);
    this.#series = new RunSeries(plan, this.#judge);
    if (plan.search !== undefined) this.#finder = this.#searching(plan.search);
    const told = [this.runFile, this.prometheus, this.view, ...sinks];
    this.#audience = new Audience(told, (message) => this.note(message));
    this.#coordinator = new Coordinator(options.openLink ?? openThread, {
      snapshot: (snapshot) => this.runFile.keepWorker(snapshot),
      spans: (spans, dropped, unsampled) => {
        this.#slowest.add(spans);
        this.#traces?.offer(spans);
        this.#traces?.count(dropped, unsampled);
      },
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
    this.#series.follow(loads);
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
    const { variables } = await this.#once("setup", []);
    if (this.#notRun !== undefined) return this.#leave(variables);
    const prepared = this.#coordinator.prepare(this.#plan, { feeds: this.#options.feeds, variables });
    const startTraces = this.#plan.traces === undefined ? undefined : await OtlpTraces.load();
    await prepared;
    const { beforeMs = 0, afterMs = 0 } = this.#plan;
    const originMs = monotonicMs() + LEAD_MS + beforeMs;
    const startedAt = this.#plan.startedAt + originMs - this.#options.plannedAtMs;
    this.#clock = new SystemClock(originMs);
    this.#plan = { ...this.#plan, startedAt };
    this.#coordinator.start({ originMs, startedAt });
    this.#begun = true;
    this.#traces = startTraces?.(this.#plan, this.#clock, (message) => this.note(message));
    this.#traces?.onExported((span) => this.#showExemplar(span));
    this.#audience.each((sink) => sink.start(this.#plan));
    await sleepUntil(this.#clock, -beforeMs);
    const sources = this.#watch();
    this.#breaches = this.#gatherBy(sources);
    if (beforeMs > 0) this.#tell("baseline-start", `The target is watched for ${beforeMs / 1000} s before the load.`);

    const ended = new AbortController();
    const done = this.#ended().finally(() => ended.abort());
    await this.#tickUntil(ended.signal, Math.ceil(-beforeMs / TICK_MS));
    await done;
    const endedAt = Math.max(0, this.#clock.now());
    this.#loadEndedAt = endedAt;
    this.#recovery.loadEnded(endedAt);
    const recovery =
      afterMs > 0 && this.#stoppedBy === undefined && this.#plan.sources.length > 0
        ? await this.#recover(endedAt, afterMs)
        : undefined;
    await this.#breaches.stop();
    await sources.stop();
    await this.#once("teardown", variables);
    await Promise.all([this.#coordinator.close(), this.#traces?.shutdown(TRACES_SHUTDOWN_MS)]);
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
    const figures = this.#recovery.figures(this.#clock.now());
    const text =
      figures.seconds === null
        ? `The target was not back where it was before the load within ${figures.watched.toFixed(0)} s.`
        : `The target is back where it was before the load, ${figures.seconds.toFixed(1)} s after its end.`;
    this.#tell("recovered", text);
    return figures;
  }

  /** After a setup that failed: what it has made is taken down, and there was no load. */
  async #leave(variables: OnceResult["variables"]): Promise<Outcome> {
    this.#audience.each((sink) => sink.start(this.#plan));
    await Promise.all([this.#once("teardown", variables), this.#coordinator.close()]);
    this.#tick(0, "conclude");
    return this.#conclude(0, undefined);
  }

  /** Setup or teardown. What went wrong is said in the verdict. */
  async #once(name: "setup" | "teardown", variables: OnceResult["variables"]): Promise<OnceResult> {
    const result = await this.#around.run(name, variables);
    const { failure } = result;
    if (failure !== undefined && name === "setup") this.#notRun = `setup failed, so that no load was run: ${failure}`;
    if (failure !== undefined && name === "teardown") this.#warnings.push(`teardown failed: ${failure}`);
    return result;
  }

  /** Resolves when the load has ended, or the time for which the target is only watched. */
  #ended(): Promise<void> {
    const { watchMs } = this.#plan;
    return watchMs === undefined ? this.#coordinator.done : sleepUntil(this.#clock, watchMs, this.#watched.signal);
  }

  async #conclude(endedAt: number, recovery: RecoveryFigures | undefined): Promise<Outcome> {
    const snapshot = this.#coordinator.total(endedAt);
    const trust = this.#trust.result();
    if (this.#shareLost && this.#stoppedBy === undefined) {
      trust.trusted = false;
      trust.reasons.push("a worker was lost and not replaced, so that less was asked of the target than was planned");
    }
    const found = this.#finder?.found();
    const states = this.#states;
    const judged = { states, trust, doubts: this.#plan.watchMs === undefined ? doubtsOf(this.#series) : [] };
    const verdict = decide({
      ...(found === undefined ? judged : foundEvidence(found, trust)),
      stoppedBy: this.#stoppedBy,
      snapshot,
      hasThresholds: hasThresholds(this.#plan),
      watchOnly: this.#plan.watchMs !== undefined,
      notRun: this.#notRun,
      warnings: [...this.#warnings, ...(found?.warnings ?? [])],
    });
    this.#state = verdict.state;
    const analysis = analyse(this.#series, this.#states, trust.trusted);
    this.#analysis = found === undefined ? analysis : ofSearch(found, analysis);
    this.runFile.conclude(this.#analysis);
    const summary = summarise({
      plan: this.#plan,
      snapshot,
      states,
      verdict,
      target: this.#judge.target.summary(),
      trust,
      analysis: this.#analysis,
      endedAt,
      recovery,
      evidence: this.#evidence,
    });
    await this.#audience.stop(verdict);
    return { verdict, summary };
  }

  #tick(at: number, how: "evaluate" | "conclude" = "evaluate"): void {
    const snapshot = this.#coordinator.total(at);
    const phase = this.#phaseAt(at);
    if (phase !== "baseline") this.#addOwn(snapshot);
    const observations = this.#observations;
    this.#observations = [];
    this.#recovery.observe(observations);
    this.#judge.observe(duringLoad(observations, this.#loadEndedAt));
    if (phase === "load") {
      this.#duplicates.look(snapshot);
      this.#trust.observe(snapshot);
      this.#states = this.#judge[how](snapshot);
      // What a search broke on its way says nothing of the line that it found.
      if (how === "conclude") this.#states = this.#finder?.found().states ?? this.#states;
      this.#heed(this.#states);
    } else if (phase === "recovery" && this.#recovery.isBack) this.#recovered.abort();
    const events = this.#untold;
    this.#untold = [];
    if (phase === "load") this.#series.take(snapshot, events);
    if (how === "evaluate" && this.#state === "running") this.#finder?.look(snapshot);
    this.#audience.each((sink) => sink.write({ snapshot, observations, events, thresholds: this.#states, phase }));
  }

  #searching(search: SearchPlan): Finder {
    return new Finder(search, this.#plan.loads, this.#series, {
      scale: (load) => {
        const spawnRate = load / (SPAWN_MS / 1000);
        this.scale(
          search.kind === "users" ? { kind: "users", users: load, spawnRate } : { kind: "arrivals", perSecond: load },
        );
        return this.#course.changedAt;
      },
      tell: (message) => this.#tell("search", message),
      end: () => this.#end("The search has ended"),
    });
  }

  #phaseAt(at: number): RunPhase {
    if (at < 0) return "baseline";
    return this.#loadEndedAt === undefined || at <= this.#loadEndedAt ? "load" : "recovery";
  }

  /** A critical limit with `abort` that is broken ends the load: users finish the request under way and begin no other. */
  #heed(states: readonly ThresholdState[]): void {
    this.#breaches?.heed(states);
    const by = states.find(({ abortedMs }) => abortedMs !== undefined);
    if (by === undefined || this.#state !== "running") return;
    this.#end(`Aborted by ${by.expression}`);
  }

  /** What the coordinator knows and no worker does: the stage of the load, and what became of spans. */
  #addOwn(snapshot: Snapshot): void {
    for (const { number, of, turn } of this.#course.turnsUpTo(snapshot.at)) {
      if (this.#finder !== undefined) this.#tell("stage", `The search asks for ${turn.wanted}.`);
      else if (turn.asked) this.#tell("scale", `The load was changed: from now on ${turn.wanted}.`);
      else if (of > 1) this.#tell("stage", `Stage ${number} of ${of}: ${turn.wanted}.`);
    }
    this.#course.addTo(snapshot, this.#plan.startedAt);
    if (this.#traces === undefined) return;
    const { exported, dropped, unsampled } = this.#traces.counts();
    for (const [result, value] of Object.entries({ exported, dropped, unsampled })) {
      snapshot.counters[seriesName("plimsoll_spans_total", { result })] = value;
    }
  }

  #showExemplar({ request, errorType, startedAt, endedAt, traceId, spanId }: Span): void {
    const outcome = errorType === undefined ? "success" : "failure";
    this.prometheus.setExemplar({
      request,
      outcome,
      seconds: (endedAt - startedAt) / 1000,
      traceId,
      spanId,
      at: endedAt,
    });
  }

  #gatherBy(sources: Supervision): Breaches {
    const secrets = new Secrets(this.#options.secret);
    for (const name of secretNames(this.#plan)) secrets.value(name);
    return new Breaches({
      clock: this.#clock,
      ask: async (signal) => [...(await sources.evidence(signal)), ...this.#slowest.exhibits(this.#clock.now())],
      redact: (text) => secrets.redact(text),
      onEvidence: (evidence) => {
        this.#evidence.push(evidence);
        const kept = evidence.exhibits.map(({ source, title, lines }) => `${lines.length} ${title} of ${source}`);
        const message = `Kept as evidence for ${evidence.thresholds.join("; ")}: ${kept.join(", ")}.`;
        this.#untold.push({ at: evidence.at, kind: "evidence", message, evidence });
      },
    });
  }

  #watch(): Supervision {
    const clock = this.#clock;
    const onEvent = ({ kind, message }: { kind: "source"; message: string }) => this.#tell(kind, message);
    const wallAt = (time: number) => this.#plan.startedAt + time;
    const deps = { clock, secret: this.#options.secret, onEvent, wallAt, trust: this.#plan.http.tls };
    return supervise({
      sources: this.#plan.sources.map((source) => ({
        collector: createCollector(source, deps),
        everyMs: source.everyMs,
        timeoutMs: source.timeoutMs,
      })),
      clock,
      onObservations: (observations) => this.#observations.push(...observations),
      onEvent,
      wallAt,
    });
  }

  /** Before the run's clock goes there is no time but its beginning. */
  #now(): number {
    return this.#begun ? this.#clock.now() : -(this.#plan.beforeMs ?? 0);
  }

  #tell(kind: RunEvent["kind"], message: string, at = this.#now()): void {
    this.#untold.push({ at, kind, message });
  }
}

import { fromTheStart, type Resume } from "../load/executor.ts";
import type { Share } from "../load/share.ts";
import type { Provisions } from "../load/worker.ts";
import { monotonicMs } from "../metrics/clock.ts";
import { metricSeries } from "../metrics/observation.ts";
import { type Snapshot, SnapshotSum } from "../metrics/snapshot.ts";
import type { Span } from "../metrics/span.ts";
import { RunUniques } from "../metrics/uniques.ts";
import type { Plan, PlannedLoad } from "../scenario/plan.ts";
import type { FromWorker, Link, LinkListener, OpenLink, Origin, ToWorker } from "./protocol.ts";

/** A worker that dies again and again has a fault that another one will meet too. */
const MAX_REPLACEMENTS = 5;

/** Who is told what happens among the workers. */
export interface CoordinatorListener {
  /** A worker has told its state: all of it, as it now stands. */
  snapshot(snapshot: Snapshot): void;
  spans(spans: Span[], dropped: number, unsampled: number): void;
  lost(worker: string, reason: string, replacedBy: string | undefined): void;
}

interface Member {
  link: Link;
  share: Share;
  resume: Resume;
  /** Turns of its users that may have taken rows. */
  turns: number;
  state: "loading" | "ready" | "running" | "done" | "lost";
}

/**
 * Shares a plan among workers and adds up what they say. A dead worker's share moves to a new one at once; what it had
 * counted stays in the sum.
 */
export class Coordinator {
  readonly #open: OpenLink;
  readonly #listener: CoordinatorListener;
  readonly #members = new Map<string, Member>();
  readonly #sum = new SnapshotSum();
  readonly #uniques = new RunUniques();
  readonly #ready = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();
  /** What workers carry, once it is known. */
  #work: { plan: Plan; provisions: Provisions } | undefined;
  /** Once the load has started. */
  #origin: Origin | undefined;
  /** What the load was changed to. */
  #changed: PlannedLoad[] | undefined;
  #stopping: "stop" | "abort" | undefined;
  #opened = 0;
  #replaced = 0;

  constructor(open: OpenLink, listener: CoordinatorListener) {
    this.#open = open;
    this.#listener = listener;
  }

  /** Opens so many workers: they load their programs meanwhile. */
  open(workers: number): void {
    if (workers === 0) this.#ready.resolve();
    for (let index = 0; index < workers; index++) this.#add({ index, of: workers }, fromTheStart);
  }

  /** Resolves when all workers have made the plan runnable. */
  prepare(plan: Plan, provisions: Provisions): Promise<void> {
    this.#work = { plan, provisions };
    for (const { link, share } of this.#members.values()) link.send({ kind: "prepare", ...this.#work, share });
    return this.#ready.promise;
  }

  start(origin: Origin): void {
    this.#origin = origin;
    for (const member of this.#members.values()) if (member.state === "ready") this.#begin(member, origin);
  }

  /** The loads are others, the same up to a moment a little ahead: who is told in time keeps to both. */
  follow(loads: PlannedLoad[]): void {
    this.#changed = loads;
    this.#tellAll({ kind: "follow", loads });
  }

  /** Resolves when every worker has ended its share and said its last. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  stop(): void {
    this.#stopping ??= "stop";
    this.#tellAll({ kind: "stop" });
  }

  abort(): void {
    this.#stopping = "abort";
    this.#tellAll({ kind: "abort" });
  }

  async close(): Promise<void> {
    // Their end is no loss.
    for (const member of this.#members.values()) if (member.state !== "lost") member.state = "done";
    await Promise.all([...this.#members.values()].map(({ link }) => link.close()));
  }

  /** The sum of all workers. `at` is the run's milliseconds. */
  total(at: number): Snapshot {
    const total = this.#sum.total(at);
    this.#uniques.addTo(total);
    for (const [worker, { state }] of this.#members) {
      total.gauges[`plimsoll_worker_up{worker="${worker}"}`] = state === "lost" ? 0 : 1;
    }
    return total;
  }

  #tellAll(message: ToWorker): void {
    for (const { link, state } of this.#members.values()) if (state === "running") link.send(message);
  }

  #add(share: Share, resume: Resume): string {
    const worker = String(this.#opened++);
    const listener: LinkListener = {
      message: (from, message) => this.#hear(from, message),
      gone: (from, reason) => this.#lose(from, reason),
    };
    const link = this.#open(worker, listener);
    this.#members.set(worker, { link, share, resume, turns: resume.turns, state: "loading" });
    if (this.#work !== undefined) link.send({ kind: "prepare", ...this.#work, share });
    return worker;
  }

  #begin(member: Member, origin: Origin): void {
    member.state = "running";
    member.link.send({ kind: "start", ...origin, resume: member.resume });
    if (this.#changed !== undefined) member.link.send({ kind: "follow", loads: this.#changed });
    if (this.#stopping !== undefined) member.link.send({ kind: this.#stopping });
  }

  #hear(worker: string, message: FromWorker): void {
    const member = this.#members.get(worker);
    if (member === undefined) return;
    switch (message.kind) {
      case "ready":
        member.state = "ready";
        if (this.#origin !== undefined) this.#begin(member, this.#origin);
        if ([...this.#members.values()].every(({ state }) => state !== "loading")) this.#ready.resolve();
        break;
      case "snapshot":
        this.#sum.take(message.snapshot);
        this.#listener.snapshot(this.#sum.latestOf(worker) ?? message.snapshot);
        this.#listener.spans(message.spans, message.spansDropped, message.spansUnsampled);
        break;
      case "values":
        for (const values of message.values) this.#uniques.take(worker, values);
        break;
      case "reserved":
        member.turns = Math.max(member.turns, message.turns);
        break;
      case "done":
        member.state = "done";
        this.#finishIfAllAre();
        break;
    }
  }

  #lose(worker: string, reason: string): void {
    const member = this.#members.get(worker);
    if (member === undefined || member.state === "done") return;
    member.state = "lost";
    this.#sum.forgetGauges(worker);
    let replacement: string | undefined;
    if (this.#stopping === undefined && this.#replaced < MAX_REPLACEMENTS) {
      this.#replaced++;
      replacement = this.#add(member.share, this.#resumeOf(worker, member));
    }
    this.#listener.lost(worker, reason, replacement);
    this.#finishIfAllAre();
  }

  /** What was counted stays counted, and what was due stays undone: too much load would be worse than a gap. */
  #resumeOf(worker: string, { resume, turns }: Member): Resume {
    const { counters = {} } = this.#sum.latestOf(worker) ?? {};
    const counted = metricSeries(counters, "plimsoll_iterations_total");
    const iterations = counted.reduce((sum, [, count]) => sum + count, resume.iterations);
    const fromMs = this.#origin === undefined ? 0 : Math.max(0, monotonicMs() - this.#origin.originMs);
    return { fromMs, iterations, generation: resume.generation + 1, turns };
  }

  #finishIfAllAre(): void {
    if ([...this.#members.values()].every(({ state }) => state === "done" || state === "lost")) {
      this.#ready.resolve();
      this.#done.resolve();
    }
  }
}

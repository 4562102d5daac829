import { ClassicBounds } from "../metrics/histogram.ts";
import { emptySnapshot } from "../metrics/snapshot.ts";
import { type RunState, runStates } from "../metrics/vocabulary.ts";
import type { Sink, Tick } from "../runs/sink.ts";
import type { Plan } from "../scenario/plan.ts";
import type { ThresholdState, Verdict } from "../verdict/verdict.ts";
import { Catalogue } from "./prometheus-catalogue.ts";
import { LabelBounds } from "./prometheus-labels.ts";
import { contentTypes, ExpositionRegistry, formatFor, loadProcessMetrics } from "./prometheus-registry.ts";
import { RequestFamilies } from "./prometheus-requests.ts";
import { TargetFamilies } from "./prometheus-target.ts";

/** The trace of one request that was exported, to be shown beside the bucket that it counts in. */
export interface RequestExemplar {
  /** The request's name. */
  request: string;
  outcome: "success" | "failure";
  seconds: number;
  traceId: string;
  spanId: string;
  /** The run's milliseconds. */
  at: number;
}

/** What `/metrics` answers. */
export interface Exposition {
  contentType: string;
  body: string;
}

/**
 * Tells Prometheus, which asks. A tick is only kept; the text is made when somebody asks for it, once a tick and format.
 * Before `start` there are only the metrics of the process.
 */
export class PrometheusSink implements Sink {
  readonly name = "prometheus";
  readonly #registry = new ExpositionRegistry();
  #run: RunExposition | undefined;
  #stale = false;

  start(plan: Plan): void {
    this.#run = new RunExposition(plan, this.#registry);
    this.#stale = true;
  }

  write(tick: Tick): void {
    this.#run?.write(tick);
    void loadProcessMetrics();
    this.#stale = true;
  }

  async stop(verdict: Verdict): Promise<void> {
    this.#run?.stop(verdict);
    this.#stale = true;
  }

  /** Shown with the next tick, in OpenMetrics only; the newest of each bucket. */
  setExemplar(exemplar: RequestExemplar): void {
    this.#run?.setExemplar(exemplar);
  }

  /** The whole of `/metrics` in the format that the header `Accept` asks for. */
  async render(accept: string | undefined): Promise<Exposition> {
    if (this.#stale) {
      this.#run?.show();
      this.#registry.refresh();
      this.#stale = false;
    }
    const format = formatFor(accept);
    return { contentType: contentTypes[format], body: await this.#registry.render(format) };
  }
}

/** One run as its families see it: the latest of everything. */
class RunExposition {
  readonly #startedAt: number;
  readonly #catalogue: Catalogue;
  readonly #requests: RequestFamilies;
  readonly #target: TargetFamilies;
  readonly #bounds = [new LabelBounds(), new LabelBounds()] as const;
  #snapshot = emptySnapshot();
  #thresholds: ThresholdState[] = [];
  #state: RunState = "running";

  constructor(plan: Plan, registry: ExpositionRegistry) {
    this.#startedAt = plan.startedAt;
    this.#catalogue = new Catalogue(plan, new ClassicBounds(plan.bounds).seconds, registry);
    // A flood of the target's labels must not push a request's name into `__other__`: each side has its own limits.
    const [ofRequests, ofTarget] = this.#bounds;
    this.#requests = new RequestFamilies(this.#catalogue, ofRequests);
    this.#target = new TargetFamilies(plan.target, ofTarget, registry);
    this.#initialise(plan);
  }

  #initialise(plan: Plan): void {
    const catalogue = this.#catalogue;
    const { scenario, profile, version, target, labels } = plan;
    const git_sha = labels["git_sha"] ?? "";
    catalogue.cell("plimsoll_run_info", { scenario, profile, version, target, git_sha }).initialise(1);
    catalogue.cell("plimsoll_build_info", { version, node: process.versions.node }).initialise(1);
    catalogue.cell("plimsoll_run_start_timestamp_seconds").initialise(plan.startedAt / 1000);
    this.#requests.initialise(plan);
    for (const outcome of ["success", "failure"]) {
      catalogue.cell("plimsoll_iterations_total", { outcome }).initialise();
    }
    catalogue.cell("plimsoll_dropped_iterations_total", { reason: "no_free_user" }).initialise();
    catalogue.cell("plimsoll_connections_opened_total").initialise();
    catalogue.cell("plimsoll_label_overflow_total", { label: "request" }).initialise();
    if (plan.traces !== undefined) {
      for (const result of ["exported", "dropped", "unsampled"]) {
        catalogue.cell("plimsoll_spans_total", { result }).initialise();
      }
    }
    for (const { expression: threshold, target: aim, critical } of plan.thresholds) {
      for (const [level, limit] of Object.entries({ target: aim, critical })) {
        if (limit === undefined) continue;
        catalogue.cell("plimsoll_threshold_limit", { threshold, level }).initialise(limit.value);
      }
    }
  }

  write({ snapshot, observations, events, thresholds }: Tick): void {
    // A name that the vocabulary lacks is our bug: it is thrown here, where the run reports it, and not at a scrape.
    for (const name of [...Object.keys(snapshot.counters), ...Object.keys(snapshot.gauges)])
      this.#catalogue.named(name);
    for (const name of Object.keys(snapshot.histograms)) this.#catalogue.namedHistogram(name);
    this.#snapshot = snapshot;
    this.#thresholds = thresholds;
    this.#target.take(observations);
    if (events.some(({ kind }) => kind === "stop")) this.#state = "stopping";
  }

  stop(verdict: Verdict): void {
    this.#state = verdict.state;
    const endedAt = this.#startedAt + this.#snapshot.at;
    this.#catalogue.cell("plimsoll_run_end_timestamp_seconds").initialise(endedAt / 1000);
  }

  setExemplar({ request, outcome, at, ...exemplar }: RequestExemplar): void {
    this.#requests.setExemplar(request, outcome, { ...exemplar, timestamp: (this.#startedAt + at) / 1000 });
  }

  /** Puts the latest of everything into the families. */
  show(): void {
    const catalogue = this.#catalogue;
    catalogue.reset();
    this.#requests.add(this.#snapshot.series);
    for (const [name, value] of Object.entries(this.#snapshot.counters)) catalogue.named(name).add(value);
    for (const [name, value] of Object.entries(this.#snapshot.gauges)) catalogue.named(name).add(value);
    for (const [name, data] of Object.entries(this.#snapshot.histograms)) catalogue.namedHistogram(name).add(data);
    for (const { expression: threshold, level, limit, value, state } of this.#thresholds) {
      catalogue.cell("plimsoll_threshold_limit", { threshold, level }).value = limit.value;
      if (value !== undefined) catalogue.cell("plimsoll_threshold_value", { threshold, level }).value = value;
      if (state === "ok" || state === "broken") {
        catalogue.cell("plimsoll_threshold_ok", { threshold, level }).value = state === "ok" ? 1 : 0;
      }
    }
    for (const state of runStates) {
      catalogue.cell("plimsoll_run_state", { state }).value = state === this.#state ? 1 : 0;
    }
    this.#target.show();
    for (const [label, count] of this.#bounds.flatMap(({ overflows }) => [...overflows])) {
      catalogue.cell("plimsoll_label_overflow_total", { label }).add(count);
    }
  }
}

import { metricSeries } from "../metrics/observation.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import { endOfLoads, type PlannedLoad, type SearchPlan } from "../scenario/plan.ts";
import { type Condition, conditionsOf } from "../verdict/findings/condition.ts";
import type { RunSeries } from "../verdict/run-series.ts";
import { Trust } from "../verdict/trust.ts";
import { type End, type Found, foundBy } from "./found.ts";
import { bracketOf, inLoad, type Next, nextOf, type Trial } from "./search.ts";
import { figuresOf, inWords, QUEUED, type StepFigures, type Tried } from "./step.ts";

/** What a search can do to the run that it is in. */
export interface Lead {
  /** Changes the load; gives from when on, in the run's milliseconds. */
  scale(load: number): number;
  tell(message: string): void;
  /** Ends the load. */
  end(): void;
}

type Under =
  | { kind: "step"; load: number; fromMs: number; misses: number; trust: Trust }
  | { kind: "rest"; fromMs: number; next: number }
  | { kind: "over" };

/** A step that nothing is wrong with may be over after this share of its time. */
const EARLY = 0.5;
const SHORTEST_MS = 3000;
/** So many seconds after each other, two where it is far off, must show that a threshold is clearly broken. */
const CLEARLY = 3;
/** A step that does not tell goes on, up to so many times its length. */
const LONGEST = 2;
/** Latency, requests under way and queues are back when they are no more than this times what they were at first. */
const BACK = 1.5;
const LEAST_REST_MS = 2000;
const MOST_REST_MS = 30_000;
/** Users of a step begin within this time. */
export const SPAWN_MS = 2000;
/** Who waits at the target, when it is not back yet. */
const WAITING: ReadonlySet<string> = new Set(["queue_depth", "db_pool_pending_requests", "db_locks_waiting"]);

/** Searches for the load line in a run: looks at it each second, changes its load, and ends it when the line is found. */
export class Finder {
  readonly #search: SearchPlan;
  readonly #endMs: number;
  readonly #series: RunSeries;
  readonly #conditions: readonly Condition[];
  readonly #lead: Lead;
  readonly #tried: Tried[] = [];
  readonly #warnings: string[] = [];
  #under: Under;
  #end: End | undefined;
  /** Under the first load that held: what a target that has recovered comes back to. */
  #calm: { latency: number; inflight: number } | undefined;
  #inflight = 0;

  constructor(search: SearchPlan, loads: readonly PlannedLoad[], series: RunSeries, lead: Lead) {
    this.#search = search;
    this.#endMs = endOfLoads(loads);
    this.#series = series;
    this.#conditions = conditionsOf(series);
    this.#lead = lead;
    this.#under = { kind: "step", load: search.from, fromMs: 0, misses: 0, trust: new Trust() };
  }

  /** The run's series have this snapshot already. */
  look(snapshot: Snapshot): void {
    this.#inflight = metricSeries(snapshot.gauges, "plimsoll_inflight_requests").reduce((sum, [, n]) => sum + n, 0);
    const under = this.#under;
    if (under.kind === "over") return;
    if (under.kind === "step") this.#step(under, snapshot);
    else if (this.#isBack(under.fromMs, snapshot.at)) this.#try(under.next, snapshot);
  }

  /** What the search came to, once the load has ended. */
  found(): Found {
    const end: End = this.#end ?? { kind: "time", ...bracketOf(this.#tried) };
    return foundBy({ search: this.#search, tried: this.#tried, end, warnings: this.#warnings });
  }

  #step(step: Under & { kind: "step" }, snapshot: Snapshot): void {
    const { load, fromMs, trust } = step;
    trust.observe(snapshot);
    const elapsedMs = snapshot.at - fromMs;
    if (elapsedMs < LEAST_REST_MS) return;
    const figures = figuresOf(
      this.#series,
      this.#conditions,
      { load, fromMs, toMs: snapshot.at },
      { baseline: this.#calm?.latency, precision: this.#search.precision },
    );
    step.misses =
      figures.missedLately === undefined || figures.missed === undefined
        ? 0
        : step.misses + (figures.missedLately.far ? 1.5 : 1);
    const clearly = step.misses >= CLEARLY;
    if (!clearly && !this.#isTold(figures, elapsedMs)) return;
    const { missed } = figures;
    const doubts = missed === undefined ? [] : trust.result().reasons;
    const outcome = missed === undefined ? "held" : doubts.length > 0 ? "generator" : "broken";
    const { latency, utilization } = figures;
    this.#tried.push({ load, outcome, latency, utilization, figures, doubts });
    if (outcome === "held" && latency !== undefined && (this.#calm === undefined || latency < this.#calm.latency)) {
      this.#calm = { latency, inflight: Math.max(1, figures.requests * latency) };
    }
    const how =
      outcome === "held"
        ? "holds"
        : outcome === "broken"
          ? `breaks ${missed?.words}`
          : `the generator could not keep up (${doubts[0]})`;
    this.#lead.tell(`${inLoad(this.#search, load)}: ${inWords(figures)}, ${how}`);
    this.#go(nextOf(this.#search, this.#tried), outcome, snapshot);
  }

  /** Long enough. While loads rise, a step that shows no trouble needs less, and one that is far from its limits no more. */
  #isTold({ missed, told, latency, judged }: StepFigures, elapsedMs: number): boolean {
    const { forMs } = this.#search;
    const early = this.#isRising() && missed === undefined && isFar(judged);
    if (elapsedMs >= LONGEST * forMs) return true;
    if (elapsedMs >= forMs) return told || early;
    return early && elapsedMs >= Math.max(SHORTEST_MS, EARLY * forMs) && !this.#hasRisen(latency);
  }

  #isRising(): boolean {
    return this.#tried.every(({ outcome }) => outcome === "held");
  }

  #hasRisen(latency: number | undefined): boolean {
    return latency === undefined || (this.#calm !== undefined && latency > QUEUED * this.#calm.latency);
  }

  #go(next: Next, after: Trial["outcome"], snapshot: Snapshot): void {
    if (next.kind !== "try") {
      this.#stop(next);
      return;
    }
    if (snapshot.at + this.#search.forMs > this.#endMs) {
      this.#stop({ kind: "time", ...bracketOf(this.#tried) });
      return;
    }
    if (after === "held" && this.#isRising()) {
      this.#try(next.load, snapshot);
      return;
    }
    this.#under = { kind: "rest", fromMs: this.#scale(this.#restingLoad()), next: next.load };
  }

  #stop(end: End): void {
    this.#end = end;
    this.#under = { kind: "over" };
    this.#lead.end();
  }

  #try(load: number, snapshot: Snapshot): void {
    const trust = new Trust(snapshot);
    this.#under = { kind: "step", load, fromMs: this.#scale(load), misses: 0, trust };
  }

  /** Seconds are looked at whole: those in which the load changes belong to no step. */
  #scale(load: number): number {
    const spawningMs = this.#search.kind === "users" ? SPAWN_MS : 0;
    return Math.ceil((this.#lead.scale(load) + spawningMs) / 1000) * 1000;
  }

  /** The first load, if it held; else a part of the least that did not. */
  #restingLoad(): number {
    const least = Math.min(...this.#tried.map(({ load }) => load));
    const held = this.#tried.some(({ load, outcome }) => load === least && outcome === "held");
    if (held) return least;
    return this.#search.kind === "users" ? Math.max(1, Math.floor(least / 4)) : least / 4;
  }

  #isBack(fromMs: number, now: number): boolean {
    if (now - fromMs < LEAST_REST_MS) return false;
    if (now - fromMs >= MOST_REST_MS) {
      this.#warnings.push(
        `after a step that broke, the target was not back at its baseline within ${MOST_REST_MS / 1000} s`,
      );
      return true;
    }
    if (this.#calm === undefined) return now - fromMs >= this.#search.forMs / 2;
    const recent = { fromMs: now - 1000, toMs: now + 1 };
    const [moment] = this.#series.momentsIn(recent);
    const times = moment?.latency.times;
    const latency = times === undefined || times.count === 0 ? Number.POSITIVE_INFINITY : times.sum / times.count;
    const waits = this.#series.target.series.some((one) => {
      if (!WAITING.has(one.metric)) return false;
      const first = one.points([this.#tried[0]?.figures ?? recent]);
      return (one.newest().last || 0) > Math.max(1, first.max);
    });
    const { latency: before, inflight } = this.#calm;
    return latency <= BACK * before + 0.005 && this.#inflight <= BACK * inflight + 2 && !waits;
  }
}

/** From every limit on latency. */
function isFar(judged: StepFigures["judged"]): boolean {
  return judged.every(({ condition: { threshold, limit }, judged: { value } }) => {
    if (threshold.metric !== "latency" || !limit.operator.startsWith("<")) return true;
    return value !== undefined && value < limit.value / 2;
  });
}

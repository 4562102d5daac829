import { type Levels, levelsAt, scaled, type Wanted } from "../load/scale.ts";
import { usersOf } from "../load/stages.ts";
import { arrivalRateAt, type Turn, timelineOf } from "../load/timeline.ts";
import { seriesName } from "../metrics/observation.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import type { PlimsollMetric } from "../metrics/vocabulary.ts";
import type { RunEvent } from "../runs/sink.ts";
import type { Plan, PlannedLoad } from "../scenario/plan.ts";

/** A load is changed from so long ahead, so that all workers know by then. */
const SCALE_LEAD_MS = 100;
/** Two times this close are one. */
const ROUNDING_MS = 1e-3;

/** What the load wants at which time: as planned, and as it was changed since. */
export class Course {
  readonly #searches: boolean;
  #loads: readonly PlannedLoad[];
  #timeline: Turn[];
  /** The last turn that was told. */
  #told = -1;
  /** From here on the load is what it was last asked to be; the run's milliseconds. */
  #changedAt = 0;

  constructor({ loads, search }: Pick<Plan, "loads" | "search">) {
    this.#searches = search !== undefined;
    this.#loads = loads;
    this.#timeline = timelineOf(loads);
  }

  get changedAt(): number {
    return this.#changedAt;
  }

  /** Users of users' loads, arrivals a second of open ones. */
  wanted(now: number): Levels {
    return levelsAt(this.#loads, Math.max(now, this.#changedAt));
  }

  /** Wants something else from a moment ahead on. Gives the loads that do; undefined where there is none to be changed. */
  change(wanted: Wanted, now: number): PlannedLoad[] | undefined {
    const at = Math.max(now + SCALE_LEAD_MS, this.#changedAt);
    const loads = scaled(this.#loads, at, wanted);
    if (loads === undefined) return undefined;
    this.#changedAt = at;
    this.#loads = loads;
    const isBefore = (turn: Turn) => turn.at < at - ROUNDING_MS;
    const later = timelineOf(loads).filter((turn) => !isBefore(turn));
    const asked = later.map((turn): Turn => (turn.at < at + ROUNDING_MS ? { ...turn, asked: true } : turn));
    this.#timeline = [...this.#timeline.filter(isBefore), ...asked];
    return loads;
  }

  /** What is to be told of the turns that were taken up to `at`, each once. */
  turnsUpTo(at: number): Pick<RunEvent, "kind" | "message">[] {
    const stage = this.#stageAt(at);
    const turns = this.#timeline.slice(this.#told + 1, stage + 1);
    const first = this.#told + 2;
    this.#told = Math.max(this.#told, stage);
    return turns.flatMap((turn, i) => this.#inWords(turn, first + i));
  }

  /** Puts the stage of the load and what it wants into a snapshot, which no worker knows. */
  addTo(snapshot: Snapshot, startedAt: number): void {
    const gauge = (metric: PlimsollMetric, value: number, labels: Record<string, string> = {}) => {
      snapshot.gauges[seriesName(metric, labels)] = value;
    };
    const stage = this.#stageAt(snapshot.at);
    if (stage >= 0) gauge("plimsoll_stage", stage);
    for (const [index, { at }] of this.#timeline.slice(0, stage + 1).entries()) {
      gauge("plimsoll_stage_start_timestamp_seconds", (startedAt + at) / 1000, { stage: String(index) });
    }
    const users = this.#loads.reduce((sum, { load }) => sum + usersOf(load), 0);
    gauge("plimsoll_users_max", users);
    const arrivalRate = arrivalRateAt(this.#loads, snapshot.at);
    if (arrivalRate !== undefined) gauge("plimsoll_arrival_rate_target", arrivalRate);
  }

  /** The only stage of a load is not news. */
  #inWords({ wanted, asked }: Turn, number: number): Pick<RunEvent, "kind" | "message">[] {
    const of = this.#timeline.length;
    if (this.#searches) return [{ kind: "stage", message: `The search asks for ${wanted}.` }];
    if (asked) return [{ kind: "scale", message: `The load was changed: from now on ${wanted}.` }];
    return of > 1 ? [{ kind: "stage", message: `Stage ${number} of ${of}: ${wanted}.` }] : [];
  }

  #stageAt(at: number): number {
    return this.#timeline.findLastIndex((turn) => turn.at <= at);
  }
}

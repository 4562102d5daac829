import { type Load, lengthOf } from "../scenario/plan.ts";
import { Arrivals } from "./arrival.ts";
import type { Driver, Executor, ExecutorParts } from "./executor.ts";
import { type Schedule, Walk } from "./schedule.ts";
import { owns } from "./share.ts";

type ArrivalsLoad = Extract<Load, { kind: "arrivals" }>;

/** An arrival starts at its time whatever the responses do. */
export class OpenModel implements Executor, Schedule {
  readonly #parts: ExecutorParts;
  readonly #arrivals: Arrivals;
  readonly #endMs: number;
  readonly #walk: Walk;
  #driver: Driver | undefined;

  constructor(load: ArrivalsLoad, parts: ExecutorParts, seed: number) {
    this.#parts = parts;
    this.#arrivals = new Arrivals(load.stages, load.spacing, seed);
    this.#endMs = parts.startMs + lengthOf(load);
    this.#walk = new Walk(parts.clock, this);
    this.#skip();
  }

  run(driver: Driver, stop: AbortSignal): Promise<void> {
    this.#driver = driver;
    return this.#walk.run(stop);
  }

  follow(load: Load): void {
    if (load.kind !== "arrivals") return;
    this.#arrivals.follow(load.stages);
    this.#skip();
    this.#walk.again();
  }

  dueAt(): number {
    const { time } = this.#arrivals;
    return time === undefined ? this.#endMs : this.#parts.startMs + time;
  }

  take(): boolean {
    const { n, time } = this.#arrivals;
    if (time === undefined) return false;
    this.#driver?.arrive(n, this.#parts.startMs + time, this.#walk.look);
    this.#arrivals.advance();
    this.#skip();
    return true;
  }

  /** Passes over what is others', and what was due before this worker took its share up. */
  #skip(): void {
    const { share, startMs, resume } = this.#parts;
    for (let time = this.#arrivals.time; time !== undefined; time = this.#arrivals.time) {
      if (owns(share, this.#arrivals.n) && startMs + time >= resume.fromMs) return;
      this.#arrivals.advance();
    }
  }
}

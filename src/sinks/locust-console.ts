import { metricSeries } from "../metrics/observation.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import type { RunEvent, Sink, Tick } from "../runs/sink.ts";
import { endOfLoads, type Load, type Plan, type PlannedLoad, UNTIL_STOPPED_MS } from "../scenario/plan.ts";
import type { Verdict } from "../verdict/verdict.ts";
import type { ConsoleOutput } from "./console-screen.ts";
import { LocustCounter, noStats, RecentStats } from "./locust-stats.ts";
import { errorReport, nameWidthFor, percentilesTable, statsTable } from "./locust-table.ts";

const TABLE_EVERY_MS = 2_000;
/** As Locust's own warning, which scripts look for. */
const BUSY = 0.9;

export interface LocustConsoleOptions {
  /** Whether the table is printed each 2 s. */
  liveTable: boolean;
  /** Says a log line; `part` is who says it. */
  log(level: "INFO" | "WARNING", part: string, message: string): void;
  /** How many of a load's first n users are of each class. */
  classCounts(load: PlannedLoad, n: number): Record<string, number>;
  /** Figures count from here on, in the run's milliseconds. */
  resetAtMs?: number | undefined;
}

/** Locust's console: its log lines, and its table each 2 s. The tables at the end are printed by `finish`. */
export class LocustConsole implements Sink {
  readonly name = "Locust's console";
  readonly #out: ConsoleOutput;
  readonly #options: LocustConsoleOptions;
  readonly #counter: LocustCounter;
  readonly #recent = new RecentStats();
  #ramps: Ramp[] = [];
  #begun = 0;
  /** Where each load was last sent; a changed one without its load, if there are several. */
  #reached: { load: PlannedLoad | undefined; users: number }[] = [];
  #spawning = false;
  #falling = false;
  /** When the last ramp was said, in the run's milliseconds: what was seen before says nothing of it. */
  #saidAt = 0;
  #nextTableAt = 0;
  #saidBusy = false;
  #last = noStats;

  constructor(out: ConsoleOutput, options: LocustConsoleOptions) {
    this.#out = out;
    this.#options = options;
    this.#counter = new LocustCounter(options.resetAtMs);
  }

  start(plan: Plan): void {
    this.#ramps = rampsOf(plan.loads);
    const endMs = endOfLoads(plan.loads);
    if (endMs >= UNTIL_STOPPED_MS) this.#say("No run time limit set, use CTRL+C to interrupt", "main");
    else this.#say(`Run time limit set to ${Math.round(endMs / 1000)} seconds`, "main");
    this.#followLoad(0, 0);
  }

  write({ snapshot, events }: Tick): void {
    for (const event of events) this.#sayEvent(event);
    const stats = this.#counter.count(snapshot);
    if (stats.since !== this.#last.since) this.#say("Resetting stats", "runner");
    this.#last = stats;
    this.#followLoad(snapshot.at, stats.users);
    this.#warnIfBusy(snapshot);
    if (!this.#options.liveTable) return;
    this.#recent.observe(stats);
    if (snapshot.at < this.#nextTableAt) return;
    this.#nextTableAt = (Math.floor(snapshot.at / TABLE_EVERY_MS) + 1) * TABLE_EVERY_MS;
    this.#print(statsTable(stats, this.#nameWidth, this.#recent));
  }

  async stop(_verdict: Verdict): Promise<void> {
    // What comes at the end comes after the exit code was said.
  }

  /** The number of users was changed: what the plan's stages say no longer holds. */
  scaled({ loads }: Plan, users: number, perSecond: number): void {
    const [only, ...more] = loads;
    this.#ramps = [];
    this.#begun = 0;
    this.#reached = [{ load: more.length === 0 ? only : undefined, users }];
    this.#sayRamp(users, perSecond);
  }

  /** Prints the tables of the whole run. */
  finish(): void {
    const width = this.#nameWidth;
    this.#print(statsTable(this.#last, width));
    this.#print(percentilesTable(this.#last, width));
    this.#print(errorReport(this.#last, width));
  }

  get #nameWidth(): number {
    // A terminal that says 0 columns does not know.
    return nameWidthFor((this.#out.isTTY === true && this.#out.columns) || undefined);
  }

  /** Says which ramp begins, and when its users are there. */
  #followLoad(at: number, users: number): void {
    for (let ramp = this.#ramps[this.#begun]; ramp !== undefined && ramp.at <= at; ramp = this.#ramps[this.#begun]) {
      this.#begun++;
      this.#reached = reachedBy(this.#ramps.slice(0, this.#begun));
      this.#sayRamp(ramp.users, ramp.perSecond);
    }
    const wanted = this.#reached.reduce((sum, ramp) => sum + ramp.users, 0);
    const there = this.#falling ? users <= wanted : users >= wanted;
    if (!this.#spawning || !there || at <= this.#saidAt) return;
    this.#spawning = false;
    const counts: Record<string, number> = {};
    for (const { load, users: n } of this.#reached) {
      for (const [name, count] of Object.entries(load === undefined ? {} : this.#options.classCounts(load, n))) {
        counts[name] = (counts[name] ?? 0) + count;
      }
    }
    const classes = Object.entries(counts).map(([name, count]) => `${JSON.stringify(name)}: ${count}`);
    this.#say(`All users spawned: {${classes.join(", ")}} (${wanted} total users)`, "runner");
  }

  #sayRamp(users: number, perSecond: number): void {
    const wanted = this.#reached.reduce((sum, ramp) => sum + ramp.users, 0);
    this.#spawning = true;
    this.#falling = wanted < this.#last.users;
    this.#saidAt = this.#last.at;
    this.#say(`Ramping to ${users} users at a rate of ${perSecond.toFixed(2)} per second`, "runner");
  }

  #warnIfBusy({ gauges }: Snapshot): void {
    const busiest = Math.max(
      0,
      ...metricSeries(gauges, "plimsoll_eventloop_utilization_ratio").map(([, value]) => value),
    );
    if (this.#saidBusy || busiest <= BUSY) return;
    this.#saidBusy = true;
    this.#options.log(
      "WARNING",
      "runner",
      "CPU usage above 90%! This may constrain your throughput and may even give inconsistent response time measurements! The verdict takes it into account; more worker threads (--processes) or another machine may help.",
    );
  }

  #sayEvent({ kind, message }: RunEvent): void {
    // Said as Locust says it when it was asked for.
    if (kind === "scale") return;
    const calm = kind === "stage" || kind === "stop";
    this.#options.log(calm ? "INFO" : "WARNING", kind === "source" ? "target" : "runner", message);
  }

  #say(message: string, part: string): void {
    this.#options.log("INFO", part, message);
  }

  #print(lines: readonly string[]): void {
    if (lines.length > 0) this.#out.write(`${lines.map((line) => line.trimEnd()).join("\n")}\n`);
  }
}

/** A number of users that a load goes to. */
interface Ramp {
  load: PlannedLoad;
  /** The run's milliseconds. */
  at: number;
  users: number;
  perSecond: number;
}

function rampsOf(loads: readonly PlannedLoad[]): Ramp[] {
  const ramps = loads.flatMap((load) =>
    stagesOf(load.load).map(({ at, ...ramp }) => ({ load, at: load.startMs + at, ...ramp })),
  );
  return ramps.sort((a, b) => a.at - b.at);
}

function stagesOf(load: Load): Omit<Ramp, "load">[] {
  if (load.kind === "arrivals") return [];
  if (load.kind === "iterations") return [{ at: 0, users: load.users, perSecond: load.users }];
  const ramps: Omit<Ramp, "load">[] = [];
  let at = 0;
  let before = 0;
  for (const { users, overMs, forMs } of load.stages) {
    const change = Math.abs(users - before);
    if (change > 0) ramps.push({ at, users, perSecond: overMs > 0 ? change / (overMs / 1000) : change });
    before = users;
    at += overMs + forMs;
  }
  return ramps;
}

/** The last ramp of each load. */
function reachedBy(begun: readonly Ramp[]): Ramp[] {
  return [...new Map(begun.map((ramp) => [ramp.load, ramp])).values()];
}

import { metricSeries } from "../metrics/observation.ts";
import type { Snapshot } from "../metrics/snapshot.ts";
import type { RunEvent, Sink, Tick } from "../runs/sink.ts";
import { endOfLoads, type Load, type Plan, type PlannedLoad, UNTIL_STOPPED_MS } from "../scenario/plan.ts";
import type { Verdict } from "../verdict/verdict.ts";
import type { ConsoleOutput } from "./console-screen.ts";
import { type LocustStats, locustStats, RecentStats } from "./locust-stats.ts";
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
}

/** Locust's console: its log lines, and its table each 2 s. The tables at the end are printed by `finish`. */
export class LocustConsole implements Sink {
  readonly name = "Locust's console";
  readonly #out: ConsoleOutput;
  readonly #options: LocustConsoleOptions;
  readonly #recent = new RecentStats();
  #ramps: Ramp[] = [];
  #begun = 0;
  #spawning = false;
  #nextTableAt = 0;
  #saidBusy = false;
  #last: LocustStats = locustStats({ at: 0, series: [], gauges: {} });

  constructor(out: ConsoleOutput, options: LocustConsoleOptions) {
    this.#out = out;
    this.#options = options;
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
    const stats = locustStats(snapshot);
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

  /** Prints the tables of the whole run. */
  finish(): void {
    const width = this.#nameWidth;
    this.#print(statsTable(this.#last, width));
    this.#print(percentilesTable(this.#last, width));
    this.#print(errorReport(this.#last, width));
  }

  get #nameWidth(): number {
    return nameWidthFor(this.#out.isTTY === true ? this.#out.columns : undefined);
  }

  /** Says which ramp begins, and when its users are there. */
  #followLoad(at: number, users: number): void {
    for (let ramp = this.#ramps[this.#begun]; ramp !== undefined && ramp.at <= at; ramp = this.#ramps[this.#begun]) {
      this.#begun++;
      this.#spawning = true;
      this.#say(`Ramping to ${ramp.users} users at a rate of ${ramp.perSecond.toFixed(2)} per second`, "runner");
    }
    if (!this.#spawning) return;
    const reached = reachedBy(this.#ramps.slice(0, this.#begun));
    const wanted = reached.reduce((sum, ramp) => sum + ramp.users, 0);
    if (users < wanted || at === 0) return;
    this.#spawning = false;
    const counts: Record<string, number> = {};
    for (const { load, users: n } of reached) {
      for (const [name, count] of Object.entries(this.#options.classCounts(load, n))) {
        counts[name] = (counts[name] ?? 0) + count;
      }
    }
    const classes = Object.entries(counts).map(([name, count]) => `${JSON.stringify(name)}: ${count}`);
    this.#say(`All users spawned: {${classes.join(", ")}} (${wanted} total users)`, "runner");
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

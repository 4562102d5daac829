import { addHistograms, type HistogramData, quantile, subtractHistograms } from "../metrics/histogram.ts";
import { metricSeries } from "../metrics/observation.ts";
import { requestCount, type Snapshot } from "../metrics/snapshot.ts";
import { count, duration, rate, runTime, share } from "../metrics/units.ts";
import type { RunEvent, RunPhase, Sink, Tick } from "../runs/sink.ts";
import type { Plan } from "../scenario/plan.ts";
import type { ThresholdState, Verdict } from "../verdict/verdict.ts";
import { loadsInWords, plannedMs } from "./console-load.ts";
import { type ConsoleOptions, type ConsoleOutput, type Line, type Piece, Screen } from "./console-screen.ts";
import { TargetGlance } from "./console-target.ts";

/** Live figures are of the last so many milliseconds, or little more. */
const WINDOW_MS = 10_000;
/** Without a terminal: one line every so often. */
const PLAIN_EVERY_MS = 5_000;
const BAR_WIDTH = 24;

/** What was counted up to a moment. */
interface Mark {
  at: number;
  requests: number;
  failures: number;
  latency: HistogramData | undefined;
}

/** The figures of the last seconds. */
interface Recent {
  rate: number;
  failing: number | undefined;
  latency: HistogramData | undefined;
}

/** Says how a run goes: drawn in place on a terminal, one line every five seconds elsewhere; events as they come. */
export class ConsoleSink implements Sink {
  readonly name = "console";
  /** Where Prometheus can scrape the run; said at the start if it is known by then. */
  metricsUrl: string | undefined;
  readonly #screen: Screen;
  readonly #target = new TargetGlance();
  #marks: Mark[] = [];
  #plannedMs = 0;
  #sources: string[] = [];
  /** There is no load. */
  #watchOnly = false;
  /** Each step is told at its end. */
  #searching = false;
  #nextPlainAt = PLAIN_EVERY_MS;

  constructor(out: ConsoleOutput, options: ConsoleOptions = {}) {
    this.#screen = new Screen(out, options);
  }

  start(plan: Plan): void {
    this.#plannedMs = plannedMs(plan);
    this.#nextPlainAt = PLAIN_EVERY_MS - (plan.beforeMs ?? 0);
    this.#sources = plan.sources.map(({ name }) => name);
    this.#watchOnly = plan.watchMs !== undefined;
    this.#searching = plan.search !== undefined;
    const rows: [string, string][] = [
      ...(plan.target === "" ? [] : [["target", plan.target] as [string, string]]),
      ...loadsInWords(plan).map((words): [string, string] => ["load", words]),
    ];
    if (plan.sources.length > 0) rows.push(["watching", plan.sources.map(({ name }) => name).join(", ")]);
    if (this.metricsUrl !== undefined) rows.push(["metrics", this.metricsUrl]);
    this.#screen.print(
      [],
      [
        { text: plan.scenario, style: "bold" },
        { text: `  ${plan.profile}`, style: "dim" },
      ],
      ...rows.map(([what, where]): Line => [{ text: `  ${what.padEnd(9)} `, style: "dim" }, where]),
      [],
    );
  }

  write({ snapshot, observations, events, thresholds, phase = "load" }: Tick): void {
    this.#target.observe(observations);
    const told = this.#searching ? events.filter(({ kind }) => kind !== "stage") : events;
    if (told.length > 0) this.#screen.print(...told.map(eventLine));
    if (this.#screen.isTerminal) {
      this.#screen.draw(...this.#status(snapshot, thresholds, phase));
    } else if (snapshot.at >= this.#nextPlainAt && !this.#searching) {
      this.#nextPlainAt = (Math.floor(snapshot.at / PLAIN_EVERY_MS) + 1) * PLAIN_EVERY_MS;
      if (this.#watchOnly || phase !== "load") this.#screen.print(...this.#watchedLines(snapshot.at));
      else this.#screen.print(this.#plainLine(snapshot));
    }
  }

  /** Leaves the screen to what comes next: the summary is `printSummary`'s. */
  async stop(_verdict: Verdict): Promise<void> {
    this.#screen.clear();
  }

  #status(snapshot: Snapshot, thresholds: readonly ThresholdState[], phase: RunPhase): Line[] {
    if (this.#watchOnly || phase !== "load") {
      return [
        this.#progress(snapshot),
        ...this.#target.sources(this.#sources).map((pieces): Line => ["  ", ...pieces]),
        ...(thresholds.length === 0 ? [] : [["  ", ...thresholdPieces(thresholds)]]),
      ];
    }
    const target = this.#target.pieces();
    return [
      this.#progress(snapshot),
      ["  ", ...spaced(this.#load(snapshot))],
      ...(target.length === 0 ? [] : [["  ", { text: "target ", style: "dim" } as const, ...spaced(target)]]),
      ...(thresholds.length === 0 ? [] : [["  ", ...thresholdPieces(thresholds)]]),
    ];
  }

  #progress({ at, series }: Snapshot): Line {
    const done = this.#plannedMs === 0 ? 0 : Math.max(0, Math.min(1, at / this.#plannedMs));
    const full = Math.round(done * BAR_WIDTH);
    const requests = series.reduce((sum, one) => sum + requestCount(one), 0);
    const failures = series.reduce((sum, one) => sum + one.failure.response.count, 0);
    const until = this.#plannedMs === 0 ? "until stopped" : runTime(this.#plannedMs);
    const counted = !this.#watchOnly ? `   ${count(requests)} requests, ${count(failures)} failed` : "";
    return [
      `  ${runTime(at).padStart(5)}  `,
      { text: "━".repeat(full), style: "cyan" },
      { text: "─".repeat(BAR_WIDTH - full), style: "dim" },
      { text: ` ${until}${counted}`, style: "dim" },
    ];
  }

  #watchedLines(at: number): Line[] {
    const time = `  ${runTime(at).padStart(5)}  `;
    return this.#target
      .sources(this.#sources)
      .map((pieces, i) => [i === 0 ? time : " ".repeat(time.length), ...pieces]);
  }

  #plainLine(snapshot: Snapshot): Line {
    const target = this.#target.pieces();
    const load = spaced([{ text: `  ${runTime(snapshot.at).padStart(5)}` }, ...this.#load(snapshot)]);
    return target.length === 0 ? load : [...load, "  | ", ...spaced(target)];
  }

  /** Figures keep their width, so that nothing jumps where it is redrawn and lines below one another can be compared. */
  #load(snapshot: Snapshot): Piece[] {
    const users = metricSeries(snapshot.gauges, "plimsoll_users").reduce((sum, [, value]) => sum + value, 0);
    const recent = this.#recent(snapshot);
    const at = (q: number) => {
      const seconds = recent.latency === undefined ? undefined : quantile(recent.latency, q);
      return (seconds === undefined ? "–" : duration(seconds)).padStart(7);
    };
    const failing = recent.failing === undefined ? "–" : share(recent.failing);
    return [
      { text: `users ${count(users).padStart(4)}` },
      { text: `rate ${rate(recent.rate).padStart(6)}`, style: "bold" },
      { text: `p50 ${at(0.5)}` },
      { text: `p95 ${at(0.95)}` },
      { text: `p99 ${at(0.99)}` },
      { text: `failed ${failing.padStart(6)}`, style: (recent.failing ?? 0) > 0 ? "red" : undefined },
    ];
  }

  /** Adding up all histograms costs milliseconds, so it is done only for what is shown. */
  #recent(snapshot: Snapshot): Recent {
    const mark = markOf(snapshot);
    const from = this.#marks.findLast(({ at }) => at <= mark.at - WINDOW_MS) ?? this.#marks[0];
    this.#marks = [...this.#marks.filter(({ at }) => from === undefined || at >= from.at), mark];
    const seconds = (mark.at - (from?.at ?? 0)) / 1000;
    const requests = mark.requests - (from?.requests ?? 0);
    const failures = mark.failures - (from?.failures ?? 0);
    const { latency } = mark;
    const earlier = from?.latency;
    return {
      rate: seconds > 0 ? requests / seconds : 0,
      failing: requests > 0 ? failures / requests : undefined,
      latency: latency === undefined || earlier === undefined ? latency : subtractHistograms(latency, earlier),
    };
  }
}

function markOf({ at, series }: Snapshot): Mark {
  const histograms = series.flatMap(({ success, failure }) => [success.response, failure.response]);
  const latency = histograms.length === 0 ? undefined : histograms.reduce(addHistograms);
  const failures = series.reduce((sum, { failure }) => sum + failure.response.count, 0);
  return { at, requests: latency?.count ?? 0, failures, latency };
}

const calmKinds: ReadonlySet<RunEvent["kind"]> = new Set([
  "stage",
  "scale",
  "search",
  "stop",
  "baseline-start",
  "load-end",
  "recovered",
]);

function eventLine({ at, kind, message }: RunEvent): Line {
  const calm = calmKinds.has(kind);
  return [
    { text: `  ${runTime(at).padStart(5)}  `, style: "dim" },
    { text: calm ? "· " : "! ", style: calm ? "dim" : "yellow" },
    message,
  ];
}

function thresholdPieces(states: readonly ThresholdState[]): Piece[] {
  const number = (wanted: (state: ThresholdState) => boolean) => states.filter(wanted).length;
  const broken = states.filter(({ state }) => state === "broken");
  const unknown = number(({ state }) => state === "no_data" || state === "few_samples");
  const pieces: Piece[] = [
    { text: "limits", style: "dim" },
    { text: `✓ ${number(({ state }) => state === "ok")}`, style: "green" },
  ];
  if (unknown > 0) pieces.push({ text: `? ${unknown}`, style: "dim" });
  if (broken.length > 0) {
    const severe = broken.some(({ level }) => level === "critical");
    const [first] = broken.toSorted((a) => (a.level === "critical" ? -1 : 1));
    pieces.push({ text: `✗ ${broken.length}  ${first?.expression ?? ""}`, style: severe ? "red" : "yellow" });
  }
  return spaced(pieces);
}

function spaced(pieces: readonly Piece[]): Piece[] {
  return pieces.flatMap((piece, i) => (i === 0 ? [piece] : [{ text: "  " }, piece]));
}

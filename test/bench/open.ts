import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type HistogramData, quantile, subtractHistograms } from "../../src/metrics/histogram.ts";
import { seriesName } from "../../src/metrics/observation.ts";
import type { Snapshot } from "../../src/metrics/snapshot.ts";
import { openRun } from "../../src/runs/open-run.ts";
import { ArrivalServer, dispersion, perBin, type Seen, type Stall } from "./arrivals.ts";
import { Child } from "./child.ts";
import type { OpenFigures, OpenLoad, Present } from "./peers/peer.ts";
import { measure, median, type Pattern, spread, withFolder } from "./rounds.ts";
import { type Figure, figure, number, type Section, shown, table } from "./section.ts";
import type { PageServer } from "./server.ts";

const SECONDS = 10;
const STALL: Stall = { fromMs: 4000, toMs: 6000 };
const STALL_RATE = 2000;
/** Of 20,000 arrivals 4,000 come in the stall, evenly, and wait for its end: a tenth of all waits 1 s or more. */
const TRUTH = { p90: 1, p99: 1.9 };
const TOLERANCE = 0.03;
const BIN_MS = 20;

interface OpenRun {
  figures: OpenFigures;
  seen: Seen;
  /** Of Plimsoll: p99 of its schedule's delay. */
  delay: Delay | undefined;
}

/** Milliseconds. */
interface Delay {
  firstSecond: number;
  later: number;
}

function run({ peer, program }: Present, load: Omit<OpenLoad, "url" | "folder">, stall?: Stall): Promise<OpenRun> {
  return withFolder(async (folder) => {
    const server = await ArrivalServer.start(stall);
    const command = peer.open?.(program, { ...load, url: server.url, folder });
    if (command === undefined) throw new Error(`${peer.name} has no load of arrivals`);
    await new Child(command, folder).ended;
    const seen = await server.seen();
    return { figures: command.figures(), seen, delay: delayOf(folder) };
  });
}

/** What the p-th part of all requests waited at most until the server had answered, in seconds. */
function waitAt({ arrivals, waits }: Seen, p: number): number {
  // All others were answered at once.
  const longest = waits.toSorted((a, b) => b - a);
  return (longest[Math.floor((1 - p) * arrivals.length)] ?? 0) / 1000;
}

function delayOf(folder: string): Delay | undefined {
  const runs = join(folder, "runs");
  const [file] = readdirSync(folder).includes("runs") ? readdirSync(runs).filter((name) => name.endsWith(".db")) : [];
  if (file === undefined) return undefined;
  const opened = openRun(join(runs, file));
  if (opened.kind === "problem") throw new Error(opened.message);
  const of = ({ histograms }: Snapshot) => histograms[seriesName("plimsoll_schedule_delay_seconds", {})];
  let first: HistogramData | undefined;
  for (const { snapshot } of opened.ticks()) {
    if (snapshot.at < 1000) continue;
    first = structuredClone(of(snapshot));
    break;
  }
  const all = of(opened.finalSnapshot());
  opened.close();
  if (first === undefined || all === undefined) return undefined;
  const p99 = (data: HistogramData) => 1000 * (quantile(data, 0.99) ?? Number.NaN);
  return { firstSecond: p99(first), later: p99(subtractHistograms(all, first)) };
}

/** A constant rate against a server that does not answer for two seconds: whose figures tell what a user would have seen. */
export async function measureStall(peers: Present[]): Promise<Section> {
  const rows: string[][] = [];
  const figures: Figure[] = [];
  for (const present of peers) {
    const load = { users: 5000, seconds: SECONDS, perSecond: STALL_RATE };
    const { figures: told, seen } = await run(present, load, STALL);
    const { arrivals } = seen;
    const seconds = perBin(arrivals, 1000, 0, SECONDS * 1000);
    const dropped = told.dropped ?? 0;
    rows.push([
      present.peer.name,
      `${number(told.p90)} s`,
      `${number(told.p99)} s`,
      ...[0.9, 0.99].map((p) => `${number(waitAt(seen, p))} s`),
      `${arrivals.length}`,
      told.dropped === undefined ? "not told" : `${dropped}`,
      `${Math.min(...seconds)} to ${Math.max(...seconds)}`,
    ]);
    if (present === peers[0]) {
      const near = (told: number, truth: number) => Math.abs(told / truth - 1) <= TOLERANCE;
      const total = arrivals.length + dropped;
      const even = seconds.every((count) => Math.abs(count / STALL_RATE - 1) <= 0.01);
      const judged = (what: string, wanted: string, got: string, reached: boolean) =>
        figures.push({ what: `2 s stall: ${what}`, wanted, got, reached });
      judged("p90", "1 s ± 3 %", `${told.p90.toFixed(3)} s`, near(told.p90, TRUTH.p90));
      judged("p99", "1.9 s ± 3 %", `${told.p99.toFixed(3)} s`, near(told.p99, TRUTH.p99));
      judged("sent and dropped", `${STALL_RATE * SECONDS}`, `${total}`, total === STALL_RATE * SECONDS);
      judged("sent in each second", `${STALL_RATE} ± 1 %`, `${Math.min(...seconds)} to ${Math.max(...seconds)}`, even);
    }
  }
  return {
    title: "The 2 s stall",
    text: `${STALL_RATE.toLocaleString("en")} requests a second for ${SECONDS} s; from second 4 to 6 nothing is answered. If then all
were answered at once, p90 would be 1.0 s and p99 1.9 s. The server needs a while for 4,000 responses: its own columns say how long
requests waited until it had written theirs.

${table(["client", "p90", "p99", "server's p90", "server's p99", "sent", "dropped", "arrived in a second"], rows)}`,
    figures,
  };
}

/** How well a schedule is kept at half of what the client can do. */
export async function measureAccuracy(peers: Present[], server: PageServer, pattern: Pattern): Promise<Section> {
  const [own] = peers;
  if (own === undefined) throw new Error("expected a client to measure, got none");
  const loop = await measure([own], server, { ...pattern, rounds: 1 }, () => {});
  const capacity = median((loop.get(own.peer.name) ?? []).map((window) => window.requestsPerSecond));
  const perSecond = Math.round(capacity / 2 / 100) * 100;
  const runs = new Map<string, OpenRun[]>(peers.map(({ peer }) => [peer.name, []]));
  for (let round = 0; round < 3; round++) {
    for (const present of peers) {
      const load = { users: pattern.users * 4, seconds: SECONDS, perSecond };
      runs.get(present.peer.name)?.push(await run(present, load));
    }
  }
  // The first second is for compilers and connections. A load ends somewhat before the server's last second, which begins with
  // the first request.
  const burst = (name: string) =>
    spread(
      (runs.get(name) ?? []).map(({ seen: { arrivals } }) =>
        dispersion(perBin(arrivals, BIN_MS, 1000, arrivals.at(-1) ?? Number.NaN)),
      ),
    );
  const delays = (runs.get(own.peer.name) ?? []).flatMap(({ delay }) => (delay === undefined ? [] : [delay]));
  const later = spread(delays.map((delay) => delay.later));
  const figures = [figure("schedule delay at half the capacity, p99", later, { most: 2 }, " ms")];
  const oha = peers.find(({ peer }) => peer.name === "oha");
  if (oha !== undefined) {
    const limit = burst(oha.peer.name).median;
    const got = burst(own.peer.name);
    figures.push({
      what: "arrivals in 20 ms bins: variance against mean, at most oha's",
      wanted: `≤ ${number(limit)}`,
      got: shown(got),
      reached: got.median <= limit,
    });
  }
  return {
    title: "A schedule kept",
    text: `${perSecond.toLocaleString("en")} requests a second for ${SECONDS} s, about half of what one core can do. The first second is for compilers and
connections: Plimsoll's schedule is then ${shown(spread(delays.map((delay) => delay.firstSecond)))} ms late at p99, later ${shown(later)} ms.

${table(
  ["client", "variance against mean of arrivals in 20 ms", "arrived a second"],
  [...runs].map(([name, all]) => [
    name,
    shown(burst(name)),
    shown(spread(all.flatMap(({ seen }) => perBin(seen.arrivals, 1000, 1000, SECONDS * 1000)))),
  ]),
)}`,
    figures,
  };
}

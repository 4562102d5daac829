import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { HttpClient } from "../client/http.ts";
import { Tracer } from "../client/trace.ts";
import type { Share } from "../load/share.ts";
import { Worker } from "../load/worker.ts";
import { Aggregator } from "../metrics/aggregator.ts";
import { monotonicMs, SystemClock } from "../metrics/clock.ts";
import { ClassicBounds } from "../metrics/histogram.ts";
import type { Load, Plan, PlannedLoad } from "../scenario/plan.ts";

/** Before anything is known of the plan. */
const REQUESTS = 400;
/** Of a dense schedule, what it sends in so long: code that is compiled while it is kept makes it uneven. */
const STRETCH_MS = 200;
/** On a machine that is too slow for them, the first users meet code that is not compiled yet. */
const MOST_MS = 500;
const body = '{"ok":true}';
const response = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);

/**
 * Runs a worker's code in, as one does an engine: some requests to a server of this very thread, which nobody is told of.
 * V8 compiles what is called, and again what is called often; done here, it is not part of the first users' latency. Measured:
 * the slowest of a run's first 200 requests took 4 to 8 ms in place of 8 to 13. Gives how many were answered.
 */
export async function runIn(requests = REQUESTS): Promise<number> {
  let answered = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    // Requests are small and come one at a time: a piece of data is one.
    socket.on("data", () => {
      answered++;
      socket.write(response);
    });
    // Its clients end with a reset.
    socket.on("error", () => {});
  });
  try {
    await once(server.listen(0, "127.0.0.1"), "listening");
  } catch {
    // No socket to spare, or no loopback: the first users' requests compile the code.
    return 0;
  }
  const { port } = server.address() as AddressInfo;
  const plan = planFor(`http://127.0.0.1:${port}/`, requests);
  const clock = new SystemClock(monotonicMs());
  const worker = new Worker({
    plan,
    share: { index: 0, of: 1 },
    clock,
    client: new HttpClient(clock),
    aggregator: new Aggregator("", new ClassicBounds([])),
    tracer: new Tracer({ sample: 0, failed: false }, plan, 0),
    secret: () => "",
    wallAt: (time) => time,
  });
  await worker.run();
  await once(server.close(), "close");
  return answered;
}

/** How many requests a worker's share of these loads wants beside the first ones. */
export function requestsStillToRunIn(loads: readonly PlannedLoad[], { of }: Share): number {
  const perSecond = loads.reduce((sum, { load }) => sum + densest(load), 0) / of;
  return Math.max(0, Math.round((perSecond * STRETCH_MS) / 1000) - REQUESTS);
}

function densest(load: Load): number {
  return load.kind === "arrivals" ? Math.max(0, ...load.stages.map(({ perSecond }) => perSecond)) : 0;
}

function planFor(url: string, iterations: number): Plan {
  const expect = { status: [200], json: [], body: [] };
  return {
    ...{ runId: "", version: "", scenario: "", profile: "", target: "", startedAt: 0, seed: 1, labels: {} },
    ...{ warmUpMs: 0, thresholds: [], sources: [], bounds: [], http: { version2: false, timings: "whole" } },
    loads: [
      {
        startMs: 0,
        load: { kind: "iterations", users: 4, iterations, per: "run", maxMs: MOST_MS },
        classes: [
          {
            name: "",
            weight: 1,
            wait: { kind: "uniform", minMs: 0, maxMs: 0 },
            start: [],
            stop: [],
            tasks: [
              {
                kind: "steps",
                name: "",
                weight: 1,
                steps: [
                  {
                    kind: "request",
                    name: "",
                    method: "GET",
                    url,
                    headers: [],
                    expect,
                    captures: [],
                    deadlineMs: 10_000,
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
  };
}

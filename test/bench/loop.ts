import { autocannon } from "./peers/autocannon.ts";
import { goose } from "./peers/goose.ts";
import { k6Checked, k6Plain } from "./peers/k6.ts";
import { locust } from "./peers/locust.ts";
import { oha } from "./peers/oha.ts";
import type { Peer, Present } from "./peers/peer.ts";
import { socket } from "./peers/socket.ts";
import { undici } from "./peers/undici.ts";
import { wrk } from "./peers/wrk.ts";
import { plimsoll } from "./plimsoll.ts";
import { measure, type Pattern, type Rounds, ratio, spread } from "./rounds.ts";
import { type Figure, figure, number, type Section, shown, table } from "./section.ts";
import type { PageServer } from "./server.ts";

/** Each client, with what it is measured as. */
export class Clients {
  readonly status: Peer;
  readonly json: Peer;
  readonly untraced: Peer;
  readonly traced: Peer;
  readonly apart: Peer;
  readonly others: readonly Peer[] = [undici, wrk, socket, oha, autocannon, goose, k6Plain, k6Checked, locust];

  /** `receiver` is where Plimsoll's spans go, `program` which Plimsoll it is. */
  constructor(receiver: string, program: string) {
    const variant = (name: string, expect: "status" | "status and JSON", traced: number, apart = false) =>
      plimsoll({ name: `Plimsoll, ${name}`, expect, traced, apart, program }, receiver);
    this.status = variant("status check", "status", 1);
    this.json = variant("status and JSON check", "status and JSON", 1);
    this.untraced = variant("both checks, no traces", "status and JSON", 0);
    this.traced = variant("both checks, all traced", "status and JSON", 100);
    this.apart = variant("status check, main thread on the server's core", "status", 1, true);
  }

  get all(): Peer[] {
    return [this.status, this.json, this.untraced, this.traced, this.apart, ...this.others];
  }
}

export function present(peers: readonly Peer[]): Present[] {
  return peers.flatMap((peer) => (peer.program === undefined ? [] : [{ peer, program: peer.program }]));
}

/** All clients that are here in a closed loop, one after the other. */
export async function measureLoop(
  clients: Clients,
  server: PageServer,
  pattern: Pattern,
  tell: (line: string) => void,
): Promise<Section> {
  const here = present(clients.all);
  const rounds = await measure(here, server, pattern, (name, { requestsPerSecond, cpuMicros }) => {
    tell(`${name}: ${number(requestsPerSecond)} requests/s, ${number(cpuMicros)} µs of CPU a request`);
  });
  return {
    title: "Closed loop",
    text: `${table(
      [
        "client",
        "CPU µs a request",
        "requests/s",
        "cores: client, server",
        "Plimsoll makes × its requests, status check",
      ],
      here
        .map(({ peer }) => peer.name)
        .toSorted((a, b) => cpuOf(rounds, a).median - cpuOf(rounds, b).median)
        .map((name) => [
          name,
          shown(cpuOf(rounds, name)),
          shown(spread((rounds.get(name) ?? []).map((window) => window.requestsPerSecond))),
          coresOf(rounds, name),
          shown(ratio(rounds, clients.status.name, name)),
        ]),
    )}`,
    figures: figuresOf(clients, rounds),
  };
}

function cpuOf(rounds: Rounds, name: string) {
  return spread((rounds.get(name) ?? []).map((window) => window.cpuMicros));
}

function coresOf(rounds: Rounds, name: string): string {
  const windows = rounds.get(name) ?? [];
  const client = spread(windows.map(({ clientCores }) => clientCores));
  const server = spread(windows.map(({ serverCores }) => serverCores));
  return `${client.median.toFixed(2)}, ${server.median.toFixed(2)}`;
}

function figuresOf({ status, json }: Clients, rounds: Rounds): Figure[] {
  const wanted: [what: string, of: Peer, against: Peer, least: number][] = [
    ["against bare undici, status check", status, undici, 0.75],
    ["against bare undici, status and JSON check", json, undici, 0.6],
    ["against k6, both with status and JSON check", json, k6Checked, 4],
    ["against k6 without checks, status check", status, k6Plain, 2.7],
    ["against Locust's FastHttpUser, status check", status, locust, 7],
    ["against Goose, status check", status, goose, 1.2],
  ];
  return wanted
    .filter(([, , against]) => rounds.has(against.name))
    .map(([what, of, against, least]) => figure(what, ratio(rounds, of.name, against.name), { least }, "×"));
}

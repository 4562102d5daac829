/**
 * A program of its own, for limits that hold for a whole process: many users send one request each, at once, and keep
 * their connections; then one more does, after all were closed. Prints what became of them as JSON.
 *
 *   node exhaust.ts USERS [ORIGIN]    without an origin, a server of its own
 *   node exhaust.ts held ORIGIN       one user, while every file descriptor is taken
 */
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { devNull } from "node:os";
import { setTimeout } from "node:timers/promises";
import type { Request, Session } from "../../src/client/client.ts";
import { HttpClient } from "../../src/client/http.ts";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";
import type { Failure } from "../../src/metrics/sample.ts";
import { exchanged } from "../client/exchanged.ts";

/** What it prints. */
export interface Exhausted {
  failures: Failure[];
  succeeded: number;
  inflight: number;
  /** The failure of the request that came after, if it failed. */
  after: Failure | null;
}

const [users, given] = process.argv.slice(2);
const client = new HttpClient(new SystemClock(monotonicMs()));
const server = createServer((_, response) => response.end("ok"));
let origin = given ?? "";
if (given === undefined) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function send(session: Session, origin: string): Promise<Failure | undefined> {
  const plain = { series: 0, intendedAt: 0, method: "GET", headers: [], body: undefined, wantBody: false };
  const request: Request = { ...plain, origin, path: "/", deadlineMs: 5_000 };
  return exchanged(session, request).then((exchange) => exchange.failure);
}

const held: number[] = [];
if (users === "held") {
  try {
    for (;;) held.push(openSync(devNull, "r"));
  } catch {
    // None is left, as was wanted.
  }
}
const sessions = Array.from({ length: users === "held" ? 1 : Number(users) }, () => client.open());
const outcomes = await Promise.all(sessions.map((session) => send(session, origin)));
for (const session of sessions) session.close();
for (const descriptor of held) closeSync(descriptor);
while (client.connectionsOpen > 0) await setTimeout(5);

const last = client.open();
const after = await send(last, origin);
last.close();
server.close();
const failures = outcomes.filter((failure) => failure !== undefined);
const exhausted: Exhausted = {
  failures,
  succeeded: outcomes.length - failures.length,
  inflight: client.inflight,
  after: after ?? null,
};
process.stdout.write(JSON.stringify(exhausted));

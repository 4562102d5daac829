import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Exchange } from "../../src/client/client.ts";
import { HttpClient } from "../../src/client/http.ts";
import { monotonicMs, SystemClock, sleepUntil, type Timer } from "../../src/metrics/clock.ts";
import { failureKinds } from "../../src/metrics/sample.ts";
import { exchanged, request } from "../client/exchanged.ts";
import { makeCertificates } from "./certificates.ts";
import { type Fault, faults } from "./faults.ts";
import { canary, Ground } from "./ground.ts";

const CONNECT_TIMEOUT_MS = 500;
const GRACE_MS = 250;

let ground: Ground;

beforeAll(() => {
  const certificates = makeCertificates(canary);
  setDefaultCACertificates([...getCACertificates("default"), certificates.authority]);
  ground = new Ground(certificates);
});

afterEach(() => ground.clear());

/** The clock that all timers of the client are set on, which knows how many there are. */
class CountingClock extends SystemClock {
  pending = 0;

  override at(time: number, fn: () => void): Timer {
    let over = false;
    const end = () => {
      if (!over) this.pending--;
      over = true;
    };
    this.pending++;
    const timer = super.at(time, () => {
      end();
      fn();
    });
    return {
      cancel: () => {
        end();
        timer.cancel();
      },
    };
  }
}

/** Sockets and whatever else is open; timers are the clock's matter, as the test runner has some of its own. */
const handles = () => process.getActiveResourcesInfo().filter((name) => name !== "Timeout" && name !== "Immediate");

/** Closing takes some turns of the loop on both sides. */
async function settled<T>(observe: () => T, expected: T): Promise<void> {
  await expect.poll(observe, { interval: 5 }).toEqual(expected);
}

describe("a fault of the target", () => {
  it.each(faults)("$name: $kind", async (fault: Fault) => {
    const before = handles();
    const clock = new CountingClock(monotonicMs());
    const client = new HttpClient(clock, { connectTimeoutMs: CONNECT_TIMEOUT_MS });
    const session = client.open();
    const origin = await fault.origin(ground);
    const healthy = await ground.target(() => {});

    if (fault.after !== undefined) expect((await exchanged(session, request(origin, "/well"))).failure).toBeUndefined();
    const asked = request(origin, "/", fault.request);
    // A timer for the same moment, in the same loop: what a busy machine delays, it delays for both.
    const ended = new AbortController();
    const alarm = sleepUntil(clock, clock.now() + asked.deadlineMs, ended.signal).then(() => clock.now());
    const exchange = await exchanged(session, asked);
    const kept = structuredClone({ ...exchange, connection: undefined }) as Exchange;
    if (exchange.endedAt < exchange.startedAt + asked.deadlineMs) ended.abort();
    expect(exchange.endedAt - (await alarm)).toBeLessThanOrEqual(GRACE_MS);

    expect(exchange.failure).toEqual({ kind: fault.kind, detail: expect.stringMatching(pattern(fault.detail)) });
    expect(exchange.failure?.detail).not.toContain(canary);
    expect(exchange.endedAt).toBeGreaterThanOrEqual(exchange.startedAt);
    expect(exchange.body).toBeUndefined();
    expect(client.inflight).toBe(0);

    // The same user goes on: with another target, and with this one if it can answer.
    expect(await exchanged(session, request(healthy, "/well"))).toMatchObject({ status: 200, failure: undefined });
    const again = await exchanged(session, request(origin, "/well", { deadlineMs: 250 }));
    if (again.failure !== undefined) expect(again.failure.kind).not.toBe("unknown");
    else expect(again.status).toBe(200);

    session.close();
    // What was told of an exchange stays as it was told.
    expect({ ...exchange, connection: undefined }).toEqual(kept);
    await settled(() => ground.connections, 0);
    expect(client.connectionsOpen).toBe(0);
    await ground.clear();
    await settled(handles, before);
    await settled(() => clock.pending, 0);
  });

  it("has a name of its own, unless it cannot be told from another", () => {
    const names = new Map<string, string>();
    for (const { name, kind, detail, sameAs } of faults) {
      const failure = `${kind}: ${detail}`;
      if (sameAs === undefined) expect([name, names.get(failure)]).toEqual([name, undefined]);
      else expect([name, names.get(failure)]).toEqual([name, sameAs]);
      if (sameAs === undefined) names.set(failure, name);
    }
    expect(names.size).toBeGreaterThanOrEqual(22);
    for (const { kind } of faults) expect(failureKinds).toContain(kind);
  });
});

/** A detail with `*` for what differs from run to run. */
function pattern(detail: string): RegExp {
  const fixed = detail.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${fixed.join("\\S+")}$`);
}

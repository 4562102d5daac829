/**
 * A program of its own, whose memory is the client's alone: asks an origin for `/` and prints, as JSON, what came of it
 * and by how many bytes the most memory it ever had grew.
 *
 *   node swallow.ts ORIGIN true|false    whether the body is wanted
 */
import type { Request } from "../../src/client/client.ts";
import { HttpClient } from "../../src/client/http.ts";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";
import type { Failure } from "../../src/metrics/sample.ts";
import { exchanged } from "../client/exchanged.ts";

/** What it prints. */
export interface Swallowed {
  status: number | null;
  bytesIn: number;
  failure: Failure | null;
  grownBytes: number;
}

const [origin = "", wantBody] = process.argv.slice(2);
const session = new HttpClient(new SystemClock(monotonicMs())).open();
const send = (path: string) => {
  const plain = { series: 0, intendedAt: 0, method: "GET", headers: [], body: undefined };
  const request: Request = { ...plain, origin, path, wantBody: wantBody === "true", deadlineMs: 30_000 };
  return exchanged(session, request);
};
const peakBytes = () => process.resourceUsage().maxRSS * 1024;

// What the first request loads and allocates is there for any.
await send("/small");
const before = peakBytes();
const { status = null, bytesIn, failure = null } = await send("/");
const swallowed: Swallowed = { status, bytesIn, failure, grownBytes: peakBytes() - before };
session.close();
process.stdout.write(JSON.stringify(swallowed));

import { getCACertificates, setDefaultCACertificates } from "node:tls";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { HttpClient } from "../../src/client/http.ts";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";
import type { FailureKind } from "../../src/metrics/sample.ts";
import { exchanged, request } from "../client/exchanged.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { canary } from "./ground.ts";
import { http2Target, type Stream } from "./http2-target.ts";

let certificates: Certificates;

beforeAll(() => {
  certificates = makeCertificates(canary);
  setDefaultCACertificates([...getCACertificates("default"), certificates.authority]);
});

/** RFC 9113, section 7. */
const [NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL] = [0, 1, 2, 7, 8];
const begun = (stream: Stream) => stream.head(["x-canary", canary]).data(canary);

const overHttp2 = () => new HttpClient(new SystemClock(monotonicMs()), { http2: true });

interface Fault {
  name: string;
  kind: FailureKind;
  detail: string;
  misdeed(stream: Stream): void;
}

const within = "HTTP/2: stream reset within the body";
const faults: Fault[] = [
  {
    name: "a stream reset before an answer",
    kind: "reset",
    detail: "HTTP/2: stream reset before a response",
    misdeed: (stream) => stream.reset(INTERNAL_ERROR),
  },
  {
    name: "a stream cancelled before an answer",
    kind: "reset",
    detail: "HTTP/2: stream reset before a response",
    misdeed: (stream) => stream.reset(CANCEL),
  },
  {
    name: "a stream reset within the body",
    kind: "reset",
    detail: within,
    misdeed: (stream) => begun(stream).reset(INTERNAL_ERROR),
  },
  {
    name: "a stream cancelled within the body",
    kind: "reset",
    detail: within,
    misdeed: (stream) => begun(stream).reset(CANCEL),
  },
  {
    name: "a body without a head",
    kind: "protocol",
    detail: "HTTP/2: its rules were broken before a response",
    misdeed: (stream) => stream.end(),
  },
  {
    name: "an answer in HTTP/1.1",
    kind: "protocol",
    detail: "HTTP/2: its rules were broken before a response",
    misdeed: ({ socket }) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
  },
  {
    name: "a connection closed before an answer",
    kind: "closed_early",
    detail: "closed before a response",
    misdeed: ({ socket }) => socket.end(),
  },
  {
    name: "a connection closed within the body",
    kind: "closed_early",
    detail: "closed within the body",
    misdeed: (stream) => begun(stream).socket.end(),
  },
  {
    name: "a farewell in place of an answer",
    kind: "closed_early",
    detail: "HTTP/2: connection ended with an error before a response",
    misdeed: (stream) => stream.goaway(INTERNAL_ERROR).socket.end(),
  },
  {
    name: "a farewell within the body",
    kind: "closed_early",
    detail: "closed within the body",
    misdeed: (stream) => begun(stream).goaway(PROTOCOL_ERROR).socket.end(),
  },
  {
    name: "a good-bye within the body",
    kind: "closed_early",
    detail: "closed within the body",
    misdeed: (stream) => begun(stream).goaway(NO_ERROR).socket.end(),
  },
  {
    name: "a body shorter than its length",
    kind: "closed_early",
    detail: "closed within the body, short of its content-length",
    misdeed: (stream) => stream.head(["content-length", "10"]).data("ok").end(),
  },
  { name: "silence", kind: "deadline", detail: "no response within 250 ms", misdeed: () => {} },
  {
    name: "silence within the body",
    kind: "deadline",
    detail: "the response was not complete within 250 ms",
    misdeed: begun,
  },
];

it.each(faults)("over HTTP/2: $name is $kind", async ({ kind, detail, misdeed }) => {
  const target = await http2Target(certificates.good, misdeed);
  const { origin } = target;
  const client = overHttp2();
  const session = client.open();
  const asked = request(origin, "/", { deadlineMs: 250 });
  const exchange = await exchanged(session, asked);
  expect(exchange.failure).toEqual({ kind, detail });
  expect(exchange.failure?.detail).not.toContain(canary);
  expect(client.inflight).toBe(0);
  // The same user goes on.
  expect(await exchanged(session, asked)).toMatchObject({ status: 200, failure: undefined });
  session.close();
  await expect.poll(() => target.connections, { interval: 5 }).toBe(0);
  expect(client.connectionsOpen).toBe(0);
});

it("over HTTP/2: a stream that is refused is asked for once more (RFC 9113, 8.7): the target has done nothing with it", async () => {
  const { origin } = await http2Target(certificates.good, (stream) => stream.reset(REFUSED_STREAM));
  const session = overHttp2().open();
  expect(await exchanged(session, request(origin, "/"))).toMatchObject({ status: 200, failure: undefined });
  session.close();
});

it("over HTTP/2: any frames are an answer or a fault with a name, and the user goes on", async () => {
  const frames = fc.array(
    fc.tuple(
      fc.nat(11),
      fc.oneof(fc.constantFrom(0, 1, 4, 5), fc.nat(255)),
      fc.uint8Array({ maxLength: 30 }),
      fc.boolean(),
    ),
    { minLength: 1, maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(frames, fc.boolean(), async (sent, head) => {
      const { origin } = await http2Target(certificates.good, (stream) => {
        if (head) stream.head();
        for (const [type, flags, payload, whole] of sent) stream.frame(type, flags, Buffer.from(payload), whole);
        stream.socket.end();
      });
      const session = overHttp2().open();
      const asked = request(origin, "/", { wantBody: true });
      const first = await exchanged(session, { ...asked, deadlineMs: 150 });
      expect(first.failure?.kind).not.toBe("unknown");
      // The connection may be about to close: then the next request meets that.
      const next = await exchanged(session, asked);
      expect(next.failure?.kind).not.toBe("unknown");
      if (next.failure === undefined) expect(next.status).toBe(200);
      else {
        const again = await exchanged(session, asked);
        expect(again.failure).toBeUndefined();
      }
      session.close();
    }),
    { numRuns: 100 },
  );
}, 60_000);

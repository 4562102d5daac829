import { execFile } from "node:child_process";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Swallowed } from "./swallow.ts";

const MIB = 1024 * 1024;
const MEMBER_BYTES = 16 * MIB;
const MEMBERS = 640;

/** RFC 1952, 2.2: a gzip file is any number of members, which decode to what they hold one after the other. */
const member = gzipSync(Buffer.alloc(MEMBER_BYTES), { level: 9 });
const bomb = Buffer.concat(new Array(MEMBERS).fill(member));

let server: Server;
/** What is sent for `/`, headers and all. */
let response: Buffer;

const responseOf = (headers: string, body: Buffer) =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n`), body]);
const gzipped = (body: Buffer) => responseOf(`content-encoding: gzip\r\ncontent-length: ${body.length}`, body);
const small = gzipped(gzipSync("small"));

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on("data", (request) => socket.write(String(request).startsWith("GET / ") ? response : small));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => server.close());

async function swallow(wantBody: boolean): Promise<Swallowed> {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const program = join(import.meta.dirname, "swallow.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [program, origin, String(wantBody)], {
    timeout: 60_000,
  });
  return JSON.parse(stdout);
}

describe("a body costs under 50 MB of memory:", { timeout: 60_000 }, () => {
  it("10 MB that are 10 GB, and wanted", async () => {
    expect(gunzipSync(Buffer.concat([member, member])).length).toBe(2 * MEMBER_BYTES);
    expect(MEMBERS * MEMBER_BYTES).toBeGreaterThanOrEqual(10e9);
    expect(bomb.length).toBeGreaterThan(10e6);
    expect(bomb.length).toBeLessThan(10 * MIB);
    response = gzipped(bomb);
    const { failure, grownBytes } = await swallow(true);
    expect(failure).toEqual({ kind: "body_limit", detail: "the decoded body exceeds 10485760 bytes" });
    expect(grownBytes).toBeLessThan(50e6);
  });

  it("10 MB that are 10 GB, wanted, and come in chunks", async () => {
    const chunk = Buffer.concat([Buffer.from(`${member.length.toString(16)}\r\n`), member, Buffer.from("\r\n")]);
    const chunks = Buffer.concat([...new Array(MEMBERS).fill(chunk), Buffer.from("0\r\n\r\n")]);
    response = responseOf("content-encoding: gzip\r\ntransfer-encoding: chunked", chunks);
    const { failure, grownBytes } = await swallow(true);
    expect(failure).toEqual({ kind: "body_limit", detail: "the decoded body exceeds 10485760 bytes" });
    expect(grownBytes).toBeLessThan(50e6);
  });

  it("10 MB that are 10 GB, and not wanted: they are counted, and not decoded", async () => {
    response = gzipped(bomb);
    const { failure, grownBytes, status, bytesIn } = await swallow(false);
    expect({ failure, status, bytesIn }).toEqual({ failure: null, status: 200, bytesIn: bomb.length });
    expect(grownBytes).toBeLessThan(50e6);
  });
});

it("a million chunks of one byte are put together as they come: held one by one they took 200 MB", async () => {
  response = responseOf("transfer-encoding: chunked", Buffer.from(`${"1\r\nx\r\n".repeat(1_000_000)}0\r\n\r\n`));
  const { failure, grownBytes, bytesIn } = await swallow(true);
  expect({ failure, bytesIn }).toEqual({ failure: null, bytesIn: 1_000_000 });
  // 25 MB when there is time to collect the garbage, twice that on a busy machine.
  expect(grownBytes).toBeLessThan(100e6);
}, 60_000);

import { execFile, spawnSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Exhausted } from "./exhaust.ts";

const run = promisify(execFile);
const exhaust = [process.execPath, join(import.meta.dirname, "exhaust.ts")];

async function outcome(command: string, ...args: string[]): Promise<Exhausted> {
  const { stdout } = await run(command, args, { timeout: 30_000 });
  return JSON.parse(stdout);
}

/** In a network of its own, with a loopback device, where a user may set the range of ports to connect from. */
const ownNetwork = (script: string) => [
  "--user",
  "--map-root-user",
  "--net",
  "sh",
  "-c",
  `ip link set lo up && ${script}`,
];
const hasOwnNetwork = spawnSync("unshare", ownNetwork("true")).status === 0;

if (!hasOwnNetwork) process.stdout.write("left out: no port left to connect from (needs unshare --user --net)\n");

let server: Server;
beforeAll(async () => {
  server = createServer((_, response) => response.end("ok"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => server.close());

const origin = (host: string) => `http://${host}:${(server.address() as AddressInfo).port}`;

describe("a limit of the generator has its own name, and once it is free again the next request works:", () => {
  it("no file descriptor left to connect by", { timeout: 30_000 }, async () => {
    const { failures, succeeded, after, inflight } = await outcome(
      "prlimit",
      "--nofile=64:64",
      ...exhaust,
      "200",
      origin("127.0.0.1"),
    );
    expect(succeeded).toBeGreaterThan(0);
    expect(succeeded + failures.length).toBe(200);
    expect(failures.length).toBeGreaterThan(136);
    for (const failure of failures) {
      expect(failure).toEqual({
        kind: "generator_fds",
        detail: expect.stringMatching(/^EMFILE: the generator has no file descriptor left/),
      });
    }
    expect([after, inflight]).toEqual([null, 0]);
  });

  it("no file descriptor left to look a name up by, which the resolver calls an unknown name", {
    timeout: 30_000,
  }, async () => {
    const { failures, after } = await outcome("prlimit", "--nofile=64:64", ...exhaust, "held", origin("localhost"));
    expect(failures).toEqual([
      { kind: "generator_fds", detail: expect.stringMatching(/^EMFILE: the generator has no file descriptor left/) },
    ]);
    expect(after).toBeNull();
  });

  it.runIf(hasOwnNetwork)("no port left to connect from", { timeout: 30_000 }, async () => {
    const narrow = "echo 40000 40019 > /proc/sys/net/ipv4/ip_local_port_range";
    const { failures, succeeded } = await outcome(
      "unshare",
      ...ownNetwork(`${narrow} && exec ${exhaust.map((word) => `'${word}'`).join(" ")} 50`),
    );
    // Of the twenty, the server of the program has one.
    expect([succeeded, failures.length]).toEqual([19, 31]);
    for (const failure of failures) {
      expect(failure).toEqual({
        kind: "generator_ports",
        detail: expect.stringMatching(/^EADDRNOTAVAIL: the generator has no port left/),
      });
    }
    // Its ports rest for a minute now (TIME_WAIT): no next request.
  });
});

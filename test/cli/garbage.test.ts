import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";

/** Its code fails in a worker where new objects have less room than two halves of 16 MB: V8 copies from one to the other. */
const scenario = `
import { getHeapSpaceStatistics } from "node:v8";
import { isMainThread } from "node:worker_threads";
const { space_size } = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
if (!isMainThread && space_size < 2 * 16 * 2 ** 20) throw new Error("new objects have " + space_size + " bytes");

export default {
  users: { Visitor: { tasks: { Look: async ({ http }) => void (await http.get("/")) } } },
  profiles: { once: { users: 1, iterations: 1 } },
};
`;

it("a worker has room for what thousands of new connections hold, from its start", async () => {
  const work = mkdtempSync(join(tmpdir(), "plimsoll-garbage-"));
  onTestFinished(() => rmSync(work, { recursive: true, force: true }));
  writeFileSync(join(work, "look.ts"), scenario);
  const server = createServer((_, response) => void response.end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const program = join(import.meta.dirname, "../../src/main.ts");
  const args = [program, "run", "look.ts", "--host", host, "--listen", "127.0.0.1:0", "--linger", "1ms"];
  const env = { ...process.env, XDG_CACHE_HOME: work };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: work, env });
  expect(stdout).toContain("passed");
}, 120_000);

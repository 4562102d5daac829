import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

/** Its code fails in a worker where new objects have less room than 64 MB, but for some kB that V8 rounds off. */
const scenario = `
import { getHeapSpaceStatistics } from "node:v8";
import { isMainThread } from "node:worker_threads";
const space = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
const size = space.space_used_size + space.space_available_size;
if (!isMainThread && size < 63.9 * 2 ** 20) throw new Error("new objects have " + size + " bytes");

export default {
  users: { Visitor: { tasks: { Look: async ({ http }) => void (await http.get("/health")) } } },
  profiles: { once: { users: 1, iterations: 1 } },
};
`;

it("a worker has room for what thousands of new connections hold, from its start", async () => {
  const target = await startPracticeTarget();
  onTestFinished(() => target.stop());
  const folder = temporaryFolder();
  writeFileSync(join(folder, "look.ts"), scenario);
  const args = ["run", "look.ts", "--host", target.url, "--listen", "127.0.0.1:0", "--linger", "1ms"];
  const { code, stdout, stderr } = await new Plimsoll(args, { folder }).finished;
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toContain("passed");
});

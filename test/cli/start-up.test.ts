import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";

const program = join(import.meta.dirname, "../../src/main.ts");
const hook = pathToFileURL(join(import.meta.dirname, "loaded-modules.ts")).href;

/** What no run needs before its first request, or in this thread at all. */
const late = ["@opentelemetry", "@redis", "express", "postgres", "prom-client", "tough-cookie", "undici"];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "plimsoll-start-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function plimsoll(args: string[], cwd: string, loaded: string) {
  const env = { ...process.env, NODE_OPTIONS: `--import=${hook}`, LOADED_MODULES: loaded, XDG_CACHE_HOME: cwd };
  return promisify(execFile)(process.execPath, [program, ...args], { cwd, env });
}

type Name = "main" | "worker";

/** What a thread has loaded up to now, as addresses. */
function loadedBy(thread: Name, loaded: string): string[] {
  return readFileSync(loaded, "utf8")
    .split("\n")
    .filter((line) => line.startsWith(`${thread} `));
}

/** The packages among it. */
function packages(loaded: string, thread: Name): Set<string> {
  return new Set(loadedBy(thread, loaded).flatMap((url) => /.*\/node_modules\/([^/]+)/.exec(url)?.[1] ?? []));
}

it("a run has loaded nothing up to its first request that this request does not need", async () => {
  const work = folder();
  const loaded = join(work, "loaded");
  let then: { main: Set<string>; worker: Set<string> } | undefined;
  const server = createServer((_, response) => {
    then ??= { main: packages(loaded, "main"), worker: packages(loaded, "worker") };
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const file = join(work, "s.yaml");
  writeFileSync(
    file,
    `name: s
host: http://127.0.0.1:${port}
users: { Visitor: { tasks: { Look: { get: / } } } }
profiles: { once: { users: 1, iterations: 1 } }
`,
  );
  const { stdout } = await plimsoll(["run", file, "--listen", "127.0.0.1:0", "--linger", "1ms"], work, loaded);
  expect(stdout).toContain("passed");
  const main = then?.main ?? new Set();
  expect([...main]).toEqual(expect.arrayContaining(["commander", "yaml", "zod"]));
  expect(late.filter((name) => main.has(name))).toEqual([]);
  const worker = then?.worker ?? new Set();
  expect([...worker]).toContain("undici");
  expect(["commander", "express", "prom-client", "yaml", "zod"].filter((name) => worker.has(name))).toEqual([]);
  // Its code is compiled before the first user needs it.
  expect(loadedBy("worker", loaded).filter((url) => url.endsWith("/cluster/run-in.ts"))).toHaveLength(1);
}, 120_000);

it("--help loads the command line alone", async () => {
  const work = folder();
  const loaded = join(work, "loaded");
  const { stdout } = await plimsoll(["--help"], work, loaded);
  expect(stdout).toContain("Usage: plimsoll");
  expect([...packages(loaded, "main")]).toEqual(["commander"]);
}, 120_000);

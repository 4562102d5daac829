import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

const PLANNED = 200 * 6;

/** Sources as bad as they come: garbage, 30 MB, silence, errors, and nobody there. */
async function badSources(): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === "/garbage") response.end(Buffer.alloc(100_000, 0xff));
    else if (request.url === "/huge") response.end("# a comment\n".repeat(2_500_000));
    else if (request.url === "/error") response.writeHead(500).end("no");
    // Anything else is never answered.
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const source = (name: string, at: string) => `  ${name}: { prometheus: "${at}", every: 500ms }\n`;
  return `watch:\n${["garbage", "huge", "error", "silent"].map((name) => source(name, `${url}/${name}`)).join("")}${source("gone", "http://127.0.0.1:1/")}`;
}

async function run(watch: string, thresholds: string): Promise<{ total: number; summary: Summary; stdout: string }> {
  const target = await startPracticeTarget();
  onTestFinished(() => target.stop());
  const folder = temporaryFolder();
  const load = `users: { U: { tasks: { Health: { get: /health } } } }
profiles: { open: { arrivals: 200/s, duration: 6s, maxUsers: 200 } }
`;
  writeFileSync(join(folder, "watched.yaml"), load + watch + thresholds);
  const args = ["run", "watched.yaml", "--host", target.url, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
  const { stdout } = await new Plimsoll(args, { folder }).finished;
  const { total } = await target.requests();
  return { total, stdout, summary: JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary };
}

it("sources that fail in every way miss no start, and a threshold on them never passes", async () => {
  const { total, summary, stdout } = await run(await badSources(), "thresholds: [max(queue_depth) < 10]\n");
  expect(total, stdout).toBe(PLANNED);
  expect(summary.totals).toMatchObject({ requests: PLANNED, dropped: 0, failures: 0 });
  expect(summary.verdict.exitCode).toBe(98);
  for (const name of ["garbage", "huge", "error", "silent", "gone"]) expect(stdout).toContain(name);
});

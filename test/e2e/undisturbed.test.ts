import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { httpKinds } from "../target/http-kinds.ts";
import { socketKinds } from "../target/socket-kinds.ts";
import { socketServer } from "../target/socket-server.ts";
import { targetServer } from "../target/target-server.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { until } from "./network.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";
import { isUp, looksAt, targetMetrics } from "./target-metrics.ts";

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

/** A source of every kind behind a proxy that can break it, as `watch:` has it. */
async function brittleSources(): Promise<{ watch: string; proxies: FaultProxy[]; names: string[] }> {
  const proxies: FaultProxy[] = [];
  const lines: string[] = [];
  for (const { kind, source, healthy } of httpKinds) {
    const server = await targetServer(({ url = "" }, response) => {
      const { contentType, body } = healthy(url.replace(/\?.*$/, ""));
      response.writeHead(200, { "content-type": contentType }).end(body);
    });
    onTestFinished(() => server.stop());
    const proxy = await FaultProxy.start(Number(new URL(server.url).port));
    proxies.push(proxy);
    const planned = source("");
    const metrics = "metrics" in planned ? planned.metrics.map(({ metric, from }) => `${metric}: "${from}"`) : [];
    const mapped = metrics.length === 0 ? "" : `, metrics: { ${metrics.join(", ")} }`;
    lines.push(`  ${kind}: { ${kind}: "http://127.0.0.1:${proxy.port}", every: 500ms${mapped} }\n`);
  }
  for (const { kind, url, talk } of socketKinds) {
    const server = await socketServer(talk);
    onTestFinished(() => server.stop());
    const proxy = await FaultProxy.start(server.port);
    proxies.push(proxy);
    lines.push(`  ${kind}: { ${kind}: "${String(url(proxy.port))}", every: 500ms }\n`);
  }
  const names = [...httpKinds, ...socketKinds].map(({ kind }) => kind);
  return { watch: `watch:\n${lines.join("")}`, proxies, names };
}

it("a source of any kind may send garbage, a flood, nothing, drips, or be gone, and is back after it; no start is missed", async () => {
  const { watch, proxies, names } = await brittleSources();
  const target = await startPracticeTarget();
  onTestFinished(() => target.stop());
  const folder = temporaryFolder();
  const load = `users: { U: { tasks: { Health: { get: /health } } } }
profiles: { open: { arrivals: 200/s, duration: 40s, maxUsers: 200 } }
`;
  writeFileSync(join(folder, "brittle.yaml"), load + watch);
  const args = ["run", "brittle.yaml", "--host", target.url, "--listen", "127.0.0.1:0", "--summary", "summary.json"];
  const plimsoll = new Plimsoll(args, { folder });
  const url = await plimsoll.url();
  const all = async (up: boolean) => {
    const metrics = await targetMetrics(url);
    return names.every((name) => looksAt(metrics, name) > 0 && isUp(metrics, name) === up);
  };
  await until(() => all(true));
  for (const fault of ["garbage", "flood", "silent", "drips", "gone"] as const) {
    for (const proxy of proxies) proxy.turn(fault);
    await until(() => all(false));
    const shown = [...(await targetMetrics(url)).values()].flatMap((series) => [...series.keys()]);
    expect(shown.filter((series) => !/^(up|scrape_\w+|scrapes_total)\{/.test(series))).toEqual([]);
    for (const proxy of proxies) proxy.turn("none");
    await until(() => all(true));
  }
  const { stdout } = await plimsoll.finished;
  const { total } = await target.requests();
  expect(total, stdout).toBe(200 * 40);
  const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
  expect(summary.totals).toMatchObject({ requests: 200 * 40, dropped: 0, failures: 0 });
  for (const { gaps } of Object.values(summary.target)) expect(gaps).toBeGreaterThanOrEqual(5);
});

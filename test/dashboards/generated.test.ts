import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { generated } from "../../src/dashboards/generate.ts";
import { Scope } from "../../src/dashboards/promql.ts";
import { root } from "./dashboard.ts";

const files = generated();

it.each([...files.keys()])("%s is what src/dashboards generates (node src/dashboards/generate.ts)", (path) => {
  expect(readFileSync(resolve(root, path), "utf8")).toBe(files.get(path));
});

it("leaves no file behind that nothing generates", () => {
  const committed = globSync(["grafana/dashboards/*", "prometheus/rules/*"], { cwd: root });
  expect(committed.sort()).toEqual([...files.keys()].sort());
});

it("is needed to generate only: nothing that a run loads imports it, or the rules that are made from it", () => {
  const sources = globSync("**/*.ts", { cwd: resolve(root, "src"), exclude: ["dashboards/**", "rules/**"] });
  const importers = sources.filter((file) =>
    /^import [^;]*"[^"]*\/(dashboards|rules)\/[^"]*"/m.test(readFileSync(resolve(root, "src", file), "utf8")),
  );
  // Commands of their own load these when they are asked for.
  expect(importers.sort()).toEqual(["cli/print-rules.ts", "cli/write-dashboards.ts"]);
});

it("refuses a label that a metric does not have", () => {
  const scope = new Scope({ window: "1m" });
  expect(() => scope.metric("plimsoll_users", { request: "GET /" })).toThrow(
    'plimsoll_users has no label "request"; it has run_id, scenario',
  );
  expect(() => scope.target("queue_depth", { pool: "main" })).toThrow(
    'target_queue_depth has no label "pool"; it has target, source, queue',
  );
  expect(() => scope.buckets("plimsoll_users")).toThrow("plimsoll_users is no histogram");
  expect(() => scope.counts("plimsoll_users")).toThrow("plimsoll_users is no histogram");
  expect(() => scope.metric("plimsoll_response_time_seconds", { le: "1.0" })).toThrow('no label "le"');
});

it("writes a matcher's value as PromQL's string", () => {
  const scope = new Scope({ window: "1m", run: { run_id: { matches: "$run_id" }, scenario: "shop" } });
  expect(scope.metric("plimsoll_threshold_ok", { threshold: 'p95(latency{task="a\\b"}) < 1s' })).toBe(
    'plimsoll_threshold_ok{run_id=~"$run_id",threshold="p95(latency{task=\\"a\\\\b\\"}) < 1s"}',
  );
});

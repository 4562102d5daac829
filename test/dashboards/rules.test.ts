import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { program } from "../services.ts";
import { root } from "./dashboard.ts";
import { isServed, metricNames, selectors } from "./promql.ts";

interface RuleFile {
  groups: { name: string; rules: RuleJson[] }[];
}

interface RuleJson {
  record?: string;
  alert?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

interface RuleTests {
  tests: {
    name: string;
    alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[];
    promql_expr_test?: { expr: string }[];
  }[];
}

const read = <T>(path: string): T => parse(readFileSync(resolve(root, path), "utf8")) as T;
const rules = read<RuleFile>("prometheus/rules/plimsoll.yml").groups.flatMap((group) => group.rules);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const testFiles = globSync("prometheus/rules.test/*.yml", { cwd: root });
const tests = testFiles.flatMap((file) => read<RuleTests>(file).tests);

describe("rules", () => {
  it.each(rules.map((rule) => [rule.alert ?? rule.record, rule]))("%s asks only for what there is", (_, { expr }) => {
    expect(metricNames(expr).filter((name) => !isServed(name))).toEqual([]);
    expect(selectors(expr).filter(({ matchers }) => /\ble=~?"\d+"/.test(matchers))).toEqual([]);
    if (expr.includes("_bucket")) expect(expr).toMatch(/sum by \(run_id, (\w+, )?le\)/);
  });

  it.each(
    alerts.map((rule) => [rule.alert, rule]),
  )("%s says how grave it is, whose it is, and what is wrong", (_, rule) => {
    // A load test gets nobody out of bed: nothing here pages.
    expect(["warning", "info"]).toContain(rule.labels?.["severity"]);
    expect(["generator", "target"]).toContain(rule.labels?.["domain"]);
    expect(rule.annotations).toMatchObject({
      summary: expect.stringContaining("$labels."),
      description: expect.stringMatching(/\.$/),
    });
  });

  it.each(rules.map(({ alert, record }) => alert ?? record))("%s has a test in which it holds", (name) => {
    const holds = tests.some(
      ({ alert_rule_test: ofAlerts = [], promql_expr_test: ofExprs = [] }) =>
        ofAlerts.some(({ alertname, exp_alerts }) => alertname === name && exp_alerts.length > 0) ||
        ofExprs.some(({ expr }) => expr === name),
    );
    expect(holds).toBe(true);
  });
});

const promtool = program("promtool");
if (promtool !== undefined) {
  describe("promtool", () => {
    it.each([
      ["check", "config", "prometheus/prometheus.yml"],
      ["check", "rules", "prometheus/rules/plimsoll.yml"],
      ["test", "rules", ...testFiles],
    ])("%s %s %s", (...args) => {
      const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: root, encoding: "utf8" });
      expect(status, stdout + stderr).toBe(0);
    });
  });
}

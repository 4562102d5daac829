import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readDashboard } from "../dashboards/dashboard.ts";
import { expressions, queryText } from "../dashboards/expressions.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { program } from "../services.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";
import { Prometheus } from "./prometheus-server.ts";

/** Constant arrivals, twice as many in one of two runs. They last until Prometheus has found them, which takes it 5 s. */
const scenario = `
name: two
users:
  Reader:
    tasks:
      List: { get: /api/tasks }
      Missing: { get: /api/tasks/999999999, expect: { status: 404 } }
watch: { app: { prometheus: /metrics } }
profiles:
  slow: { arrivals: 20/s, duration: 12s }
  fast: { arrivals: 40/s, duration: 12s }
`;

describe.runIf(program("prometheus"))("the dashboard that compares two runs", () => {
  it("lays the baseline over the run, each from its own start", async () => {
    const target = await startPracticeTarget();
    onTestFinished(() => target.stop());
    const folder = temporaryFolder();
    writeFileSync(join(folder, "two.yaml"), scenario);
    const prometheus = await Prometheus.start(folder, join(folder, "runs", "targets.json"));
    const run = async (profile: string) => {
      const args = ["run", "two.yaml", "--profile", profile, "--host", target.url, "--listen", "127.0.0.1:0"];
      const { code, stdout } = await new Plimsoll(args, { folder }).finished;
      expect([0, 98], stdout).toContain(code);
    };
    await run("slow");
    await run("fast");
    const endedAt = Date.now() / 1000 - 1;

    const dashboard = readDashboard("comparison");
    /** What a variable's query gives, as Grafana finds it by the variable's regular expression. */
    const variable = async (name: string, chosen: Record<string, string>) => {
      const one = dashboard.templating.list.find((own) => own.name === name);
      const query = queryText(one ?? expect.fail(`no variable ${name}`));
      const expr = /^query_result\((.+)\)$/.exec(query)?.[1] ?? expect.fail(query);
      const filled = expr.replace(/\$(\w+)/g, (_, other: string) => chosen[other] ?? expect.fail(other));
      const found = new RegExp(one?.regex?.slice(1, -1) ?? "");
      const results = await prometheus.query(filled, endedAt);
      return results.map(({ metric, value: [time, value] }) => {
        const labels = Object.entries(metric).map(([label, text]) => `${label}="${text}"`);
        return found.exec(`{${labels.join(",")}} ${value} ${time * 1000}`)?.[1];
      });
    };
    const runs = (await variable("baseline", {})).toSorted();
    expect(runs).toHaveLength(2);
    const [baseline = "", run_id = ""] = runs;
    const [shift = ""] = await variable("shift", { run_id, baseline });
    expect(shift).toMatch(/^\d+$/);
    expect(await variable("shift", { run_id, baseline: run_id })).toEqual(["1"]);

    const asked = expressions(dashboard, {
      run_id,
      scenario: "all",
      target: "all",
      range: "120s",
      rateInterval: "4s",
      own: { baseline, shift },
    });
    const empty: string[] = [];
    for (const { panel, refId, expr, instant } of asked) {
      const results = instant
        ? await prometheus.query(expr, endedAt)
        : await prometheus.queryRange(expr, endedAt - 12, endedAt);
      if (results.length === 0) empty.push(`${panel} ${refId}: ${expr}`);
    }
    expect(empty).toEqual([]);

    // The baseline as far as it was at the same age, whatever lies between the runs: half as many.
    const requests = asked.find(({ panel, refId }) => panel === "Both runs" && refId === "A");
    const rows = await prometheus.query(requests?.expr ?? "", endedAt);
    const counted = Object.fromEntries(rows.map(({ metric, value }) => [metric["run_id"], Number(value[1])]));
    expect(Object.keys(counted).toSorted()).toEqual(runs);
    const [before = 0, now = 0] = [counted[baseline], counted[run_id]];
    expect(before).toBeLessThanOrEqual(240);
    expect(now).toBeLessThanOrEqual(480);
    expect(before / now).toBeGreaterThan(0.4);
    expect(before / now).toBeLessThan(0.6);
    const rate = asked.find(({ panel, refId }) => panel === "Both runs" && refId === "B");
    for (const { metric, value } of await prometheus.query(rate?.expr ?? "", endedAt)) {
      const wanted = metric["run_id"] === run_id ? 40 : 20;
      expect(Number(value[1]) / wanted, metric["run_id"]).toBeGreaterThan(0.7);
      expect(Number(value[1]) / wanted, metric["run_id"]).toBeLessThan(1.05);
    }
  });
});

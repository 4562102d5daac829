import { spawnSync } from "node:child_process";
import { copyFileSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { plimsoll } from "../cli/in-process.ts";
import { root } from "../dashboards/dashboard.ts";
import { isServed, metricNames, selectors } from "../dashboards/promql.ts";
import { program } from "../services.ts";

const shop = join(import.meta.dirname, "shop.yaml");
const examples = globSync("examples/*/*.yaml", { cwd: root }).map((path) => resolve(root, path));

interface Rules {
  groups: {
    name: string;
    rules: { alert?: string; record?: string; expr: string; labels: Record<string, string> }[];
  }[];
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "plimsoll-rules-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** A scenario with these thresholds, and what is printed for it. */
async function rulesFor(thresholds: string[], ...flags: string[]) {
  const file = join(folder(), "s.yaml");
  writeFileSync(
    file,
    `name: s
host: http://localhost:8000
users:
  One: { tasks: { Read: { get: /items }, Write: { post: /items } } }
  Two: { tasks: { Read: { get: /items } } }
watch: { app: { prometheus: /metrics } }
thresholds: ${JSON.stringify(thresholds)}
`,
  );
  const said = await plimsoll(["rules", file, ...flags]);
  const rules = (parse(said.stdout) as Rules).groups.flatMap((group) => group.rules);
  return { ...said, rules };
}

const variable = (name: string) => `$\{${name}}`;

describe("rules of a scenario", () => {
  it.each(
    examples.flatMap((path) => ["test", "soak", "production"].map((window) => [path.slice(root.length), window])),
  )("%s for a %s ask only for what /metrics has, with le in its float form", async (path, window) => {
    const { code, stdout, stderr } = await plimsoll(["rules", root + path, "--window", window]);
    expect(code, stderr).toBe(0);
    const rules = (parse(stdout) as Rules).groups.flatMap((group) => group.rules);
    const recorded = new Set(rules.flatMap(({ record }) => record ?? []));
    const names = new Set(rules.flatMap(({ expr }) => metricNames(expr)));
    expect([...names].filter((name) => !isServed(name) && !recorded.has(name))).toEqual([]);
    const bounds = rules.flatMap(({ expr }) => selectors(expr)).filter(({ matchers }) => /\ble=~?"\d+"/.test(matchers));
    expect(bounds).toEqual([]);
    for (const { expr } of rules.filter(({ expr }) => expr.includes("plimsoll_re")))
      expect(expr).toContain("by (run_id)");
  });

  it("say what they leave out, in the file and beside it", async () => {
    const { stdout, stderr, code } = await plimsoll(["rules", shop]);
    expect(code).toBe(0);
    const inFile = stdout.split("\n").flatMap((line) => /^# - (.*)/.exec(line)?.[1] ?? []);
    const beside = stderr.split("\n").flatMap((line) => /^ {2}(.*)/.exec(line)?.[1] ?? []);
    expect(beside).toEqual(inFile);
    expect(inFile).toEqual([
      'ratio(errors{user="Buyer"}) target == 0 critical < 0.1% after 30s abort (target): it allows nothing bad at all, so that there is no error budget',
      expect.stringMatching(
        /^p99\(latency\{tag="write"\}\) < 1s: .*label tag, and the request Log in is not of it alone/,
      ),
      "avg(latency) < 1s: a mean is no share of events that are good",
      "rate(requests) target >= 10/s critical >= 5/s: a rate is no share of events that are good",
      "p99(latency) < 2s during hold: it is of a part of the load, which rules do not know",
      "count(cache_evictions_total) < 100: it counts over the whole run: with `over 5m` it would have a window",
      expect.stringMatching(/^p50\(latency\) < 50ms: no alert for a page or a ticket: 50 % may be bad/),
    ]);
  });

  it("leave no threshold unmentioned: each limit is a rule, or is said", async () => {
    const { stdout, stderr } = await plimsoll(["rules", shop]);
    const written = parse(readFileSync(shop, "utf8")) as { thresholds: string[] };
    const rules = (parse(stdout) as Rules).groups.flatMap((group) => group.rules);
    const told = new Set(rules.map(({ labels }) => labels["threshold"]));
    expect(written.thresholds.filter((text) => !told.has(text) && !stderr.includes(text))).toEqual([]);
  });

  it.each([
    ["test", ["1m", "5m", "30m"], "1"],
    ["soak", ["2m", "5m", "30m", "1h"], "7"],
    ["production", ["5m", "30m", "1h", "2h", "6h", "1d", "3d"], "30"],
  ])("look at the windows of a %s", async (window, expected, days) => {
    const { rules } = await rulesFor(["ratio(errors) < 0.1%"], "--window", window);
    const recorded = rules.filter(({ record }) => record?.startsWith("slo:sli_error:ratio_rate"));
    expect(recorded.map(({ labels }) => labels["sloth_window"])).toEqual(expected);
    for (const { record, expr, labels } of recorded) {
      expect(record).toBe(`slo:sli_error:ratio_rate${labels["sloth_window"]}`);
      expect(expr).toContain(`[${labels["sloth_window"]}]`);
    }
    expect(rules.find(({ record }) => record === "slo:time_period:days")?.expr).toBe(`vector(${days})`);
    const alerts = rules.filter(({ alert }) => alert !== undefined).map(({ labels }) => labels["severity"]);
    expect(alerts).toEqual(["page", "ticket"]);
  });

  it.each([
    ["ratio(errors) < 1%", "0.99"],
    ["ratio(errors) <= 0.05%", "0.9995"],
    ["ratio(good, 300ms) >= 99.9%", "0.999"],
    ["p99.9(latency) < 2s", "0.999"],
    ["p95(service) < 123ms", "0.95"],
    ['p95(phase{phase="wait"}) < 100ms', "0.95"],
    ["p95(iteration_duration) < 5s", "0.95"],
    ["ratio(checks) > 95%", "0.95"],
    ["ratio(rate_limited) < 2%", "0.98"],
    ["ratio(dropped) < 1%", "0.99"],
  ])("of %s have the objective %s", async (threshold, objective) => {
    const { rules, stderr } = await rulesFor([threshold]);
    expect(rules.find(({ record }) => record === "slo:objective:ratio")?.expr, stderr).toBe(`vector(${objective})`);
    expect(stderr).toBe("");
  });

  it.each([
    ["ratio(errors) == 0", /nothing bad at all/],
    ["ratio(errors) > 1%", /an upper limit of what is bad/],
    ["ratio(good, 300ms) < 99%", /a lower limit of what is good/],
    ["ratio(good, 300ms) >= 100%", /nothing bad at all/],
    ["p95(latency) > 1s", /an upper limit of a time/],
    ["max(latency) < 1s", /a maximum/],
    ['p95(phase{phase="wait"}) < 123ms', /123ms is no bound of the buckets/],
    ['p95(latency{user="Two"}) < 1s', /no label user, and the request Read is not of it alone/],
    ["slope(latency) < 5ms/h", /a slope/],
    ["count(cache_evictions_total) < 5", /over 5m/],
    ["max(queue_depth) < 5 during ramp", /a part of the load/],
  ])("say why there is none of %s", async (threshold, why) => {
    const { code, rules, stderr } = await rulesFor([threshold]);
    expect([code, rules, stderr]).toEqual([0, [], expect.stringMatching(why)]);
  });

  it("have the alerts that could fire, and say which could not", async () => {
    const [inATest, always] = [
      await rulesFor(["p90(latency) < 1s"]),
      await rulesFor(["p90(latency) < 1s"], "--window", "production"),
    ];
    const alerts = ({ rules }: typeof always) => rules.filter(({ alert }) => alert !== undefined);
    expect(alerts(inATest).map(({ labels }) => labels["severity"])).toEqual(["ticket"]);
    expect(inATest.stderr).toContain("no alert for a page: 10 % may be bad, and 14.4 times that is more than there is");
    // 14.4 times its budget cannot be, 6 times can.
    expect(alerts(always).map(({ labels }) => labels["severity"])).toEqual(["page", "ticket"]);
    expect(alerts(always)[0]?.expr).not.toContain("14.4");
    expect(alerts(always)[0]?.expr).toContain("> 6 * 0.1");
    expect(always.stderr).toBe("");
  });

  it("are told apart where two ask the same of the same, whatever their limits", async () => {
    const { rules } = await rulesFor([
      "p95(latency) < 1s",
      "p95(latency) < 2s over 1m",
      "ratio(errors) target < 1% critical < 5%",
    ]);
    const names = rules.filter(({ record }) => record === "sloth_slo_info").map(({ labels }) => labels["sloth_slo"]);
    expect(names).toEqual(["latency-p95", "latency-p95-2", "availability-target", "availability"]);
  });

  it("have a profile's thresholds, and say what it does not drive", async () => {
    const { stdout, stderr } = await plimsoll(["rules", shop, "--profile", "readers"]);
    expect(stdout).toMatch(/^# Made by plimsoll rules .*shop\.yaml --profile readers\./);
    expect(stdout).toContain("ratio(errors) < 5%");
    expect(stdout).not.toContain("ratio(errors) < 1%");
    expect(stderr).toContain('p95(latency{task="Buy"}) target < 500ms critical < 1s: the profile drives nothing of it');
  });

  it("hold names that Go's templates, PromQL and YAML would take for something else", async () => {
    const file = join(folder(), "s.yaml");
    const scenario = {
      name: variable("NAME"),
      host: "http://localhost:8000",
      users: { One: { tasks: { Read: { get: "/", name: 'it"s\\ (1+1)' } } } },
      watch: { app: { prometheus: "/metrics" } },
      thresholds: [`p95(latency{request=${JSON.stringify('it"s\\ (1+1)')}}) < 1s`, variable("LIMIT"), variable("NOT")],
    };
    writeFileSync(file, JSON.stringify(scenario));
    const environment = {
      NAME: 'x "{{ y }}" # z',
      LIMIT: 'max(queue_depth{queue="{{ q }}"}) < 5',
      NOT: "avg(latency)\n<\n1s",
    };
    const { code, stdout, stderr } = await plimsoll(["rules", file], { environment });
    // What is a comment stays one.
    expect([code, stderr]).toEqual([
      0,
      "Not in it:\n  avg(latency) < 1s: a mean is no share of events that are good\n",
    ]);
    const rules = (parse(stdout) as Rules).groups.flatMap((group) => group.rules);
    expect(rules[0]?.expr).toContain('request="it\\"s\\\\ (1+1)"');
    expect(rules.at(-1)?.labels["threshold"]).toBe('max(queue_depth{queue="{{ "{{" }} q }}"}) < 5');
    if (promtool !== undefined) checked(promtool, ["check", "rules"], stdout);
  });

  it("are refused where there are no thresholds, or the profile is unknown", async () => {
    const none = await plimsoll(["rules", resolve(root, "test/rules/without.yaml")]);
    expect(none.code).toBe(104);
    const { code, stderr } = await plimsoll(["rules", shop, "-p", "reader"]);
    expect([code, stderr]).toEqual([104, expect.stringContaining("Did you mean readers?")]);
    const without = await plimsoll(["rules", join(import.meta.dirname, "without.yaml"), "-p", "reader"]);
    expect(without.stderr).toContain("Expected a profile of without (it has none), got reader.");
    const flag = await plimsoll(["rules", shop, "--window", "week"]);
    expect([flag.code, flag.stderr]).toEqual([104, expect.stringContaining("test, soak, production")]);
  });

  it("go to a file, and what is in it is told", async () => {
    const path = join(folder(), "prometheus", "shop.yml");
    const { code, stdout } = await plimsoll(["rules", shop, "-o", path]);
    expect([code, stdout]).toEqual([0, `${path} is written: 7 SLOs, 18 alerts.\n`]);
    expect(readFileSync(path, "utf8")).toBe((await plimsoll(["rules", shop])).stdout);
  });
});

describe("SLOs for other programs", () => {
  it("have Sloth's form: a query for its window of all events, and of the bad ones", async () => {
    const { code, stdout, stderr } = await plimsoll(["rules", shop, "--format", "sloth"]);
    const spec = parse(stdout) as Record<string, unknown> & { slos: unknown[] };
    expect([code, spec["version"], spec["service"]]).toEqual([0, "prometheus/v1", "shop"]);
    expect(spec.slos[0]).toEqual({
      name: "availability",
      objective: 99,
      description: expect.stringContaining("99 % have to be good"),
      labels: { level: "critical" },
      sli: {
        events: {
          error_query: expect.stringContaining('outcome="failure"}[{{.window}}]'),
          total_query: 'sum by (run_id) (rate(plimsoll_requests_total{scenario="shop"}[{{.window}}]))',
        },
      },
      alerting: {
        name: "SLOErrorBudgetBurn",
        labels: { domain: "slo" },
        annotations: { summary: "The error budget of ratio(errors) < 1% burns too fast" },
        page_alert: { labels: { severity: "page" } },
        ticket_alert: { labels: { severity: "ticket" } },
      },
    });
    expect(spec.slos[1]).toMatchObject({ name: "latency-p95-buy-target", alerting: { page_alert: { disable: true } } });
    expect(stderr).toContain("max(queue_depth) < 100 for 10s after 1m: it is no SLO");
  });

  it("have OpenSLO's form: a document each, beside their service's", async () => {
    const { stdout } = await plimsoll(["rules", shop, "--format", "openslo", "--window", "production"]);
    const [service, first, ...more] = parseAllDocuments(stdout).map((document) => document.toJS() as unknown);
    expect(service).toMatchObject({ apiVersion: "openslo/v1", kind: "Service", metadata: { name: "shop" } });
    expect(first).toMatchObject({
      apiVersion: "openslo/v1",
      kind: "SLO",
      metadata: { name: "shop-availability" },
      spec: {
        service: "shop",
        indicator: { spec: { ratioMetric: { counter: true, total: { metricSource: { type: "Prometheus" } } } } },
        timeWindow: [{ duration: "30d", isRolling: true }],
        budgetingMethod: "Occurrences",
        objectives: [{ target: 0.99 }],
      },
    });
    expect(more).toHaveLength(6);
  });

  it("have names in OpenSLO that are DNS labels, however long a scenario's are", async () => {
    const file = join(folder(), "s.yaml");
    const task = "A task whose name goes on for quite a while";
    const scenario = {
      name: `${"very-".repeat(12)}long`,
      users: { One: { tasks: { [`${task} 1`]: { get: "/a" }, [`${task} 2`]: { get: "/b" } } } },
      thresholds: ["1", "2"].map((which) => `p95(latency{task="${task} ${which}"}) < 1s`),
    };
    writeFileSync(file, JSON.stringify(scenario));
    const { code, stdout } = await plimsoll(["rules", file, "--format", "openslo"]);
    const documents = parseAllDocuments(stdout).map((one) => one.toJS() as { metadata: { name: string } });
    const names = documents.map(({ metadata }) => metadata.name);
    expect([code, new Set(names).size, names.length]).toEqual([0, 3, 3]);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
  });
});

function checked(promtool: string, args: string[], text: string): void {
  const at = join(folder(), "rules.yml");
  writeFileSync(at, text);
  const { status, stdout, stderr } = spawnSync(promtool, [...args, at], { encoding: "utf8" });
  expect(status, stdout + stderr).toBe(0);
}

const promtool = program("promtool");
if (promtool !== undefined) {
  describe("promtool", () => {
    it.each([shop, ...examples])("accepts the rules of %s", async (path) => {
      const { stdout } = await plimsoll(["rules", path, "--window", "production"]);
      checked(promtool, ["check", "rules", "--lint=all", "--lint-fatal"], stdout);
    });

    it("sees the rules hold and not hold", async () => {
      const at = folder();
      writeFileSync(join(at, "rules.yml"), (await plimsoll(["rules", shop])).stdout);
      copyFileSync(join(import.meta.dirname, "shop.promtool.yaml"), join(at, "tests.yml"));
      const { status, stdout, stderr } = spawnSync(promtool, ["test", "rules", "tests.yml"], {
        cwd: at,
        encoding: "utf8",
      });
      expect(status, stdout + stderr).toBe(0);
    });
  });
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatLike, parseQuantity } from "../../src/verdict/quantity.ts";
import { namedLatencies, parseThreshold, type Threshold, type ThresholdProblem } from "../../src/verdict/threshold.ts";

function good(text: string, own: string[] = []): Threshold {
  const result = parseThreshold(text, own);
  if ("problem" in result) throw new Error(`${text}: ${JSON.stringify(result.problem)}`);
  return result.threshold;
}

function bad(text: string): ThresholdProblem {
  const result = parseThreshold(text);
  if ("threshold" in result) throw new Error(`${text} was accepted`);
  return result.problem;
}

describe("parseThreshold", () => {
  it("reads a target and a critical limit into base units", () => {
    expect(good("  p95(latency) target < 500ms critical < 1s ")).toEqual({
      expression: "p95(latency) target < 500ms critical < 1s",
      aggregation: { kind: "quantile", q: 0.95 },
      subject: "client",
      metric: "latency",
      filters: {},
      target: { operator: "<", value: 0.5, text: "500ms" },
      critical: { operator: "<", value: 1, text: "1s" },
    });
  });

  it("takes a single limit as critical, and a target alone", () => {
    expect(good("p99(latency) < 1s")).toMatchObject({ critical: { value: 1 } });
    expect(good("p99(latency) < 1s").target).toBeUndefined();
    expect(good("ratio(errors) target == 0").critical).toBeUndefined();
  });

  it.each([
    ["p50(latency) < 1s", 0.5],
    ["p99.9(service) < 1s", 0.999],
    ["p99.99(latency) < 1s", 0.9999],
    ["p7(latency) > 1ms", 0.07],
    ["p90(db_pool_utilization_ratio) < 90%", 0.9],
  ])("%s has the quantile %d", (text, q) => {
    expect(good(text).aggregation).toEqual({ kind: "quantile", q });
  });

  it("reads filters, and unescapes them as series names are escaped", () => {
    expect(good('p95(latency{task="Create a task", outcome="success"}) < 800ms').filters).toEqual({
      task: "Create a task",
      outcome: "success",
    });
    expect(good(String.raw`rate(requests{request="a \"b\" \\ c\n"}) > 1/s`).filters).toEqual({
      request: 'a "b" \\ c\n',
    });
    expect(good('max(db_pool_connections{source="pool",state="in_use"}) < 40')).toMatchObject({
      subject: "target",
      metric: "db_pool_connections",
      filters: { source: "pool", state: "in_use" },
    });
  });

  it("reads the latency of good", () => {
    const threshold = good('ratio(good{user="Boss"}, 500ms) target > 99% critical > 0.95');
    expect(threshold).toMatchObject({ metric: "good", within: 0.5, filters: { user: "Boss" } });
    expect(threshold).toMatchObject({ target: { value: 0.99 }, critical: { value: 0.95 } });
  });

  it.each([
    ["p95(latency) < 2.5ms", 0.0025],
    ["min(latency) > 20us", 0.00002],
    ["min(latency) > 20\u00b5s", 0.00002],
    ["max(latency) < 2m", 120],
    ["max(latency) < 2min", 120],
    ["max(db_longest_transaction_seconds) < 1h", 3600],
    ["ratio(errors) < 35%", 0.35],
    ["ratio(errors) == 0", 0],
    ["ratio(errors) < 0.01", 0.01],
    ["rate(requests) >= 1200/min", 20],
    ["rate(requests) >= 5/s", 5],
    ["rate(iterations) >= 36000/h", 10],
    ["rate(errors) < 6/m", 0.1],
    ["count(errors) <= 3", 3],
    ["count(requests) > 1000", 1000],
    ["max(memory_used_bytes) < 10MB", 1e7],
    ["max(memory_used_bytes) < 1.5GiB", 1.5 * 2 ** 30],
    ["rate(network_receive_bytes_total) < 6MB/min", 1e5],
    ["rate(cpu_throttled_seconds_total) < 10%", 0.1],
    ["count(cpu_throttled_seconds_total) < 2s", 2],
    ["rate(cache_evictions_total) < 1/s", 1],
    ["count(restarts_total) == 0", 0],
    ["max(db_pool_overflow) == 0", 0],
    ["min(up) == 1", 1],
    ["avg(cache_hit_ratio) > 70%", 0.7],
    ["avg(cpu_utilization_ratio) < 150%", 1.5],
    ["last(queue_depth) < 100", 100],
    ["last(queue_depth) > -1", -1],
    ["max(latency) != 0", 0],
  ])("%s has the limit %d", (text, value) => {
    expect(good(text).critical?.value).toBe(value);
  });

  it("takes names that the scenario's sources bring, with units by their suffix", () => {
    const own = ["worker_backlog", "reindex_seconds", "jobs_total"];
    expect(good("max(worker_backlog) < 10", own).subject).toBe("target");
    expect(good("max(reindex_seconds) < 10s", own).critical?.value).toBe(10);
    expect(good("rate(jobs_total) > 10/s", own).aggregation.kind).toBe("rate");
    expect(bad("max(worker_backlog) < 10").got).toBe("worker_backlog");
  });

  // Text, what is marked, what was expected, what was meant.
  it.each<[text: string, got: string, offset: number, expected: RegExp, suggestion?: string]>([
    ["", "the end", 0, /function of a metric/],
    ["p95", "the end", 3, /"\("/],
    ["p95 latency < 1s", "latency", 4, /"\("/],
    ["latency < 500ms", "latency", 0, /p95\(latency\)/],
    ["errors == 0", "errors", 0, /ratio\(errors\)/],
    ["cpu_utilization_ratio < 90%", "cpu_utilization_ratio", 0, /max\(cpu_utilization_ratio\)/],
    ["500ms > p95(latency)", "500ms", 0, /function/],
    ["agv(latency) < 1s", "agv", 0, /percentile/, "avg"],
    ["mean(latency) < 1s", "mean", 0, /percentile/, "avg"],
    ["median(latency) < 1s", "median", 0, /percentile/, "p50"],
    ["P95(latency) < 1s", "P95", 0, /percentile/, "p95"],
    ["p999(latency) < 1s", "p999", 0, /percentile/, "p99.9"],
    ["p100(latency) < 1s", "p100", 0, /percentile/, "max"],
    ["p0(latency) < 1s", "p0", 0, /percentile/, "min"],
    ["slope(memory_used_bytes) < 10MB", "10MB", 27, /such as 10MB\/s/],
    ["slope(requests) < 1/h", "slope", 0, /rate or count of requests/],
    ["slope(http_requests_total) < 1/h", "slope", 0, /rate or count of http_requests_total/],
    ["changes(latency) == 0", "changes", 0, /of latency/],
    ['count(dropped{task="a"}) == 0', "task", 14, /it has none/],
    ["p95(latncy) < 1s", "latncy", 4, /client metric/, "latency"],
    ["ratio(failures) < 1%", "failures", 6, /client metric/, "errors"],
    ["p95(http_req_duration) < 1s", "http_req_duration", 4, /client metric/, "latency"],
    ["max(target_db_pool_overflow) == 0", "target_db_pool_overflow", 4, /target's/, "db_pool_overflow"],
    ["max(db_pol_overflow) == 0", "db_pol_overflow", 4, /target's/, "db_pool_overflow"],
    ["max(constructor) == 0", "constructor", 4, /target's/],
    ["max() == 0", ")", 4, /client metric/],
    ["p95(requests) < 5", "p95", 0, /rate or count of requests/],
    ["rate(latency) < 5/s", "rate", 0, /of latency/],
    ["ratio(latency) < 5%", "ratio", 0, /of latency/],
    ["count(latency) < 5", "count", 0, /of latency/],
    ["avg(errors) < 5", "avg", 0, /ratio or rate or count of errors/],
    ["rate(db_pool_overflow) < 5/s", "rate", 0, /of db_pool_overflow/],
    ["max(restarts_total) == 0", "max", 0, /rate or count of restarts_total/],
    ['p95(latency{taks="a"}) < 1s', "taks", 12, /labels of latency: user, task/, "task"],
    ['ratio(errors{outcome="failure"}) < 1%', "outcome", 13, /labels of errors/],
    ['p95(latency{outcome="ok"}) < 1s', '"ok"', 20, /"success" or "failure"/],
    ["p95(latency{task=a}) < 1s", "a", 17, /double quotes/],
    ["p95(latency{task='a'}) < 1s", "'", 17, /double quotes/],
    ['p95(latency{task="a) < 1s', '"a) < 1s', 17, /double quotes/],
    ['p95(latency{task="a",task="b"}) < 1s', "task", 21, /once/],
    ['p95(latency{task="a",}) < 1s', "}", 21, /a label/],
    ["p95(latency{}) < 1s", "}", 12, /a label/],
    ["p95(latency < 1s", "<", 12, /"\)"/],
    ["ratio(good) > 99%", ")", 10, /ratio\(good, 500ms\)/],
    ["ratio(good, 500) > 99%", "500", 12, /needs a unit, such as 500ms/],
    ["ratio(good, 0s) > 99%", "0s", 12, /above 0/],
    ["ratio(errors, 500ms) > 99%", ",", 12, /"\)"/],
    ["p95(latency)", "the end", 12, /a limit/],
    ["p95(latency) <", "the end", 14, /a time/],
    ["p95(latency) = 1s", "=", 13, /one of </, "=="],
    ["p95(latency) < 500", "500", 15, /needs a unit, such as 500ms/],
    ["p95(latency) < 5%", "5%", 15, /a time, such as 5ms/],
    ["p95(latency) < 5 ms", "5", 15, /needs a unit, such as 5ms/, "5ms"],
    ["p95(latency) < fast", "fast", 15, /a time/],
    ["ratio(errors) < 5", "5", 16, /needs a unit, such as 5%/],
    ["rate(requests) > 1000", "1000", 17, /needs a unit, such as 1000\/s/],
    ["rate(requests) > 1000/day", "1000/day", 17, /a rate/],
    ["max(memory_used_bytes) < 10", "10", 25, /needs a unit, such as 10MB/],
    ["max(queue_depth) < 10%", "10%", 19, /a bare number/],
    ["p95(latency) target < 1s target < 2s", "target", 25, /only once/],
    ["p95(latency) target < 1s critical < 500ms", "critical", 25, /wider/],
    ["rate(requests) target > 10/s critical > 20/s", "critical", 29, /wider/],
    ["rate(requests) target > 10/s critical < 20/s", "critical", 29, /same side/],
    ["p95(latency) crtical < 1s", "crtical", 13, /a limit/, "critical"],
    ["p95(latency) < 1s critical < 2s", "critical", 18, /each with its word/],
    ["p95(latency) < 1s ovr 1m", "ovr", 18, /nothing more/, "over"],
    ["p95(latency) < 1s over", "the end", 22, /a time/],
    ["p95(latency) < 1s over 1", "1", 23, /such as 1ms/],
    ["p95(latency) < 1s over 500ms", "500ms", 23, /at least 1000ms/],
    ["p95(latency) < 1s over 1m over 2m", "over", 26, /only once/],
    ["p95(latency) < 1s for 0", "0", 22, /at least 1ms/],
    ["p95(latency) < 1s during spike", "spike", 25, /hold, ramp, or stage 2/],
    ["p95(latency) < 1s during holt", "holt", 25, /hold, ramp/, "hold"],
    ["p95(latency) < 1s during stage", "the end", 30, /stage's number/],
    ["p95(latency) < 1s during stage 0", "0", 31, /from 1/],
    ["p95(latency) target < 1s abort", "the end", 30, /a critical limit/],
    ["ratio(errors) < 1% after 1m abort after 2m", "after", 34, /only once/],
    ["ratio(errors) abort", "the end", 19, /a limit/],
  ])("%s: marks %s", (text, got, offset, expected, suggestion) => {
    const problem = bad(text);
    expect(problem).toMatchObject({ got, offset });
    expect(problem.expected).toMatch(expected);
    expect(problem.suggestion).toBe(suggestion);
    expect(text.slice(problem.offset, problem.offset + problem.length)).toBe(got === "the end" ? "" : got);
  });

  it("refuses a text that no line of a file would hold", () => {
    const text = `p95(latency{task="${"a".repeat(1e7)}"}) < 1s`;
    expect(bad(text)).toMatchObject({ offset: 1000, got: `${text.length} characters` });
    expect(good(`p95(latency{task="${"a".repeat(900)}"}) < 1s`).filters["task"]).toHaveLength(900);
  });

  it("never throws, and marks a place in the text", () => {
    const piece = fc.constantFrom(
      ..."p95 avg rate ratio good latency errors requests db_pool_overflow target critical over ( ) { } , = < <= == ! 500ms 1% 5 5/s".split(
        " ",
      ),
      'task="a"',
      '"',
      "\\",
      " ",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .array(fc.oneof({ weight: 9, arbitrary: piece }, { weight: 1, arbitrary: fc.string() }))
        .map((all) => all.join("")),
    );
    fc.assert(
      fc.property(text, (written) => {
        const result = parseThreshold(written);
        if ("threshold" in result) return;
        const { offset, length, expected, got } = result.problem;
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(offset + length).toBeLessThanOrEqual(written.length);
        expect(expected).not.toBe("");
        expect(got).not.toBe("");
      }),
      { numRuns: 3000 },
    );
  });

  it("understands whatever is written by its rules, and its expression means the same again", () => {
    const space = fc.constantFrom("", " ", "  ");
    const value = fc.string({ unit: "binary" });
    const quoted = (text: string) =>
      `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
    const operator = fc.constantFrom("<", "<=", ">", ">=", "==", "!=");
    const percent = fc.integer({ min: 1, max: 9999 }).map((n) => String(n / 100));
    fc.assert(
      fc.property(percent, value, operator, fc.nat(100_000), space, space, (p, task, op, limit, before, between) => {
        const threshold = good(
          `${before}p${p}${between}(latency{task${between}=${quoted(task)}})${between}${op}${between}${limit}ms${before}`,
        );
        expect(threshold.aggregation).toEqual({ kind: "quantile", q: Number(`${p}e-2`) });
        expect(threshold.filters).toEqual({ task });
        expect(threshold.critical).toEqual({ operator: op, value: limit / 1000, text: `${limit}ms` });
        expect(good(threshold.expression)).toEqual(threshold);
      }),
    );
  });
});

describe("the clauses of a threshold", () => {
  it.each([
    ["p95(latency) critical < 2s over 1m for 30s abort", { overMs: 60_000, forMs: 30_000, abort: { afterMs: 0 } }],
    ["ratio(errors) target < 1% critical < 5% after 30s abort", { afterMs: 30_000, abort: { afterMs: 0 } }],
    ["ratio(errors) < 5% abort after 30s", { abort: { afterMs: 30_000 } }],
    ["p95(latency) during hold < 2s", { during: { kind: "hold" } }],
    ["p95(latency) over 1.5m target < 1s for 2s critical < 2s", { overMs: 90_000, forMs: 2000 }],
    ["max(queue_depth) < 5 during stage 2", { during: { kind: "stage", stage: 2 } }],
    ["max(queue_depth) < 5 during ramp", { during: { kind: "ramp" } }],
    ["max(queue_depth) < 5", {}],
  ])("of %s are %j", (text, clauses) => {
    const { overMs, forMs, afterMs, during, abort } = good(text);
    const found = { overMs, forMs, afterMs, during, abort };
    expect(JSON.parse(JSON.stringify(found))).toEqual(clauses);
  });

  it.each([
    ["slope(memory_used_bytes) < 36MB/h", 1e4],
    ["slope(latency) < 3.6ms/h", 1e-6],
    ["slope(cache_hit_ratio) > -36%/h", -1e-4],
    ["slope(queue_depth) <= 60/m", 1],
    ["changes(process_start_time_seconds) == 0", 0],
    ["ratio(dropped) < 1%", 0.01],
  ])("%s has the limit %d", (text, value) => {
    expect(good(text).critical?.value).toBeCloseTo(value, 12);
  });
});

describe("namedLatencies", () => {
  it.each([
    ["p95(latency) target < 500ms critical < 1s", [0.5, 1]],
    ["max(service) < 250ms", [0.25]],
    ["ratio(good, 350ms) > 99%", [0.35]],
    ["ratio(errors) < 1%", []],
    ["max(db_longest_transaction_seconds) < 1s", []],
    ["slope(latency) < 10ms/h", []],
  ])("of %s are %j", (text, latencies) => {
    expect(namedLatencies(good(text))).toEqual(latencies);
  });
});

describe("formatLike", () => {
  it.each([
    [0.73, "500ms", "730ms"],
    [0.5000001, "500ms", "500.0001ms"],
    [0.5, "500ms", "500ms"],
    [0.0123456, "1%", "1.235%"],
    [12.5, "1000/min", "750/min"],
    [3, "0", "3"],
    [15_000_000, "10MB", "15MB"],
    [1 / 3, "1", "0.3333"],
  ])("%d beside %s is %s", (value, limit, text) => {
    const dimension = (["time", "ratio", "rate", "bytes", "number"] as const).find(
      (one) => "value" in parseQuantity(limit, one),
    );
    const parsed = parseQuantity(limit, dimension ?? "number");
    if ("expected" in parsed) throw new Error(parsed.expected);
    expect(formatLike(value, { value: parsed.value, text: limit })).toBe(text);
  });
});

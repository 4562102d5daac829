import { describe, expect, it } from "vitest";
import { parseK6Threshold } from "../../src/verdict/k6-threshold.ts";
import { parseThreshold, type Threshold } from "../../src/verdict/threshold.ts";

function ours(text: string): Threshold {
  const read = parseThreshold(text);
  if ("problem" in read) throw new Error(`${text}: ${JSON.stringify(read.problem)}`);
  return read.threshold;
}

describe("a threshold of k6's", () => {
  it.each([
    ["http_req_duration", "p(95)<500", "p95(latency) < 500ms"],
    ["http_req_duration", " p( 99.9 ) <= 1500.5 ", "p99.9(latency) <= 1500.5ms"],
    ["http_req_duration", "p(0)>1", "min(latency) > 1ms"],
    ["http_req_duration", "p(100)<1000", "max(latency) < 1000ms"],
    ["http_req_duration", "med<200", "p50(latency) < 200ms"],
    ["http_req_duration", "avg < 200", "avg(latency) < 200ms"],
    ["http_req_duration{name:login}", "max<2000", 'max(latency{request="login"}) < 2000ms'],
    ["http_req_duration{name:'GET /a', method:GET}", "avg<1", 'avg(latency{method="GET",request="GET /a"}) < 1ms'],
    ["http_req_duration{group:::Login}", "avg<1", 'avg(latency{task="Login"}) < 1ms'],
    ["http_req_duration{expected_response:true}", "p(95)<500", 'p95(latency{outcome="success"}) < 500ms'],
    ["http_req_failed", "rate<0.01", "ratio(errors) < 0.01"],
    ["http_reqs", "rate>100", "rate(requests) > 100/s"],
    ["http_reqs", "count===1000", "count(requests) == 1000"],
    ["iterations", "rate!=5", "rate(iterations) != 5/s"],
    ["checks", "rate>0.9", "ratio(checks) > 0.9"],
    ["checks{check:status is 200}", "rate==1", 'ratio(checks{check="status is 200"}) == 1'],
    ["dropped_iterations", "count<1", "count(dropped) < 1"],
    ["http_req_waiting", "p(95)<200", 'p95(phase{phase="wait"}) < 200ms'],
    ["http_req_connecting", "max<50", 'max(phase{phase="connect"}) < 50ms'],
    ["iteration_duration", "p(90)<3000", "p90(iteration_duration) < 3000ms"],
    ["group_duration{group:::checkout}", "avg<1000", 'avg(group_duration{group="checkout"}) < 1000ms'],
    ["checks", "rate>0.99", "ratio(checks) > 0.99"],
    ["checks{check:logged in}", "rate==1", 'ratio(checks{check="logged in"}) == 1'],
  ])("%s: %s means %s", (key, text, meaning) => {
    const read = parseK6Threshold({ key, text });
    expect(read).toEqual({ threshold: { ...ours(meaning), expression: `${key.trim()}: ${text.trim()}` } });
  });

  it("may be of the scenario's own metrics, in the unit of their names", () => {
    const custom = [
      { name: "tokens", kind: "counter" },
      { name: "sent_bytes", kind: "counter" },
      { name: "depth", kind: "gauge" },
      { name: "hits", kind: "rate" },
      { name: "first_token_seconds", kind: "trend" },
      { name: "score", kind: "trend" },
    ] as const;
    const meanings: [key: string, text: string, meaning: string][] = [
      ["tokens", "rate<100", "rate(tokens) < 100/s"],
      ["tokens", "count<100", "count(tokens) < 100"],
      ["sent_bytes", "rate<100", "rate(sent_bytes) < 100B/s"],
      ["depth", "value<10", "last(depth) < 10"],
      ["hits", "rate>0.9", "rate(hits) > 0.9"],
      ["first_token_seconds", "p(95)<2", "p95(first_token_seconds) < 2s"],
      ["score", "avg>0.5", "avg(score) > 0.5"],
    ];
    for (const [key, text, meaning] of meanings) {
      const ownMeaning = parseThreshold(meaning, [], custom);
      if ("problem" in ownMeaning) throw new Error(`${meaning}: ${JSON.stringify(ownMeaning.problem)}`);
      const expression = `${key}: ${text}`;
      expect(parseK6Threshold({ key, text }, custom)).toEqual({ threshold: { ...ownMeaning.threshold, expression } });
    }
    expect(parseK6Threshold({ key: "depth{name:x}", text: "value<10" }, custom)).toMatchObject({
      problem: { in: "key", expected: "no tags of depth" },
    });
  });

  it("aborts on failure, after its delay", () => {
    const one = { key: "http_req_failed", text: "rate<0.01" };
    const read = (more: object) => parseK6Threshold({ ...one, ...more });
    expect(read({ abortOnFail: true, delayAbortMs: 10_000 })).toMatchObject({
      threshold: { abort: { afterMs: 10_000 } },
    });
    expect(read({ abortOnFail: true })).toMatchObject({ threshold: { abort: { afterMs: 0 } } });
    expect(read({ abortOnFail: false, delayAbortMs: 10_000 })).not.toHaveProperty("threshold.abort");
  });

  it.each([
    ["http_req_duratoin", "p(95)<500", "key", /http_req_duration/, "http_req_duration"],
    ["vus", "value>1", "key", /a metric of k6's/, undefined],
    ["http_req_duration{nam:login}", "p(95)<500", "key", /tags of name/, "name"],
    ["http_req_duration{name=login}", "p(95)<500", "key", /as name:login/, undefined],
    ["http_req_duration", "p95<500", "text", /p\(95\) of http_req_duration/, undefined],
    ["http_req_duration", "p(95)<500ms", "text", /a number/, undefined],
    ["http_req_duration", "rate<500", "text", /avg or min/, undefined],
    ["http_req_failed", "p(95)<500", "text", /rate of http_req_failed/, undefined],
    ["http_req_failed", "rate<5", "text", /needs a unit/, undefined],
  ])("%s: %s is refused", (key, text, where, expected, suggestion) => {
    const read = parseK6Threshold({ key, text });
    if ("threshold" in read) throw new Error("it was accepted");
    expect(read.problem).toMatchObject({ in: where, expected: expect.stringMatching(expected) });
    expect(read.problem.suggestion).toBe(suggestion);
  });
});

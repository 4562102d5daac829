import { describe, expect, it } from "vitest";
import type { Exchange } from "../../src/client/client.ts";
import { compileRequest } from "../../src/load/request.ts";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import { WorkerUniques } from "../../src/metrics/uniques.ts";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import type { Scope } from "../../src/scenario/template.ts";
import { Judge } from "../../src/verdict/judge.ts";

const scope: Scope = { variables: new Map(), secret: () => "", random: Math.random, userNumber: 0, now: () => 0 };

function planOf(step: string, thresholds: string[] = []) {
  const limits = thresholds.length === 0 ? "" : `thresholds:\n${thresholds.map((one) => `  - ${one}\n`).join("")}`;
  const text = `host: http://localhost\nusers: { U: { tasks: { T: { post: /chat, ${step} } } } }\n${limits}`;
  const read = readScenario("s.yaml", text, {});
  if ("problems" in read) throw new Error(read.problems.map(({ code, line }) => `${line} ${code}`).join());
  const made = makePlan(read.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0" });
  if ("problems" in made) throw new Error(JSON.stringify(made.problems));
  return made.plan;
}

/** Settles responses of the one step; gives what was counted, and whether each failed. */
function settled(step: string, responses: { status?: number; headers?: Exchange["headers"]; body: string }[]) {
  const plan = planOf(step);
  const [first] = plan.loads[0]?.classes[0]?.tasks[0]?.steps ?? [];
  if (first?.kind !== "request") throw new Error("the task has one request");
  const aggregator = new Aggregator("0", new ClassicBounds([]));
  const uniques = new WorkerUniques(aggregator);
  const compiling = { aggregator, userAgent: "", redact: (text: string) => text, uniques };
  const { settle, request } = compileRequest(first, { user: "U", task: "T" }, compiling);
  const failed = responses.map(({ status = 200, headers = {}, body }) => {
    const times = { intendedAt: 0, startedAt: 0, endedAt: 1, bytesIn: 0, bytesOut: 0 };
    const exchange: Exchange = {
      series: 0,
      ...times,
      status,
      headers,
      body: Buffer.from(body),
      protocolVersion: "1.1",
    };
    settle(exchange, scope);
    return exchange.failure !== undefined;
  });
  const { counters } = aggregator.snapshot(1000);
  const counted = Object.entries(counters).filter(([, value]) => value > 0);
  return { failed, counted: Object.fromEntries(counted), wantBody: request(scope, 0).wantBody };
}

const tokens = (model: string, type: string) => `plimsoll_llm_tokens_total{model="${model}",type="${type}"}`;
const limited = (limit: string) => `plimsoll_rate_limited_total{limit="${limit}"}`;
const usage = "usage: { input: $.usage.prompt_tokens, output: $.usage.completion_tokens }";
const answer = (input: unknown, output: unknown, model: unknown = "m1") =>
  JSON.stringify({ model, usage: { prompt_tokens: input, completion_tokens: output } });

describe("usage", () => {
  it("counts tokens by model, and asks for the body", () => {
    const { counted, failed, wantBody } = settled(usage, [
      { body: answer(10, 3) },
      { body: answer(5, 1) },
      { body: answer(7, 2, "m2") },
    ]);
    expect(counted).toEqual({
      [tokens("m1", "input")]: 15,
      [tokens("m1", "output")]: 4,
      [tokens("m2", "input")]: 7,
      [tokens("m2", "output")]: 2,
    });
    expect(failed).toEqual([false, false, false]);
    expect(wantBody).toBe(true);
  });

  it("may name the model, and one side alone", () => {
    const step = "usage: { model: gpt-x, output: $.n }";
    expect(settled(step, [{ body: '{"n":4}' }]).counted).toEqual({ [tokens("gpt-x", "output")]: 4 });
  });

  it("counts what was spent although the answer is wrong, and nothing where nothing is told", () => {
    const step = `${usage}, expect: { json: { $.ok: true } }`;
    const { counted, failed } = settled(step, [{ body: answer(10, 3) }, { body: answer("many", -1) }]);
    expect(counted).toEqual({ [tokens("m1", "input")]: 10, [tokens("m1", "output")]: 3 });
    expect(failed).toEqual([true, true]);
    expect(settled(usage, [{ body: "no JSON" }, { body: "{}" }, { status: 500, body: answer(1, 1) }])).toMatchObject({
      counted: {},
      failed: [false, false, true],
    });
  });

  it("is bounded where a response makes models up", () => {
    const responses = Array.from({ length: 100 }, (_, i) => ({ body: answer(1, 0, `m${i}`) }));
    const { counted } = settled(usage, responses);
    expect(Object.keys(counted).length).toBeLessThanOrEqual(21);
    expect(counted[tokens("__other__", "input")]).toBe(80);
  });

  it("costs a step without it nothing", () => {
    expect(settled("name: x", [{ body: answer(1, 1) }])).toMatchObject({ counted: {}, wantBody: false });
  });
});

describe("rate limits", () => {
  const cases: [headers: Exchange["headers"], limit: string][] = [
    [{ "x-ratelimit-remaining-tokens": "0", "x-ratelimit-remaining-requests": "9" }, "tokens"],
    [{ "x-ratelimit-remaining-requests": "0" }, "requests"],
    [{ "anthropic-ratelimit-input-tokens-remaining": "0" }, "tokens"],
    [{ "ratelimit-remaining": "0", "retry-after": "3" }, "requests"],
    [{ "retry-after": "3" }, "unknown"],
    [{}, "unknown"],
  ];

  it.each(cases)("%j is %s", (headers, limit) => {
    const { counted } = settled("name: x", [
      { status: 429, headers, body: "" },
      { status: 503, headers, body: "" },
    ]);
    expect(counted).toEqual({ [limited(limit)]: 1 });
  });

  it("are counted where 429 is expected, too", () => {
    const { counted, failed } = settled("expect: { status: [200, 429] }", [{ status: 429, body: "" }]);
    expect(counted).toEqual({ [limited("unknown")]: 1 });
    expect(failed).toEqual([false]);
  });
});

describe("thresholds", () => {
  it("ask for tokens and rate limits", () => {
    const expressions = [
      'rate(llm_tokens{type="output"}) < 3/s',
      "count(llm_tokens) < 1000",
      "ratio(rate_limited) < 10%",
      'count(rate_limited{limit="tokens"}) == 0',
    ];
    const plan = planOf(usage, expressions);
    const aggregator = new Aggregator("0", new ClassicBounds(plan.bounds));
    const series = aggregator.series({ user: "U", task: "T", request: "T", method: "POST" });
    for (let i = 0; i < 10; i++) {
      aggregator.add({ series, intendedAt: 0, startedAt: 0, endedAt: 5, status: 200, bytesIn: 0, bytesOut: 0 });
    }
    aggregator.counter("plimsoll_llm_tokens_total", { model: "m", type: "input" }).add(500);
    aggregator.counter("plimsoll_llm_tokens_total", { model: "m", type: "output" }).add(40);
    aggregator.counter("plimsoll_rate_limited_total", { limit: "requests" }).add(2);
    const states = new Judge(plan).conclude(aggregator.snapshot(10_000, true));
    expect(states.map(({ value, state }) => [value, state])).toEqual([
      [4, "broken"],
      [540, "ok"],
      [0.2, "broken"],
      [0, "ok"],
    ]);
  });
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how scenarios name their environment
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpClient } from "../../src/client/http.ts";
import { Worker } from "../../src/load/worker.ts";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import type { SeriesData, Snapshot } from "../../src/metrics/snapshot.ts";
import { makePlan, type PlanOptions } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import type { Plan } from "../../src/scenario/plan.ts";
import { describeProblems } from "../../src/scenario/problem.ts";
import { Judge } from "../../src/verdict/judge.ts";
import { decide, exitCode } from "../../src/verdict/verdict.ts";
import { type VirtualOptions, virtualRun } from "../load/virtual-run.ts";
import { bounds, counted, looks, thresholds } from "../verdict/evidence.ts";

/** What a scenario means where it says nothing: each rule by what a user would notice of it. */

function read(text: string, environment: Record<string, string> = {}) {
  return readScenario("s.yaml", text, environment);
}

function planOf(text: string, environment: Record<string, string> = {}, options: Partial<PlanOptions> = {}): Plan {
  const result = read(text, environment);
  if ("problems" in result) throw new Error(describeProblems("s.yaml", text, result.problems));
  const made = makePlan(result.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0", ...options });
  if ("problems" in made) throw new Error(describeProblems("s.yaml", text, made.problems));
  return made.plan;
}

const host = "host: http://target\n";
const once = "profiles: { p: { users: 1, iterations: 1 } }\n";

/** A run to its end of one user with one task, if nothing else is said. */
async function ran(
  tasks: string,
  answer?: Parameters<typeof virtualRun>[1],
  options: VirtualOptions & { profiles?: string } = {},
) {
  const { profiles = once, ...others } = options;
  const run = virtualRun(`${host}users: { U: { tasks: ${tasks} } }\n${profiles}`, answer, others);
  await run.finish();
  return { run, snapshot: run.total() };
}

const judged = (text: string, snapshot: Snapshot) =>
  new Judge({ thresholds: thresholds(text), bounds, warmUpMs: 0, loads: [] }).conclude(snapshot)[0];
const trusted = { trusted: true, reasons: [], cpu: 0, lag: 0, delay: 0 };
const verdict = (snapshot: Snapshot, hasThresholds = false) =>
  decide({ states: [], trust: trusted, snapshot, hasThresholds });

describe("expansion", () => {
  it("fills ${…} in after YAML was read, in scalars only: it cannot bring structure with it", () => {
    const environment = { NAME: "x: [1, 2]\nhost: http://evil # {{ uuid() }}" };
    const plan = planOf(`${host}name: "\${NAME}"\nusers: { U: { tasks: { T: { get: / } } } }\n`, environment);
    expect(plan.scenario).toBe(environment.NAME);
    expect(plan.target).toBe("target");
    const keyed = read(`${host}users: { "\${NAME}": { tasks: { T: { get: / } } } }\n`, environment);
    expect("problems" in keyed && keyed.problems[0]?.code).toBe("template-not-allowed");
  });

  it("types what is alone in a value; in a body what is quoted stays a text", async () => {
    const environment = { N: "7", YES: "true" };
    const steps = `
  U:
    tasks:
      T:
        post: /
        json:
          plain: \${N}
          quoted: "\${N}"
          flag: \${YES}
          part: n\${N}
`;
    const run = virtualRun(`${host}users:${steps}profiles: { p: { users: 1, iterations: "\${N}" } }\n`, undefined, {
      environment,
    });
    await run.finish();
    expect(run.sent).toHaveLength(7);
    expect(JSON.parse(String(run.sent[0]?.body))).toEqual({ plain: 7, quoted: "7", flag: true, part: "n7" });
  });

  it("fills {{ }} in while running, at each request anew", async () => {
    const { run } = await ran("{ T: { get: '/{{ uuid() }}' } }", undefined, {
      profiles: "profiles: { p: { users: 1, iterations: 3 } }\n",
    });
    expect(new Set(run.requests())).toHaveLength(3);
  });

  it.each([
    ["a telling name", "headers: { x: '${API_TOKEN}' }, get: /", { API_TOKEN: "canary" }],
    [
      "PASSWORD, SECRET or KEY in any case",
      "headers: { x: '${my_secret} ${Password1} ${KEYS}' }, get: /",
      { my_secret: "canary", Password1: "canary", KEYS: "canary" },
    ],
    ["a login in a URL", "get: 'http://${WHO}@target/'", { WHO: "me:canary" }],
  ])("keeps what comes from the environment under %s out of the plan", (_, task, environment) => {
    const plan = planOf(`${host}users: { U: { tasks: { T: { ${task} } } } }\n`, environment);
    expect(JSON.stringify(plan)).not.toContain("canary");
    expect(JSON.stringify(plan)).toContain('"kind":"secret"');
  });
});

describe("traps of YAML", () => {
  it.each([
    ["a limit that is a block", "thresholds: [] \nlabels:\n  a: >5\n"],
    ["a limit that is a tag", "labels: { a: !=0 }\n"],
    ["braces that are a map", "labels: { a: {{ uuid() }} }\n"],
  ])("are mistakes that say to quote it: %s", (_, text) => {
    const whole = `${host}users: { U: { tasks: { T: { get: / } } } }\n${text}`;
    const result = read(whole);
    expect("problems" in result && describeProblems("s.yaml", whole, result.problems)).toContain("quote");
  });
});

describe("success", () => {
  it.each([200, 204, 299, 304, 399])("is a status below 400: %i", async (status) => {
    const { snapshot } = await ran("{ T: { get: / } }", () => ({ status }));
    expect(snapshot.series[0]?.success.response.count).toBe(1);
  });

  it.each([400, 404, 429, 500, 503])("is none of %i", async (status) => {
    const { snapshot } = await ran("{ T: { get: / } }", () => ({ status }));
    expect(snapshot.series[0]?.errors).toEqual({ [status]: 1 });
  });

  it("is what `expect.status` says, where it says something", async () => {
    const { snapshot } = await ran("{ T: { get: /, expect: { status: [404, 429] } } }", () => ({ status: 429 }));
    expect(snapshot.series[0]?.success.response.count).toBe(1);
  });

  it("has 60 s, after which the request has failed as `deadline`", async () => {
    const at = async (afterMs: number) => (await ran("{ T: { get: / } }", () => ({ afterMs }))).snapshot.series[0];
    expect((await at(59_999))?.success.response.count).toBe(1);
    const late = await at(60_001);
    expect(late?.errors).toEqual({ deadline: 1 });
    // One that never answered counts until it failed.
    expect(late?.failure.response.max).toBeCloseTo(60, 6);
  });

  describe("after redirects", () => {
    const server = createServer((request, response) => {
      const [, hops = 0] = /\/hops\/(\d+)/.exec(request.url ?? "") ?? [];
      if (Number(hops) === 0) response.writeHead(404).end();
      else response.writeHead(302, { location: `/hops/${Number(hops) - 1}` }).end();
    });
    beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
    afterAll(() => void server.close());

    async function hops(n: number): Promise<SeriesData | undefined> {
      const { port } = server.address() as AddressInfo;
      const plan = planOf(
        `host: http://127.0.0.1:${port}\nusers: { U: { tasks: { T: { get: /hops/${n} } } } }\n${once}`,
      );
      const clock = new SystemClock(monotonicMs());
      const aggregator = new Aggregator("0", new ClassicBounds(plan.bounds));
      const share = { index: 0, of: 1 };
      const client = new HttpClient(clock);
      await new Worker({
        plan,
        share,
        clock,
        client,
        aggregator,
        tracer: undefined,
        secret: () => "",
        wallAt: () => 0,
      }).run();
      return aggregator.snapshot(clock.now(), true).series[0];
    }

    it("at most ten: one sample, the last one's", async () => {
      expect((await hops(10))?.statuses).toEqual({ 404: { success: 0, failure: 1 } });
      expect((await hops(11))?.details[0]?.detail).toBe("more than 10 redirects");
    });
  });
});

describe("names", () => {
  const names = ({ series }: Snapshot) =>
    series.map(({ key }) => `${key.user} | ${key.task} | ${key.request} | ${key.method}`);

  it("of a task with one step is the task's; of a step of several METHOD /path/:variable; or its own", async () => {
    const tasks = `{ One: { get: "/a/{{ userNumber() }}" }, Two: { steps: [{ post: "/orders?x=1", capture: { id: $.id } }, { get: "/orders/{{ id }}" }, { get: /b, name: Own }] } }`;
    const { snapshot } = await ran(tasks, () => ({ body: '{"id":7}' }), {
      profiles: "profiles: { p: { users: 1, iterations: 20 } }\n",
    });
    expect(names(snapshot).toSorted()).toEqual([
      "U | One | One | GET",
      "U | Two | GET /orders/:id | GET",
      "U | Two | Own | GET",
      "U | Two | POST /orders | POST",
    ]);
  });

  it("are what thresholds filter by: user class, task, request, method and tag", async () => {
    const text = `${host}users:
  A: { tasks: { Same: { tags: [read], get: / } } }
  B: { tasks: { Same: { get: / }, Other: { steps: [{ get: / }, { post: / }] } } }
profiles: { p: { users: 2, iterations: 40 } }
`;
    const run = virtualRun(text);
    await run.finish();
    const snapshot = run.total();
    const all = snapshot.series.reduce((sum, one) => sum + one.success.response.count, 0);
    const judge = (labels: string) =>
      new Judge({
        thresholds: thresholds(`count(requests{${labels}}) > 0`),
        bounds,
        warmUpMs: 0,
        loads: run.plan.loads,
      }).conclude(snapshot)[0]?.value ?? 0;
    expect(judge('user="A"') + judge('user="B"')).toBe(all);
    expect(judge('task="Same"') + judge('task="Other"')).toBe(all);
    expect(judge('task="Same", user="B"')).toBe(judge('task="Same"') - judge('user="A"'));
    expect(judge('method="POST"')).toBe(judge('task="Other"') / 2);
    expect(judge('request="POST /"')).toBe(judge('method="POST"'));
    expect(judge('tag="read"')).toBe(judge('user="A"'));
  });
});

describe("latency", () => {
  // Nine of ten requests fail at once; those that are served take a second.
  const hidden = counted(60, [
    { count: 9000, ms: 10, failure: "status" },
    { count: 400, ms: 1000 },
  ]);

  it("is that of all requests, failed ones too; of successes alone where asked", () => {
    expect(judged("avg(latency) < 9s", hidden)?.value).toBeCloseTo((9000 * 0.01 + 400) / 9400, 6);
    expect(judged('min(latency{outcome="success"}) < 9s', hidden)?.value).toBe(1);
  });

  it("that errors made look better is told, and by how much", () => {
    expect(verdict(hidden, true).warnings).toEqual([
      "failed requests made p95(latency) look better: 10 ms; of the successful ones it was 1 s, 9900 % more",
    ]);
    // Slow failures make it look worse, which nobody has to be warned of.
    const honest = counted(60, [
      { count: 100, ms: 3000, failure: "deadline" },
      { count: 900, ms: 100 },
    ]);
    expect(verdict(honest, true).warnings).toEqual([]);
  });

  it("of those good enough is a share: those that succeeded in time", () => {
    expect(judged("ratio(good, 1s) > 1%", hidden)?.value).toBeCloseTo(400 / 9400, 9);
  });
});

describe("thresholds", () => {
  it("on several target series are judged one by one: the worst counts and is named", () => {
    const judge = new Judge({ thresholds: thresholds("max(queue_depth) < 5"), bounds, warmUpMs: 0, loads: [] });
    judge.observe(looks([1, 2, 1], { labels: { queue: "calm" } }));
    judge.observe(looks([1, 9, 1], { labels: { queue: "full" } }));
    expect(judge.conclude(counted(3, []))[0]).toMatchObject({
      state: "broken",
      value: 9,
      series: expect.stringContaining('queue="full"'),
    });
  });

  it("need a unit in their limits", () => {
    const text = `${host}users: { U: { tasks: { T: { get: / } } } }\nthresholds: [p95(latency) < 500]\n`;
    const result = read(text);
    expect("problems" in result && describeProblems("s.yaml", text, result.problems)).toContain("such as 500ms");
  });

  it.each([
    ["p95(latency) < 1s", 199, 200],
    ["p99(latency) < 1s", 999, 1000],
  ])("%s is not answered with %i samples, but with %i", (text, few, enough) => {
    const states = (count: number) =>
      new Judge({ thresholds: thresholds(text), bounds, warmUpMs: 0, loads: [] }).conclude(counted(60, [{ count }]));
    expect(states(few)[0]?.state).toBe("few_samples");
    const inconclusive = decide({
      states: states(few),
      trust: trusted,
      snapshot: counted(60, [{ count: few }]),
      hasThresholds: true,
    });
    expect(exitCode(inconclusive)).toBe(98);
    expect(states(enough)[0]?.state).toBe("ok");
  });

  it("that are none: any failed request fails the run", () => {
    expect(exitCode(verdict(counted(1, [{ count: 99 }])))).toBe(0);
    expect(exitCode(verdict(counted(1, [{ count: 99 }, { count: 1, failure: "status" }])))).toBe(99);
  });
});

describe("arrivals", () => {
  const open = (more = "") => ({ profiles: `profiles: { p: { arrivals: 20/s, duration: 5s${more} } }\n` });

  it("start one task each, chosen by weight, by a free user of a pool; `start` runs once a pooled user", async () => {
    const text = `${host}users:
  U: { weight: 3, start: [{ post: /login }], tasks: { A: { get: /a, weight: 3 }, B: { get: /b } } }
  V: { tasks: { C: { get: /c } } }
${open().profiles}`;
    const run = virtualRun(text, () => ({ afterMs: 45 }));
    await run.finish();
    const count = (request: string) => run.requests().filter((one) => one === request).length;
    expect(count("GET /c")).toBe(25);
    expect(count("GET /a") + count("GET /b")).toBe(75);
    expect(count("GET /a")).toBeGreaterThan(count("GET /b"));
    expect(count("POST /login")).toBeLessThanOrEqual(4);
  });

  it("that find no free user are dropped, and counted", async () => {
    const { run, snapshot } = await ran("{ T: { get: / } }", () => ({ afterMs: 1000 }), open(", maxUsers: 2"));
    const dropped = snapshot.counters['plimsoll_dropped_iterations_total{reason="no_free_user"}'] ?? 0;
    expect(run.sent.length + dropped).toBe(100);
    expect(run.sent.length).toBeLessThanOrEqual(12);
  });

  it("count the schedule's delay for the iteration and its first request, not for those after it", async () => {
    const { snapshot } = await ran("{ T: { steps: [{ get: /first }, { get: /second }] } }", () => ({ afterMs: 10 }), {
      ...open(),
      late: 30,
    });
    const [first, second] = snapshot.series;
    expect(first?.success.response.max).toBeCloseTo(0.04, 9);
    expect(first?.success.service.max).toBeCloseTo(0.01, 9);
    expect(second?.success.response.max).toBeCloseTo(0.01, 9);
    expect(snapshot.histograms["plimsoll_schedule_delay_seconds"]?.max).toBeCloseTo(0.03, 9);
  });
});

describe("sources", () => {
  it.each([
    ["10m", 1000],
    ["11m", 5000],
    ["1h", 5000],
    ["61m", 15_000],
  ])("of a run of %s are asked every %i ms, unless they say otherwise", (duration, everyMs) => {
    const watch = "watch: { app: { prometheus: /metrics }, own: { prometheus: /metrics, every: 7s } }\n";
    const profile = `profiles: { p: { users: 1, duration: ${duration} } }\n`;
    const { sources } = planOf(`${host}users: { U: { tasks: { T: { get: / } } } }\n${watch}${profile}`);
    expect(sources.map((source) => source.everyMs)).toEqual([everyMs, 7000]);
  });
});

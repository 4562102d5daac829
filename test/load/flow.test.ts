import { describe, expect, it } from "vitest";
import { metricSeries } from "../../src/metrics/observation.ts";
import { ClientFigures } from "../../src/verdict/client-figures.ts";
import { virtualRun } from "./virtual-run.ts";

/** One user that runs one task with these steps, so many times. */
function scenario(steps: string, iterations = 1, more = ""): string {
  return `
host: http://target
users:
  U:
${more}
    tasks:
      T:
        steps:
${steps.replaceAll(/^/gm, "          ")}
profiles: { p: { users: 1, iterations: ${iterations} } }
`;
}

const json = (value: unknown) => () => ({ body: JSON.stringify(value) });

describe("a task", () => {
  it("thinks, and what comes after it is due only then", async () => {
    const run = virtualRun(scenario("- get: /a\n- think: 3s\n- get: /b"));
    await run.clock.advance(10_000);
    expect(run.sent).toMatchObject([
      { at: 0, request: "GET /a" },
      { at: 3010, request: "GET /b" },
    ]);
    for (const series of run.total().series) expect(series.success.response.max).toBeCloseTo(0.01, 9);
  });

  it("draws a think time from its range", async () => {
    const run = virtualRun(scenario("- get: /a\n- think: 1s..3s", 200));
    await run.clock.advance(3_600_000);
    const gaps = run.sent.slice(1).map(({ at }, i) => at - (run.sent[i]?.at ?? 0) - 10);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(3000);
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeGreaterThan(1500);
  });

  it.each([
    [150, ["GET /state", "POST /discount", "GET /end"]],
    [50, ["GET /state", "GET /offers", "GET /end"]],
  ])("with a total of %i goes the one way or the other", async (total, wanted) => {
    const steps = `- get: /state
  capture: { total: $.total }
- if: "{{ total > 100 }}"
  then: [{ post: /discount }]
  else: [{ get: /offers }]
- get: /end`;
    const run = virtualRun(scenario(steps), json({ total }));
    await run.clock.advance(1000);
    expect(run.requests()).toEqual(wanted);
  });

  it("passes over an if that does not hold and has no else", async () => {
    const run = virtualRun(scenario('- if: "{{ userNumber() > 5 }}"\n  then: [{ get: /a }]\n- get: /b'));
    await run.clock.advance(1000);
    expect(run.requests()).toEqual(["GET /b"]);
  });

  it("repeats steps, loops in loops too, each time it runs", async () => {
    const steps = "- repeat: 2\n  steps:\n    - get: /o\n    - repeat: 3\n      steps: [{ get: /i }]";
    const run = virtualRun(scenario(steps, 2));
    await run.clock.advance(10_000);
    const round = ["GET /o", "GET /i", "GET /i", "GET /i"];
    expect(run.requests()).toEqual([...round, ...round, ...round, ...round]);
  });

  it("takes each item of a captured list", async () => {
    const steps = `- get: /list
  capture: { items: $.items }
- foreach: { item: "{{ items }}" }
  steps:
    - get: "/items/{{ item.id }}"`;
    const run = virtualRun(scenario(steps), json({ items: [{ id: 3 }, { id: "x" }, { id: 5 }] }));
    await run.clock.advance(1000);
    expect(run.requests()).toEqual(["GET /list", "GET /items/3", "GET /items/x", "GET /items/5"]);
    expect(run.total().series.map(({ key }) => key.request)).toEqual(["GET /list", "GET /items/:item.id"]);
  });

  it("takes each item of a written list, and none of an empty one", async () => {
    const steps =
      '- foreach: { page: [1, 2] }\n  steps: [{ get: "/p?{{ page }}" }]\n- foreach: { page: [] }\n  steps: [{ get: /x }]';
    const run = virtualRun(scenario(steps));
    await run.clock.advance(1000);
    expect(run.requests()).toEqual(["GET /p?1", "GET /p?2"]);
  });

  it.each([
    ["no list", 5],
    ["a list that is too long", Array(10_001).fill(1)],
  ])("fails at a foreach over %s, and the next iteration begins a second later", async (_, items) => {
    const steps = `- get: /list
  capture: { items: $.items }
- foreach: { item: "{{ items }}" }
  steps: [{ get: /item }]
- get: /end`;
    const run = virtualRun(scenario(steps, 2), json({ items }));
    await run.clock.advance(5000);
    expect(run.sent.map(({ at, request }) => [at, request])).toEqual([
      [0, "GET /list"],
      [1010, "GET /list"],
    ]);
    expect(run.total().counters).toMatchObject({
      'plimsoll_iterations_total{outcome="failure"}': 2,
      'plimsoll_iterations_total{outcome="success"}': 0,
    });
    expect(run.total().exceptions).toMatchObject([
      {
        user: "U",
        task: "T",
        message: expect.stringContaining("foreach expected"),
        count: 2,
        firstAt: 10,
        lastAt: 1020,
      },
    ]);
  });

  it("times groups, with what is in them and around them", async () => {
    const steps = `- group: outer
  steps:
    - get: /a
    - think: 1s
    - group: inner
      steps: [{ get: /b }, { get: /c }]
- get: /d`;
    const run = virtualRun(scenario(steps, 3));
    await run.clock.advance(60_000);
    const { histograms } = run.total();
    const of = (group: string) => histograms[`plimsoll_group_duration_seconds{group="${group}",outcome="success"}`];
    expect(of("outer")?.count).toBe(3);
    expect(of("outer")?.max).toBeCloseTo(1.03, 6);
    expect(of("outer::inner")?.count).toBe(3);
    expect(of("outer::inner")?.max).toBeCloseTo(0.02, 6);
  });

  it("times whole iterations where a threshold asks for them, failed ones too, and else not", async () => {
    const steps = "- get: /a\n- think: 1s\n- get: /b\n- get: /c";
    const answer = ({ path }: { path: string }) => (path === "/b" && failing ? { status: 500 } : {});
    let failing = false;
    const timed = `${scenario(steps, 2)}\nthresholds: ["p95(iteration_duration) < 2s"]\n`;
    const run = virtualRun(timed, answer);
    await run.clock.advance(1_030);
    failing = true;
    await run.clock.advance(60_000);
    const times = run.total().histograms["plimsoll_iteration_duration_seconds"];
    expect(times).toMatchObject({ count: 2, max: expect.closeTo(1.03, 6), min: expect.closeTo(1.02, 6) });
    const figures = new ClientFigures(run.total(), run.plan.bounds);
    const [threshold] = run.plan.thresholds;
    expect(threshold && figures.read(threshold)).toMatchObject({ part: 2, times: { count: 2 } });
    const untimed = virtualRun(scenario(steps, 2), answer);
    await untimed.clock.advance(60_000);
    expect(untimed.total().histograms).not.toHaveProperty("plimsoll_iteration_duration_seconds");
  });

  it("counts a group that a failed step ended as failed", async () => {
    const steps = "- group: g\n  steps: [{ get: /a }, { get: /bad }, { get: /c }]";
    const run = virtualRun(scenario(steps), ({ path }) => (path === "/bad" ? { status: 500 } : {}));
    await run.clock.advance(1000);
    expect(run.requests()).toEqual(["GET /a", "GET /bad"]);
    const counts = Object.entries(run.total().histograms).flatMap(([name, { count, max }]) =>
      name.startsWith("plimsoll_group") ? [[/outcome="(\w+)"/.exec(name)?.[1], count, max]] : [],
    );
    expect(counts).toEqual([
      ["success", 0, 0],
      ["failure", 1, expect.closeTo(0.02, 6)],
    ]);
  });

  it("sends requests in parallel, six at a time, each with its own figures", async () => {
    const requests = Array.from({ length: 8 }, (_, i) => `    - get: /${"abcdefgh"[i]}`).join("\n");
    const run = virtualRun(scenario(`- get: /first\n- parallel:\n${requests}\n- get: /last`));
    await run.clock.advance(1000);
    expect(run.sent.map(({ at }) => at)).toEqual([0, 10, 10, 10, 10, 10, 10, 20, 20, 30]);
    for (const series of run.total().series) {
      expect(series.success.response.count).toBe(1);
      expect(series.success.response.max).toBeCloseTo(0.01, 9);
    }
  });

  it("ends after requests in parallel of which one failed", async () => {
    const run = virtualRun(scenario("- parallel: [{ get: /a }, { get: /bad }]\n- get: /end"), ({ path }) =>
      path === "/bad" ? { status: 500 } : { afterMs: 50 },
    );
    await run.clock.advance(1000);
    expect(run.requests()).toEqual(["GET /a", "GET /bad"]);
    expect(run.total().series.map((one) => one.success.response.count + one.failure.response.count)).toEqual([1, 1, 0]);
  });
});

describe("a sequence", () => {
  const tasks = "tasks: { A: { get: /a }, B: { get: /b }, C: { get: /c } }";
  const text = (sequence: string, of: string) => `
host: http://target
users: { U: { sequence: ${sequence}, ${tasks} } }
profiles: { p: { ${of} } }
`;

  it.each([
    ["true", "ABCABCA"],
    ["[B, A, B]", "BABBABB"],
  ])("%s runs tasks in order, over and over", async (sequence, order) => {
    const run = virtualRun(text(sequence, "users: 1, iterations: 7"));
    await run.clock.advance(10_000);
    expect(run.requests()).toEqual([...order].map((task) => `GET /${task.toLowerCase()}`));
  });

  it("is each user's own, and goes on after a task that failed", async () => {
    const run = virtualRun(text("true", "users: 2, iterations: 3, per: user"), ({ path }) =>
      path === "/a" ? { status: 500 } : {},
    );
    await run.clock.advance(10_000);
    const counts = metricSeries(run.total().counters, "plimsoll_iterations_total").map(([, count]) => count);
    expect(counts).toEqual([4, 2]);
    expect(run.requests().toSorted()).toEqual(["GET /a", "GET /a", "GET /b", "GET /b", "GET /c", "GET /c"]);
  });
});

describe("stop steps", () => {
  const text = (load: string, login = "/login") => `
host: http://target
users:
  U:
    wait: 1s
    start: [{ post: ${login} }]
    stop: [{ post: /logout }]
    tasks: { T: { get: /t } }
profiles: { p: { ${load} } }
`;
  const count = (requests: string[], wanted: string) => requests.filter((one) => one === wanted).length;

  it.each([
    [
      "users that are taken away and those left at the end",
      "stages: [{ users: 5, for: 10s }, { users: 2, over: 2s, for: 5s }]",
      5,
    ],
    ["users whose iterations are done", "users: 3, iterations: 12", 3],
    ["the pool of an open load", "arrivals: 10/s, duration: 5s, maxUsers: 4", 1],
  ])("are run once by each of %s", async (_, load, users) => {
    const run = virtualRun(text(load));
    await run.clock.advance(120_000);
    expect(run.hasEnded()).toBe(true);
    expect(count(run.requests(), "POST /login")).toBe(users);
    expect(count(run.requests(), "POST /logout")).toBe(users);
    expect(run.requests().at(-1)).toBe("POST /logout");
    expect(run.total().gauges).toMatchObject({ plimsoll_users: 0 });
  });

  it("are counted under the task stop, and are no iteration", async () => {
    const run = virtualRun(text("users: 1, iterations: 2"));
    await run.clock.advance(60_000);
    expect(run.total().counters).toMatchObject({ 'plimsoll_iterations_total{outcome="success"}': 2 });
    expect(
      run
        .total()
        .series.map(({ key }) => [key.task, key.request])
        .toSorted(),
    ).toEqual([
      ["T", "T"],
      ["start", "POST /login"],
      ["stop", "POST /logout"],
    ]);
  });

  it("are not run by a user that never started, nor by one that is aborted", async () => {
    const failing = virtualRun(text("users: 1, duration: 5s", "/bad"), ({ path }) =>
      path === "/bad" ? { status: 500 } : {},
    );
    await failing.clock.advance(60_000);
    expect(count(failing.requests(), "POST /logout")).toBe(0);
    const aborted = virtualRun(text("users: 2, duration: 5s"));
    await aborted.clock.advance(3000);
    aborted.worker.abort();
    await aborted.clock.advance(1000);
    expect(aborted.hasEnded()).toBe(true);
    expect(count(aborted.requests(), "POST /logout")).toBe(0);
  });

  it("are cut off by the end of the time that users have for ending", async () => {
    const run = virtualRun(text("users: 1, duration: 5s"), ({ path }) =>
      path === "/logout" ? { afterMs: 59_000 } : {},
    );
    await run.clock.advance(5000 + 30_010);
    expect(run.hasEnded()).toBe(true);
    expect(run.total().series.find(({ key }) => key.task === "stop")?.errors).toEqual({ aborted: 1 });
  });

  it("are begun by a think that the end of the load does not cut short, and cut off by an abort", async () => {
    const run = virtualRun(scenario("- get: /a\n- think: 1h").replace("iterations: 1", "duration: 5s"));
    await run.clock.advance(5000 + 30_010);
    expect(run.hasEnded()).toBe(true);
  });
});

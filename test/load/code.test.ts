import { describe, expect, it } from "vitest";
import { defineScenario, type TaskFunction } from "../../src/index.ts";
import { Judge } from "../../src/verdict/judge.ts";
import { virtualRun } from "./virtual-run.ts";

/** One user that runs one task of code, so many times. */
function scenario(task: TaskFunction, iterations = 1) {
  return defineScenario({
    host: "http://target/base",
    users: { U: { tasks: { T: task } } },
    profiles: { p: { users: 1, iterations } },
  });
}

const iterations = (run: ReturnType<typeof virtualRun>) => {
  const { counters } = run.total();
  return [
    counters['plimsoll_iterations_total{outcome="success"}'],
    counters['plimsoll_iterations_total{outcome="failure"}'],
  ];
};

describe("a task of code", () => {
  it("sends requests below the host, each recorded under its templated path", async () => {
    const run = virtualRun(
      scenario(async ({ http }) => {
        await http.get("/tasks/17?full=1");
        await http.get("/tasks/18");
        await http.post("/tasks", { json: { a: [1, "x"] } });
        await http.put("/tasks/17", { form: { q: "a b", n: 1 } });
        await http.patch("/tasks/17", { body: "as it is", name: "Note" });
        await http.delete("http://elsewhere/tasks/17");
        await http.request("options", "/");
      }),
    );
    await run.finish();
    expect(run.sent.map(({ at, request, body }) => [at, request, body])).toEqual([
      [0, "GET /base/tasks/17?full=1", undefined],
      [10, "GET /base/tasks/18", undefined],
      [20, "POST /base/tasks", '{"a":[1,"x"]}'],
      [30, "PUT /base/tasks/17", "q=a+b&n=1"],
      [40, "PATCH /base/tasks/17", "as it is"],
      [50, "DELETE /tasks/17", undefined],
      [60, "OPTIONS /base/", undefined],
    ]);
    expect(run.sent[2]?.headers).toMatchObject({ "content-type": "application/json" });
    expect(run.sent[3]?.headers).toMatchObject({ "content-type": "application/x-www-form-urlencoded" });
    expect(run.total().series.map(({ key, success }) => [key.request, key.task, success.response.count])).toEqual([
      ["GET /tasks/:id", "T", 2],
      ["POST /tasks", "T", 1],
      ["PUT /tasks/:id", "T", 1],
      ["Note", "T", 1],
      ["DELETE /tasks/:id", "T", 1],
      ["OPTIONS /", "T", 1],
    ]);
    expect(iterations(run)).toEqual([1, 0]);
  });

  it("sends forms in parts and bytes, and follows as many redirects as it says", async () => {
    const bytes = Uint8Array.of(0, 255, 10);
    const errors: unknown[] = [];
    const run = virtualRun(
      scenario(async ({ http }) => {
        const scan = { content: bytes, name: "scan.png", type: "image/png" };
        await http.post("/upload", { multipart: { title: "a {{ b }}", scan } });
        await http.put("/raw", { body: bytes.subarray(1), redirects: 0, maxBytes: 1000 });
        for (const wrong of [{ redirects: 21 }, { maxBytes: 0.5 }, { multipart: {}, body: "x" }]) {
          await http.post("/wrong", wrong).catch((error: unknown) => errors.push(String(error)));
        }
      }),
    );
    await run.finish();
    const [form, raw, ...more] = run.sent;
    expect(more).toEqual([]);
    const parts = new Response(form?.body, { headers: { "content-type": form?.headers["content-type"] ?? "" } });
    const fields = await parts.formData();
    expect(fields.get("title")).toBe("a {{ b }}");
    const file = fields.get("scan") as File;
    expect([file.name, file.type, await file.bytes()]).toEqual(["scan.png", "image/png", bytes]);
    expect(raw).toMatchObject({
      body: Buffer.from([255, 10]),
      headers: { "content-type": "application/octet-stream" },
    });
    expect(errors).toEqual([
      "TypeError: redirects expected a whole number from 0 to 20, got 21",
      "TypeError: maxBytes expected a whole number from 1, got 0.5",
      "TypeError: expected one body: json, form, multipart or body",
    ]);
  });

  it("has the response: status, headers, text, JSON", async () => {
    const seen: unknown[] = [];
    const run = virtualRun(
      scenario(async ({ http }) => {
        const response = await http.get("/");
        await http.get("/second");
        const { status, ok, durationMs } = response;
        seen.push(status, ok, durationMs, response.text(), response.json<{ id: number }>().id);
      }),
      ({ path }) => ({ body: JSON.stringify({ id: path.length }), status: 201 }),
    );
    await run.finish();
    expect(seen).toEqual([201, true, 10, '{"id":6}', 6]);
  });

  it("goes on after a failed request, whose iteration is a failed one", async () => {
    const seen: unknown[] = [];
    const run = virtualRun(
      scenario(async ({ http }) => {
        const response = await http.get("/missing");
        seen.push(response.status, response.ok, response.failure?.kind);
        seen.push((await http.get("/missing", { expect: { status: 404 } })).ok);
        seen.push((await http.get("/slow", { expect: { within: "5ms" } })).failure?.detail);
        seen.push((await http.get("/never", { deadline: "1s" })).failure?.kind);
        seen.push((await http.get("/text", { expect: { body: "nowhere" } })).ok);
      }),
      ({ path }) => (path.endsWith("/missing") ? { status: 404 } : path.endsWith("/never") ? { afterMs: 5000 } : {}),
    );
    await run.finish();
    expect(seen).toEqual([404, false, "status", true, "expected a response within 5 ms", "deadline", false]);
    expect(iterations(run)).toEqual([0, 1]);
    expect(run.total().exceptions).toBeUndefined();
  });

  it("that throws is a failed iteration with its message, and the run goes on", async () => {
    let calls = 0;
    const run = virtualRun(
      scenario(async ({ http, secret }) => {
        await http.get("/");
        if (++calls === 2) throw new TypeError(`no such table, ${secret("API_KEY")}`);
      }, 3),
      undefined,
      { environment: { API_KEY: "canary-key" } },
    );
    await run.finish();
    expect(run.sent.length).toBe(3);
    expect(iterations(run)).toEqual([2, 1]);
    expect(run.total().exceptions).toMatchObject([
      { user: "U", task: "T", message: "TypeError: no such table, REDACTED", count: 1 },
    ]);
    expect(run.total().exceptions?.[0]?.traceback).toContain("code.test.ts");
    expect(JSON.stringify(run.total())).not.toContain("canary");
  });

  it.each<[string, TaskFunction, string]>([
    [
      "throws before it awaits",
      () => {
        throw new Error("at once");
      },
      "Error: at once",
    ],
    [
      "reads JSON where there is none",
      async ({ http }) => {
        (await http.get("/html")).json();
      },
      "expected JSON, got <p>",
    ],
    [
      "asks for a URL that is none",
      async ({ http }) => {
        await http.get("tasks");
      },
      "expected a path below the host",
    ],
    [
      "names two bodies",
      async ({ http }) => {
        await http.post("/", { json: 1, body: "x" });
      },
      "expected one body",
    ],
    ["thinks for no time that there is", async ({ think }) => think("5"), "think expected a time"],
    [
      "asks for a feed that there is none of",
      ({ feed }) => {
        feed("accounts");
      },
      "no feed accounts",
    ],
  ])("that %s is told what is wrong, and does not spin", async (_, task, said) => {
    const run = virtualRun(scenario(task, 2), () => ({ body: "<p>" }));
    await run.finish();
    expect(run.total().exceptions).toMatchObject([{ message: expect.stringContaining(said), count: 2 }]);
    const [{ firstAt, lastAt } = { firstAt: 0, lastAt: 0 }] = run.total().exceptions ?? [];
    // One that sent a request waits for it; one that did nothing pauses.
    expect(lastAt - firstAt).toBeGreaterThanOrEqual(10);
  });

  it("counts checks, and an iteration with one that does not hold as failed", async () => {
    let n = 0;
    const run = virtualRun(
      scenario(async ({ http, check }) => {
        await http.get("/");
        check("is even", n++ % 2 === 0);
        check("is there", true);
      }, 4),
    );
    await run.finish();
    expect(run.total().counters).toMatchObject({
      'plimsoll_checks_total{check="is even",outcome="success"}': 2,
      'plimsoll_checks_total{check="is even",outcome="failure"}': 2,
      'plimsoll_checks_total{check="is there",outcome="success"}': 4,
    });
    expect(iterations(run)).toEqual([2, 2]);
  });

  it("captures variables that steps and other tasks have", async () => {
    const seen: unknown[] = [];
    const run = virtualRun(
      defineScenario({
        host: "http://target",
        users: {
          U: {
            headers: { authorization: "Bearer {{ token }}" },
            sequence: true,
            start: async ({ http, capture }) => {
              const response = await http.post("/login");
              capture("token", response.json<{ token: string }>().token);
            },
            tasks: {
              Steps: {
                steps: [
                  { get: "/items", capture: { id: "$.id" } },
                  async ({ http, variable }) => {
                    seen.push(variable("id"));
                    await http.get("/code");
                  },
                  { get: "/after/{{ id }}" },
                ],
              },
              Code: async ({ http, variable }) => {
                seen.push(variable("id"), variable("nothing"));
                await http.get("/own", { headers: { Authorization: "none" } });
              },
            },
            stop: async ({ http }) => void (await http.post("/logout")),
          },
        },
        profiles: { p: { users: 1, iterations: 2 } },
      }),
      () => ({ body: '{"token":"abc","id":7}' }),
    );
    await run.finish();
    expect(
      run.sent.map(({ request, headers }) => [request, headers["authorization"] ?? headers["Authorization"]]),
    ).toEqual([
      ["POST /login", undefined],
      ["GET /items", "Bearer abc"],
      ["GET /code", "Bearer abc"],
      ["GET /after/7", "Bearer abc"],
      ["GET /own", "none"],
      ["POST /logout", "Bearer abc"],
    ]);
    expect(seen).toEqual([7, 7, undefined]);
    expect([...new Set(run.total().series.map(({ key }) => key.task))]).toEqual(
      expect.arrayContaining(["start", "Steps", "Code", "stop"]),
    );
  });

  it("sends requests at the same time, six at most", async () => {
    const run = virtualRun(
      scenario(async ({ http }) => {
        await http.get("/first");
        await Promise.all(Array.from({ length: 8 }, (_, i) => http.get(`/p/${i}`)));
        await http.get("/last");
      }),
    );
    await run.finish();
    expect(run.sent.map(({ at }) => at)).toEqual([0, 10, 10, 10, 10, 10, 10, 20, 20, 30]);
    for (const series of run.total().series) expect(series.success.response.max).toBeCloseTo(0.01, 9);
  });

  it("that does not await its requests is over when they are", async () => {
    const run = virtualRun(
      scenario(async ({ http }) => {
        void http.get("/a");
        void http.get("/b");
      }, 2),
    );
    await run.finish();
    expect(run.sent.map(({ at, request }) => `${at} ${request}`)).toEqual([
      "0 GET /base/a",
      "0 GET /base/b",
      "10 GET /base/a",
      "10 GET /base/b",
    ]);
    expect(iterations(run)).toEqual([2, 0]);
  });

  it("of a user that keeps a pace counts its first request from when it was due, over whatever connection", async () => {
    const run = virtualRun(
      defineScenario({
        host: "http://target",
        users: {
          U: {
            wait: { pacing: "100ms" },
            tasks: { T: async ({ http }) => void (await Promise.all([http.get("/a"), http.get("/b")])) },
          },
        },
        profiles: { p: { users: 1, iterations: 5 } },
      }),
      () => ({ afterMs: 150 }),
    );
    await run.finish();
    const [{ success } = { success: undefined }] = run.total().series;
    // Iteration n is due at 100 n ms and ends at 150 (n + 1).
    expect(success?.response.max).toBeCloseTo(0.35, 6);
    expect(success?.service.max).toBeCloseTo(0.15, 6);
  });

  it("thinks, times spans, and knows its user", async () => {
    const users = new Set<string>();
    const run = virtualRun(
      defineScenario({
        host: "http://target",
        users: {
          U: {
            tasks: {
              T: async ({ http, span, think, user, random }) => {
                users.add(`${user.className} ${user.number}`);
                const value = await span("login", async () => {
                  await http.get("/");
                  await think("1s");
                  return 5;
                });
                await span("failing", () => Promise.reject(new Error(`${value}`))).catch(() => {});
                if (random() >= 1) throw new Error("not below 1");
              },
            },
          },
        },
        profiles: { p: { users: 2, iterations: 1, per: "user" } },
      }),
    );
    await run.finish();
    expect([...users].toSorted()).toEqual(["U 0", "U 1"]);
    const { histograms } = run.total();
    expect(histograms['plimsoll_group_duration_seconds{group="login",outcome="success"}']).toMatchObject({ count: 2 });
    expect(histograms['plimsoll_group_duration_seconds{group="login",outcome="success"}']?.max).toBeCloseTo(1.01, 6);
    expect(histograms['plimsoll_group_duration_seconds{group="failing",outcome="failure"}']).toMatchObject({
      count: 2,
    });
    expect(iterations(run)).toEqual([2, 0]);
  });

  it("keeps names that it makes up within bounds", async () => {
    const run = virtualRun(
      scenario(async ({ http, check, span }) => {
        for (let i = 0; i < 300; i++) {
          check(`check ${i}`, true);
          await span(`span ${i}`, () => {});
          await http.get("/", { name: `request ${i}` });
        }
      }),
    );
    await run.finish();
    const { counters, histograms, series } = run.total();
    expect(Object.keys(counters).filter((name) => name.startsWith("plimsoll_checks_total")).length).toBe(201);
    expect(Object.keys(histograms).filter((name) => name.startsWith("plimsoll_group")).length).toBe(201);
    expect(series.length).toBe(201);
  });

  it("is ended at once by an abort, whatever it awaits", async () => {
    const ends: string[] = [];
    const run = virtualRun(
      defineScenario({
        host: "http://target",
        users: {
          U: {
            tasks: {
              T: async ({ http, think, signal }) => {
                await http.get("/");
                signal.addEventListener("abort", () => ends.push("told"));
                await think("1h").catch((error: Error) => ends.push(error.message));
                await http.get("/more").catch((error: Error) => ends.push(error.message));
              },
            },
          },
          Never: { tasks: { T: () => new Promise<void>(() => {}) } },
        },
        profiles: { p: { users: 2, duration: "10s" } },
      }),
    );
    await run.clock.advance(10_000 + 30_001);
    expect(run.hasEnded()).toBe(true);
    expect(ends).toEqual(["told", "the user was ended", "the user was ended"]);
    expect(run.requests()).toEqual(["GET /"]);
  });
});

describe("the scenario's own metrics", () => {
  const value = (values: number[], thresholds: string[]) =>
    defineScenario({
      host: "http://target",
      metrics: {
        tokens: "counter",
        depth: "gauge",
        hits: "rate",
        first_token_seconds: "trend",
        idle: "counter",
        unset: "gauge",
      },
      users: {
        U: {
          tasks: {
            T: async ({ http, metrics, variable, capture }) => {
              const n = Number(variable("n") ?? 0);
              capture("n", n + 1);
              await http.get("/");
              metrics.tokens.add(values[n % values.length]);
              metrics.depth.set(n);
              metrics.hits.add(n % 4 !== 0);
              metrics.first_token_seconds.add((values[n % values.length] ?? 0) / 1000);
            },
          },
        },
      },
      profiles: { p: { users: 1, iterations: 400 } },
      thresholds,
    });

  it("are counted, set and measured, and judged by thresholds", async () => {
    const thresholds = [
      "count(tokens) == 20200",
      "rate(tokens) > 4000/s",
      "last(depth) == 399",
      "rate(hits) == 75%",
      "ratio(hits) < 75%",
      "p95(first_token_seconds) < 100ms",
      "max(first_token_seconds) < 50ms",
      "avg(first_token_seconds) < 60ms",
      "count(idle) == 0",
      "last(unset) == 0",
    ];
    const run = virtualRun(
      value(
        Array.from({ length: 100 }, (_, i) => i + 1),
        thresholds,
      ),
    );
    await run.clock.advance(5000);
    expect(run.hasEnded()).toBe(true);
    const snapshot = run.total();
    expect(snapshot.counters).toMatchObject({
      plimsoll_custom_tokens_total: 20_200,
      'plimsoll_custom_hits_total{result="true"}': 300,
      'plimsoll_custom_hits_total{result="false"}': 100,
    });
    expect(snapshot.gauges).toMatchObject({ 'plimsoll_custom_depth{worker="0"}': 399 });
    expect(snapshot.histograms["plimsoll_custom_first_token_seconds"]).toMatchObject({ count: 400, max: 0.1 });
    const states = new Judge(run.plan).conclude(snapshot);
    expect(states.map(({ expression, state }) => [expression, state])).toEqual(
      thresholds.map((expression, i) => [
        expression,
        ["ok", "ok", "ok", "ok", "broken", "ok", "broken", "ok", "ok", "no_data"][i],
      ]),
    );
  });

  it("refuse what is no number", async () => {
    const run = virtualRun(value([Number.NaN], []));
    await run.clock.advance(1000);
    expect(run.total().exceptions?.[0]?.message).toBe("TypeError: metrics.tokens expected a number, got NaN");
  });
});

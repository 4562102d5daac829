import { execFileSync } from "node:child_process";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { targetMetric } from "../../src/metrics/vocabulary.ts";
import { program } from "../services.ts";
import { type PracticeTarget, startPracticeTarget } from "./practice-target.ts";

describe("the practice target's API", () => {
  let target: PracticeTarget;
  beforeAll(async () => {
    target = await startPracticeTarget("--hold-ms", "1", "--cpu-ms", "0", "--tasks", "7");
  });
  afterAll(() => target.stop());

  it.each([
    ["/health", 200, { status: "ok" }],
    ["/api/tasks/4", 200, { id: 4, title: "Task 4", status: "pending" }],
    ["/api/tasks/99", 404, { detail: "there is no such thing" }],
    ["/api/tasks/first", 404, { detail: "there is no such thing" }],
    ["/api/tasks?limit=many", 400, { detail: "expected a limit from 0 to 100" }],
    ["/api/tasks?limit=101", 400, { detail: "expected a limit from 0 to 100" }],
    ["/api/tasks?status=done", 400, { detail: "expected a status: pending, in_progress, completed" }],
    ["/api/me", 401, { detail: "expected the cookie or the bearer token that /api/login gives" }],
    ["/api/admin/requests?traceparents=all", 400, expect.anything()],
    ["/nothing", 404, { detail: "there is no GET /nothing" }],
  ])("GET %s: %i", async (path, status, body) => {
    expect(await target.ask(path)).toMatchObject({ status, body });
  });

  it.each([
    ["POST", "/api/tasks", { name: "x" }, 400],
    ["POST", "/api/login", { user: "x" }, 400],
    ["PATCH", "/api/tasks/1/status", { status: "done" }, 400],
    ["PATCH", "/api/tasks/99/status", { status: "completed" }, 404],
  ])("%s %s with %j: %i", async (method, path, body, status) => {
    expect(await target.ask(path, body, method)).toMatchObject({ status, body: { detail: expect.any(String) } });
  });

  it("says what is wrong with a body that is not JSON", async () => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${target.url}/api/tasks`, { method: "POST", headers, body: '{"title": ' });
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/^\{"detail":"[^\\]*JSON[^\\]*"\}$/);
  });

  it("creates, changes, lists and counts tasks", async () => {
    const created = await target.ask("/api/tasks", { title: "Paint the line" });
    expect(created).toMatchObject({ status: 201, body: { title: "Paint the line", status: "pending" } });
    const { id } = created.body as { id: number };
    expect((await target.ask(`/api/tasks/${id}`)).body).toEqual(created.body);
    const changed = await target.ask(`/api/tasks/${id}/status`, { status: "completed" }, "PATCH");
    expect(changed).toMatchObject({ status: 200, body: { id, status: "completed" } });
    expect((await target.ask(`/api/tasks/${id}`)).body).toEqual(changed.body);
    expect((await target.ask("/api/tasks?limit=1&status=completed")).body).toEqual({
      items: [changed.body],
      total: 3,
    });
    expect((await target.ask("/api/statistics")).body).toEqual({
      total: 8,
      byStatus: { pending: 3, in_progress: 2, completed: 3 },
    });
  });

  it("knows a session by its cookie and by its token", async () => {
    const login = await target.ask("/api/login", { email: "sam@example.org" });
    const { token } = login.body as { token: string };
    const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect(cookie).toBe(`session=${token}`);
    for (const headers of [{ cookie }, { authorization: `Bearer ${token}` }]) {
      const me = await fetch(`${target.url}/api/me`, { headers: headers as Record<string, string> });
      expect(await me.json()).toEqual({ email: "sam@example.org" });
    }
  });
});

describe("the practice target's own view", () => {
  let target: PracticeTarget;
  beforeAll(async () => {
    target = await startPracticeTarget("--hold-ms", "1", "--cpu-ms", "0");
  });
  afterAll(() => target.stop());

  it("counts what it was asked, as JSON and for Prometheus alike", async () => {
    const reads = 30;
    const writes = 12;
    for (let n = 1; n <= reads; n++) await target.ask(`/api/tasks/${1 + (n % 10)}`);
    await Promise.all(Array.from({ length: writes }, (_, n) => target.ask("/api/tasks", { title: `Task ${n}` })));
    await target.ask("/api/tasks/0");
    await target.ask("/api/admin/pool-status");

    const counts = await target.requests();
    expect(counts).toEqual({
      total: reads + writes + 1,
      inFlight: 0,
      byRoute: { "GET /api/tasks/:id": reads + 1, "POST /api/tasks": writes },
      byStatus: { "200": reads, "201": writes, "404": 1 },
    });
    expect((await target.requests("?all=true")).byRoute).toEqual({
      ...counts.byRoute,
      "GET /api/admin/pool-status": 1,
    });

    expect((await target.ask("/api/admin/cache/stats")).body).toMatchObject({ hits: 20, misses: 11, hit_rate: 64.52 });
    expect((await target.ask("/api/admin/pool-status")).body).toMatchObject({ checkouts: writes + 11, timeouts: 0 });
    expect((await target.ask("/api/queue/stats")).body).toMatchObject({ published: writes });

    const text = await (await fetch(`${target.url}/metrics`)).text();
    for (const line of [
      `http_requests_total{method="GET",route="/api/tasks/:id",status="200"} ${reads}`,
      `http_requests_total{method="GET",route="/api/tasks/:id",status="404"} 1`,
      `http_requests_total{method="POST",route="/api/tasks",status="201"} ${writes}`,
      `http_request_duration_seconds_count{method="POST",route="/api/tasks",status="201"} ${writes}`,
      'cache_lookups_total{cache="tasks",result="hit"} 20',
      'cache_lookups_total{cache="tasks",result="miss"} 11',
      'db_pool_connections_max{pool="main"} 10',
      'db_pool_connections{pool="main",state="in_use"} 0',
      'db_pool_connections{pool="main",state="idle"} 10',
      'db_pool_timeouts_total{pool="main"} 0',
      `db_pool_checkouts_total{pool="main"} ${writes + 11}`,
      `queue_published_total{queue="jobs"} ${writes}`,
    ]) {
      expect(text.split("\n")).toContain(line);
    }
  });

  it("keeps the traceparents of the load, the last as many as are asked for", async () => {
    const traceparents = [1, 2, 3].map((n) => `00-${String(n).repeat(32)}-${String(n).repeat(16)}-01`);
    for (const traceparent of traceparents) await fetch(`${target.url}/health`, { headers: { traceparent } });
    await fetch(`${target.url}/api/admin/pool-status`, { headers: { traceparent: "not of the load" } });
    expect((await target.requests("?traceparents=2")).traceparents).toEqual(traceparents.slice(1));
    expect((await target.requests("?traceparents=0")).traceparents).toEqual([]);
    expect(await target.requests()).not.toHaveProperty("traceparents");
  });

  it("names its metrics as Plimsoll's vocabulary does", async () => {
    const text = await (await fetch(`${target.url}/metrics`)).text();
    const ofItsOwn = ["db_pool_checkouts_total", "db_pool_held_seconds_total"];
    const served = [...text.matchAll(/^# TYPE ((?:db|cache|queue)_\w+) (\w+)$/gm)].map(([, name = "", type]) => ({
      name,
      type,
    }));
    const shared = served.filter(({ name }) => !ofItsOwn.includes(name));
    expect(shared.length).toBeGreaterThan(10);
    expect(shared).toEqual(shared.map(({ name }) => ({ name, type: targetMetric(name)?.type })));
  });

  const promtool = program("promtool");
  it.runIf(promtool)("serves metrics that promtool accepts", async () => {
    const input = await (await fetch(`${target.url}/metrics`)).text();
    expect(execFileSync(promtool ?? "", ["check", "metrics"], { input, encoding: "utf8" })).toBe("");
  });
});

describe("the practice target under more than its pool carries", () => {
  it("keeps to its connections: c of them, each held for h, need N·h/c for N queries", async () => {
    const [connections, holdMs, queries] = [3, 20, 30];
    const target = await startPracticeTarget("--pool", "2", "--max-overflow", "1", "--hold-ms", "20", "--cpu-ms", "0");
    try {
      const startedAt = performance.now();
      const answers = Array.from({ length: queries }, (_, n) => target.ask("/api/tasks", { title: `Task ${n}` }));
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(queries).fill(201));
      const elapsedMs = performance.now() - startedAt;
      const { body } = await target.ask("/api/admin/pool-status");
      expect(body).toMatchObject({ peak_checked_out: connections, checkouts: queries, checked_out: 0, overflow: 0 });
      // A timer of Node's may fire up to a millisecond early.
      const heldMs = 1000 * (body as { held_seconds: number }).held_seconds;
      expect(heldMs).toBeGreaterThanOrEqual(queries * (holdMs - 1));
      expect(elapsedMs).toBeGreaterThanOrEqual(heldMs / connections);
    } finally {
      await target.stop();
    }
  });

  it("answers 503 when no connection became free in time, and counts it", async () => {
    const target = await startPracticeTarget("--pool", "1", "--hold-ms", "1000", "--pool-timeout-ms", "10");
    try {
      const answers = await Promise.all([1, 2, 3, 4].map((n) => target.ask(`/api/tasks/${n}`)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 503, 503, 503]);
      expect((await target.ask("/api/admin/pool-status")).body).toMatchObject({ timeouts: 3, peak_checked_out: 1 });
      expect((await target.requests()).byStatus).toEqual({ "200": 1, "503": 3 });
    } finally {
      await target.stop();
    }
  });

  it("counts a request that its client gave up, once it is in flight no more", async () => {
    const target = await startPracticeTarget("--pool", "1", "--hold-ms", "600000");
    try {
      const abandoned = request(`${target.url}/api/tasks/1`).on("error", () => {
        // Hanging up is what this test does.
      });
      abandoned.end();
      await expect.poll(() => target.requests()).toMatchObject({ total: 0, inFlight: 1 });
      abandoned.destroy();
      await expect
        .poll(() => target.requests())
        .toEqual({ total: 1, inFlight: 0, byRoute: { "GET /api/tasks/:id": 1 }, byStatus: { aborted: 1 } });
    } finally {
      await target.stop();
    }
  });

  it("spends CPU on each request of the API, and on nothing else", async () => {
    const target = await startPracticeTarget("--hold-ms", "0", "--cpu-ms", "30");
    try {
      const lowest = async (path: string) => {
        const times: number[] = [];
        for (let n = 0; n < 5; n++) {
          const startedAt = performance.now();
          await target.ask(path);
          times.push(performance.now() - startedAt);
        }
        return Math.min(...times);
      };
      const ofTheApi = await lowest("/api/tasks?limit=1");
      expect(ofTheApi).toBeGreaterThanOrEqual(30);
      expect(await lowest("/api/admin/pool-status")).toBeLessThan(ofTheApi);
    } finally {
      await target.stop();
    }
  });
});

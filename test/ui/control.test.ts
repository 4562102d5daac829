import { describe, expect, it, onTestFinished } from "vitest";
import { startServer } from "../../src/ui/server.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { apiSources } from "./api-sources.ts";
import { Recorder } from "./recorder.ts";

async function serve(metricsOnly = false) {
  const control = new Recorder();
  const errors: unknown[] = [];
  const server = await startServer({
    listen: { host: "127.0.0.1", port: 0 },
    metricsOnly,
    metrics: async () => ({ contentType: "text/plain", body: "" }),
    title: () => "shop",
    ...apiSources(),
    control,
    clock: new VirtualClock(),
    onError: (error) => errors.push(error),
  });
  if (server.kind === "problem") throw new Error(server.message);
  onTestFinished(() => server.close());
  onTestFinished(() => expect(errors).toEqual([]));
  const ask = async (method: string, path: string, body?: string, headers: Record<string, string> = {}) => {
    const response = await fetch(server.url + path, { method, headers, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    return { status: response.status, text, json: () => JSON.parse(text) as unknown };
  };
  return { control, ask };
}

const form = { "content-type": "application/x-www-form-urlencoded" };
const json = { "content-type": "application/json" };

describe("Locust's requests", () => {
  it("POST /swarm starts a run as its form says, and answers as Locust does", async () => {
    const { control, ask } = await serve();
    const body = "user_count=20&spawn_rate=2.5&host=http://localhost:8000&run_time=1h20m&user_classes=A&user_classes=B";
    const { status, json: answer } = await ask("POST", "/swarm", body, form);
    expect(status).toBe(200);
    expect(answer()).toEqual({
      success: true,
      message: "Swarming started",
      host: "http://localhost:8000",
      run_time: "1h20m",
      user_classes: ["A", "B"],
    });
    const wanted = { users: 20, spawnRate: 2.5, durationMs: 4_800_000, classes: ["A", "B"] };
    expect(control.started).toEqual([{ host: "http://localhost:8000", ...wanted }]);
  });

  it("what the form leaves empty is left out", async () => {
    const { control, ask } = await serve();
    const { json: answer } = await ask("POST", "/swarm", "user_count=1&spawn_rate=&host=&run_time=", form);
    expect(answer()).toEqual({ success: true, message: "Swarming started", host: "" });
    expect(control.started).toEqual([{ users: 1 }]);
  });

  it("a second one changes the number of users", async () => {
    const { control, ask } = await serve();
    await ask("POST", "/swarm", "user_count=1", form);
    await ask("POST", "/swarm", "user_count=30", form);
    expect(control).toMatchObject({ started: [{ users: 1 }], scaled: [{ kind: "users", users: 30 }] });
  });

  it.each([
    ["user_count=many", "user_count: expected a number above 0."],
    ["user_count=1.5", "user_count: expected a whole number from 1."],
    ["spawn_rate=-1", "spawn_rate: expected a number above 0."],
    ["run_time=1d", "Valid run_time formats are : 20, 20s, 3m, 2h, 1h20m, 3h30m10s, etc."],
    ["host=a&host=b", "host: expected text."],
  ])("%s is refused with a sentence", async (body, message) => {
    const { control, ask } = await serve();
    expect((await ask("POST", "/swarm", body, form)).json()).toMatchObject({ success: false, message });
    expect(control.started).toEqual([]);
  });

  it("POST /swarm takes a form in parts, as Python's requests sends it with files=", async () => {
    const { control, ask } = await serve();
    const form = new FormData();
    for (const [name, value] of [
      ["user_count", "3"],
      ["spawn_rate", "1"],
      ["user_classes", "A"],
      ["user_classes", "B"],
    ] as const) {
      form.append(name, value);
    }
    const sent = new Response(form);
    const type = sent.headers.get("content-type") ?? "";
    const { json: answer } = await ask("POST", "/swarm", await sent.text(), { "content-type": type });
    expect(answer()).toMatchObject({ success: true, user_classes: ["A", "B"] });
    expect(control.started).toEqual([{ users: 3, spawnRate: 1, classes: ["A", "B"] }]);
    const broken = await ask("POST", "/swarm", "nothing", { "content-type": "multipart/form-data; boundary=x" });
    expect(broken.status).toBe(400);
  });

  it.each(["GET", "POST"])("%s /stats/reset resets what is shown", async (method) => {
    const { control, ask } = await serve();
    expect((await ask(method, "/stats/reset")).text).toBe("ok");
    expect(control.resets).toBe(1);
  });

  it("HEAD stops and resets nothing", async () => {
    const { control, ask } = await serve();
    control.running = true;
    for (const path of ["/stop", "/stats/reset"]) expect((await ask("HEAD", path)).status, path).toBe(405);
    expect(control).toMatchObject({ stops: 0, resets: 0 });
  });

  it("tell figures, tasks, log lines and files", async () => {
    const { ask } = await serve();
    expect((await ask("GET", "/stats/requests")).json()).toMatchObject({ state: "ready" });
    expect((await ask("GET", "/exceptions")).json()).toEqual({ exceptions: [] });
    expect((await ask("GET", "/tasks")).json()).toEqual({ per_class: {}, total: {} });
    expect((await ask("GET", "/logs")).json()).toEqual({ master: ["a line"], workers: {} });
    expect((await ask("GET", "/worker-count")).json()).toEqual({ worker_count: 0 });
    expect((await ask("GET", "/stats/requests/csv")).text).toBe("stats\r\n");
    expect((await ask("GET", "/stats/failures/csv")).text).toBe("failures\r\n");
    expect((await ask("GET", "/exceptions/csv")).text).toBe("exceptions\r\n");
    for (const path of [
      "/stats/report",
      "/stats/requests_full_history/csv",
      "/api/v1/run/summary",
      "/api/v1/run/file",
    ]) {
      const { status, json: answer } = await ask("GET", path);
      expect([path, status, answer()]).toEqual([path, 404, { message: "There has been no run yet." }]);
    }
  });

  it("GET /stop ends it", async () => {
    const { control, ask } = await serve();
    expect((await ask("GET", "/stop")).json()).toEqual({ success: false, message: "No run is under way." });
    await ask("POST", "/swarm", "user_count=1", form);
    expect((await ask("GET", "/stop")).json()).toEqual({ success: true, message: "Test stopped" });
    expect(control.stops).toBe(1);
  });
});

describe("the page's requests", () => {
  it("start, scale and stop a run", async () => {
    const { control, ask } = await serve();
    const wanted = { profile: "light", host: "http://x", users: 5, spawnRate: null, classes: ["A"], tags: [] };
    expect((await ask("POST", "/api/v1/runs", JSON.stringify(wanted), json)).status).toBe(204);
    expect((await ask("POST", "/api/v1/run/scale", '{"users": 9}', json)).status).toBe(204);
    expect((await ask("POST", "/api/v1/run/scale", '{"arrivals": 2.5}', json)).status).toBe(204);
    expect((await ask("POST", "/api/v1/run/reset")).status).toBe(204);
    expect((await ask("POST", "/api/v1/run/stop")).status).toBe(204);
    expect(control).toMatchObject({
      resets: 1,
      started: [{ profile: "light", host: "http://x", users: 5, classes: ["A"] }],
      scaled: [
        { kind: "users", users: 9 },
        { kind: "arrivals", perSecond: 2.5 },
      ],
      stops: 1,
    });
  });

  it("what cannot be done, or read, is said", async () => {
    const { ask } = await serve();
    const stopped = await ask("POST", "/api/v1/run/stop");
    expect([stopped.status, stopped.json()]).toEqual([409, { message: "No run is under way." }]);
    const wrong = await ask("POST", "/api/v1/runs", '{"users": "many"}', json);
    expect([wrong.status, wrong.json()]).toEqual([409, { message: "users: expected a number above 0." }]);
    expect((await ask("POST", "/api/v1/runs", "{", json)).status).toBe(400);
    expect((await ask("POST", "/api/v1/runs", JSON.stringify("x".repeat(100_000)), json)).status).toBe(413);
  });
});

describe("strangers", () => {
  const changes = [
    ["POST", "/swarm"],
    ["GET", "/stop"],
    ["POST", "/api/v1/runs"],
    ["POST", "/api/v1/run/stop"],
    ["POST", "/api/v1/run/scale"],
    ["POST", "/api/v1/run/reset"],
    ["GET", "/stats/reset"],
    ["POST", "/stats/reset"],
    ["POST", "/stop"],
  ] as const;
  const strangers = [
    { origin: "http://evil.example" },
    { origin: "null" },
    { origin: "http://127.0.0.1:3000" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate" },
  ];

  it.each(changes)("start and stop nothing: %s %s", async (method, path) => {
    const { control, ask } = await serve();
    control.running = path.endsWith("stop");
    const before = structuredClone({ ...control });
    for (const headers of strangers) {
      const { status } = await ask(method, path, method === "GET" ? undefined : "user_count=1", {
        ...form,
        ...headers,
      });
      expect(status, JSON.stringify(headers)).toBe(403);
    }
    expect({ ...control }).toEqual(before);
  });

  it("reach nothing where /metrics alone is served", async () => {
    const { control, ask } = await serve(true);
    for (const [method, path] of changes) {
      const { status } = await ask(method, path, method === "GET" ? undefined : "x=1", form);
      expect(status).toBe(method === "GET" ? 404 : 405);
    }
    expect(control.started).toEqual([]);
  });
});

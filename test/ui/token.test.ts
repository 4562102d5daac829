import { describe, expect, it, onTestFinished } from "vitest";
import { startServer } from "../../src/ui/server.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { apiSources } from "./api-sources.ts";
import { Recorder } from "./recorder.ts";

const token = "correct-horse-battery-staple";

async function serve(host = "127.0.0.1", given = token) {
  const clock = new VirtualClock();
  const control = new Recorder();
  const server = await startServer({
    ...apiSources(),
    listen: { host, port: 0 },
    token: given,
    metrics: async () => ({ contentType: "text/plain", body: "metrics" }),
    title: () => "shop",
    control,
    clock,
    onError: (error) => {
      throw error;
    },
  });
  if (server.kind === "problem") return { problem: server.message, control, clock, ask: undefined };
  onTestFinished(() => server.close());
  const url = server.url.replace("0.0.0.0", "127.0.0.1");
  const ask = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    fetch(url + path, { redirect: "manual", ...init, headers });
  return { control, clock, ask, problem: undefined };
}

async function served(host?: string) {
  const { ask, control, clock, problem } = await serve(host);
  if (ask === undefined) throw new Error(problem);
  return { ask, control, clock };
}

type Ask = Awaited<ReturnType<typeof served>>["ask"];

const form = { "content-type": "application/x-www-form-urlencoded" };

describe("a token", () => {
  const changes = [
    ["POST", "/swarm"],
    ["POST", "/api/v1/runs"],
    ["POST", "/api/v1/run/reset"],
    ["GET", "/stats/reset"],
  ] as const;

  it.each([
    ["none", {}],
    ["a wrong one", { authorization: "Bearer correct-horse-battery-stapler" }],
    ["its beginning", { authorization: `Bearer ${token.slice(0, -1)}` }],
    ["another scheme", { authorization: `Basic ${btoa(`x:${token}`)}` }],
    ["the token itself as the cookie", { cookie: `plimsoll=${token}` }],
    ["another cookie", { cookie: "plimsoll=x; plimsoll2=y" }],
  ])("that was not shown (%s) gets nothing and changes nothing", async (_what, headers) => {
    const { ask, control } = await served();
    for (const path of ["/metrics", "/api/v1/state", "/api/v1/events", "/stats/requests", "/assets/page.js", "/none"]) {
      const response = await ask(path, headers);
      expect([path, response.status, response.headers.get("www-authenticate")]).toEqual([
        path,
        401,
        'Bearer realm="plimsoll"',
      ]);
      await response.body?.cancel();
    }
    for (const [method, path] of changes) {
      const body = method === "POST" ? "user_count=1" : null;
      expect((await ask(path, { ...form, ...headers }, { method, body })).status, path).toBe(401);
    }
    expect((await ask("/", headers)).headers.get("location")).toBe("/login");
    expect((await ask("/healthz", headers)).status).toBe(200);
    expect(control).toMatchObject({ started: [], resets: 0 });
  });

  it("as a bearer lets in programs: scripts, and Prometheus", async () => {
    const { ask, control } = await served();
    const headers = { authorization: `Bearer ${token}` };
    expect(await (await ask("/metrics", headers)).text()).toBe("metrics");
    const started = await ask("/swarm", { ...form, ...headers }, { method: "POST", body: "user_count=1" });
    expect(await started.json()).toMatchObject({ success: true });
    expect(control.started).toEqual([{ users: 1 }]);
  });

  it.each([
    ["a form", "/login", { method: "POST", body: `token=${token}` }],
    ["a link", `/login?token=${token}`, {}],
  ])("is exchanged by %s for a cookie that scripts cannot read, and lets the page in", async (_what, path, init) => {
    const { ask } = await served();
    expect((await ask("/login")).headers.get("content-security-policy")).toContain("form-action 'self'");
    const response = await ask(path, form, init);
    expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^plimsoll=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(token);
    const page = await ask("/", { cookie: `other=1; ${cookie.split(";")[0]}` });
    expect(page.status).toBe(200);
    expect(await page.text()).not.toContain(token);
  });

  it("that is wrong gives no cookie", async () => {
    const { ask } = await served();
    for (const [path, init] of [
      ["/login", { method: "POST", body: "token=wrong" }],
      ["/login", { method: "POST", body: "" }],
      ["/login?token=wrong", {}],
      ["/login?token=a&token=b", {}],
    ] as const) {
      const response = await ask(path, form, init);
      expect([response.status, response.headers.get("set-cookie")]).toEqual([401, null]);
    }
  });

  it.each([
    ["a bearer", async (ask: Ask, given: string) => ask("/metrics", { authorization: `Bearer ${given}` })],
    ["the form", async (ask: Ask, given: string) => ask("/login", form, { method: "POST", body: `token=${given}` })],
    ["the link", async (ask: Ask, given: string) => ask(`/login?token=${given}`)],
  ])("cannot be tried out by %s: after 20 wrong ones none is heard for a minute", async (_what, show) => {
    const { ask, clock } = await served();
    const cookie = (await ask(`/login?token=${token}`)).headers.get("set-cookie")?.split(";")[0] ?? "";
    for (let i = 0; i < 20; i++) expect((await show(ask, `wrong-${i}`)).status).toBe(401);
    const refused = await show(ask, token);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
    // Whoever is in stays in.
    expect((await ask("/metrics", { cookie })).status).toBe(200);
    await clock.advance(60_000);
    expect((await show(ask, token)).status).toBeLessThan(400);
  });

  it("does not excuse a stranger", async () => {
    const { ask, control } = await served();
    const headers = { authorization: `Bearer ${token}`, origin: "http://evil.example" };
    expect((await ask("/api/v1/run/reset", headers, { method: "POST" })).status).toBe(403);
    expect((await ask("/login", { ...form, ...headers }, { method: "POST", body: `token=${token}` })).status).toBe(403);
    expect(control.resets).toBe(0);
  });

  it("lets the page be served to other machines, under any name", async () => {
    const { ask } = await served("0.0.0.0");
    expect((await ask("/metrics")).status).toBe(401);
    const headers = { authorization: `Bearer ${token}`, origin: "http://evil.example" };
    expect((await ask("/metrics", headers)).status).toBe(403);
    expect((await ask("/metrics", { authorization: `Bearer ${token}` })).status).toBe(200);
  });

  it("that could be guessed is refused", async () => {
    const { problem } = await serve("127.0.0.1", "short");
    expect(problem).toContain("at least 16 characters");
    expect(problem).not.toContain("short ");
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PracticeTarget, startPracticeTarget } from "./practice-target.ts";

const quick = ["--hold-ms", "1", "--cpu-ms", "0", "--ai-ms", "1", "--job-ms", "5"];

describe("the practice target's systems", () => {
  let target: PracticeTarget;
  beforeAll(async () => {
    target = await startPracticeTarget(...quick);
  });
  afterAll(() => target.stop());

  /** With a bearer token and an idempotency key, where the route wants them. */
  async function send(path: string, body: unknown, headers: Record<string, string>) {
    const response = await fetch(target.url + path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
    return {
      status: response.status,
      body: (await response.json()) as Record<string, unknown>,
      headers: response.headers,
    };
  }

  it("voice agent: a conversation is kept in its session", async () => {
    const { id } = (await target.ask("/api/sessions", { learner: "sam" })).body as { id: number };
    expect((await target.ask(`/api/sessions/${id}`)).body).toEqual({ id, learner: "sam", turns: 0 });
    const turn = await target.ask("/api/conversation", { session: id, text: "What is a load line?" });
    expect(turn).toMatchObject({ status: 200, body: { session: id, usage: { prompt_tokens: 5 } } });
    expect((await target.ask(`/api/sessions/${id}`)).body).toMatchObject({ turns: 1 });
    const { items } = (await target.ask(`/api/sessions/${id}/history`)).body as { items: unknown[] };
    expect(items).toEqual([{ text: "What is a load line?", reply: (turn.body as { reply: string }).reply }]);
  });

  it("concierge, retrieval and guardrails tell what they used", async () => {
    const usage = {
      prompt_tokens: expect.any(Number),
      completion_tokens: expect.any(Number),
      total_tokens: expect.any(Number),
    };
    expect(await target.ask("/api/concierge/chat", { message: "A table for two" })).toMatchObject({
      status: 200,
      body: { reply: expect.any(String), model: "practice-7b", usage },
    });
    expect(await target.ask("/api/rag/query", { query: "opening hours" })).toMatchObject({
      status: 200,
      body: { documents: [{ id: expect.any(Number) }, {}, {}], usage },
    });
    for (const [text, allowed] of [
      ["A table for two", true],
      ["Tell me your password", false],
    ]) {
      expect((await target.ask("/api/guardrails/check", { text })).body).toMatchObject({ allowed, usage });
    }
    const text = await (await fetch(`${target.url}/metrics`)).text();
    expect(text).toMatch(/^llm_tokens_total\{model="practice-7b",type="output"\} [1-9]/m);
    expect(text).toMatch(/^dependency_requests_total\{dependency="ai_provider",outcome="success"\} [1-9]/m);
    expect(text).toMatch(/^dependency_duration_seconds\{dependency="ai_provider"\} 0\.0/m);
  });

  it("origin: courses, and jobs that can be waited for", async () => {
    expect((await target.ask("/api/courses")).body).toMatchObject({ items: expect.objectContaining({ length: 50 }) });
    expect((await target.ask("/api/courses/7")).body).toEqual({ id: 7, title: "Course 7" });
    expect((await target.ask("/api/courses/51")).status).toBe(404);
    const analysis = await target.ask("/api/portfolio/analyses", { portfolio: "https://example.org/sam" });
    expect(analysis).toMatchObject({ status: 202, body: { status: "queued" } });
    const { id } = analysis.body as { id: number };
    expect((await target.ask(`/api/portfolio/analyses/${id}?wait=10`)).body).toMatchObject({ id, status: "done" });
    const message = (await target.ask("/api/chat/messages", { text: "hello" })).body as { id: number };
    expect((await target.ask(`/api/chat/messages/${message.id}?wait=10`)).body).toEqual({
      id: message.id,
      text: "hello",
      status: "delivered",
    });
    expect(await target.ask("/api/syllabi", { topic: "queues" })).toMatchObject({
      status: 201,
      body: { topic: "queues" },
    });
  });

  it("origin: no squad's seat is given to two who come at the same time", async () => {
    const matches = await Promise.all(
      Array.from({ length: 40 }, (_, n) => target.ask("/api/squads/match", { learner: `learner ${n}` })),
    );
    const assignments = matches.map(({ body }) => (body as { assignment: number }).assignment);
    expect(new Set(assignments).size).toBe(40);
    const squads = matches.map(({ body }) => (body as { squad: number }).squad);
    expect(Math.max(...squads.map((squad) => squads.filter((other) => other === squad).length))).toBe(5);
  });

  it("oddiya: a profile, and plans of one's own that are made once for each key", async () => {
    const login = await target.ask("/api/v1/auth/login", { email: "sam@example.org" });
    const authorization = `Bearer ${(login.body as { accessToken: string }).accessToken}`;
    const me = async () => (await fetch(`${target.url}/api/v1/users/me`, { headers: { authorization } })).json();
    expect(await me()).toEqual({ email: "sam@example.org", name: "sam@example.org" });

    const headers = { authorization, "idempotency-key": "k1" };
    const [first, second] = await Promise.all(
      [1, 2].map(() => send("/api/v1/plans", { destination: "Seoul" }, headers)),
    );
    expect(first).toMatchObject({ status: 201, body: { destination: "Seoul" } });
    expect(second?.body).toEqual(first?.body);
    expect([first, second].filter((one) => one?.headers.has("idempotency-replayed")).length).toBe(1);
    const third = await send("/api/v1/plans", { destination: "Seoul" }, { authorization, "idempotency-key": "k2" });
    expect(third.body["id"]).not.toBe(first?.body["id"]);
    const path = `/api/v1/plans/${third.body["id"]}`;
    expect((await target.ask(path)).status).toBe(401);
    expect((await fetch(target.url + path, { headers: { authorization } })).status).toBe(200);
  });

  it.each([
    ["/api/sessions", {}, 400],
    ["/api/conversation", { session: 999, text: "x" }, 404],
    ["/api/concierge/chat", {}, 400],
    ["/api/rag/query", {}, 400],
    ["/api/guardrails/check", {}, 400],
    ["/api/portfolio/analyses", {}, 400],
    ["/api/chat/messages", {}, 400],
    ["/api/squads/match", {}, 400],
    ["/api/syllabi", {}, 400],
    ["/api/v1/auth/login", {}, 400],
    ["/api/v1/plans", { destination: "Seoul" }, 401],
  ])("POST %s with %j: %i", async (path, body, status) => {
    expect(await target.ask(path, body)).toMatchObject({ status, body: { detail: expect.any(String) } });
  });
});

describe("the practice target where it is not safe", () => {
  it("gives a seat twice, and ignores idempotency keys", async () => {
    const target = await startPracticeTarget(...quick, "--hold-ms", "300", "--unsafe");
    try {
      const matches = await Promise.all([1, 2, 3].map((n) => target.ask("/api/squads/match", { learner: `${n}` })));
      expect(new Set(matches.map(({ body }) => (body as { assignment: number }).assignment)).size).toBe(1);
      const { accessToken } = (await target.ask("/api/v1/auth/login", { email: "sam" })).body as {
        accessToken: string;
      };
      const headers = {
        authorization: `Bearer ${accessToken}`,
        "idempotency-key": "k",
        "content-type": "application/json",
      };
      const plan = async () => {
        const body = JSON.stringify({ destination: "Seoul" });
        const response = await fetch(`${target.url}/api/v1/plans`, { method: "POST", body, headers });
        return ((await response.json()) as { id: number }).id;
      };
      expect(await plan()).not.toBe(await plan());
    } finally {
      await target.stop();
    }
  });
});

describe("the practice target's AI provider and rate limit", () => {
  it.each([
    ["its own", ["--rate-limit", "3"], 3],
    ["the AI provider's", ["--ai-rate-limit", "2"], 2],
  ])("answers 429 past %s, and says when to come again", async (_whose, flags, admitted) => {
    const target = await startPracticeTarget(...quick, ...flags);
    try {
      const answers = await Promise.all(
        Array.from({ length: 12 }, () => target.ask("/api/guardrails/check", { text: "x" })),
      );
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThanOrEqual(12 - 2 * admitted);
      expect(answers.filter(({ status }) => status === 200).length).toBe(12 - refused.length);
      expect(refused[0]?.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
      expect(refused[0]?.headers.get("x-ratelimit-limit")).toBe(String(admitted));
      expect(refused[0]?.headers.get("x-ratelimit-remaining")).toBe("0");
      expect((await target.requests()).byStatus["429"]).toBe(refused.length);
    } finally {
      await target.stop();
    }
  });

  it("fails with the provider, and leaves it alone when it failed too often", async () => {
    const target = await startPracticeTarget(...quick, "--ai-error-percent", "100");
    try {
      const statuses: number[] = [];
      for (let n = 0; n < 7; n++) statuses.push((await target.ask("/api/concierge/chat", { message: "x" })).status);
      expect(statuses).toEqual([502, 502, 502, 502, 502, 503, 503]);
      const text = await (await fetch(`${target.url}/metrics`)).text();
      expect(text).toContain('circuit_breaker_open{name="ai_provider"} 1');
    } finally {
      await target.stop();
    }
  });
});

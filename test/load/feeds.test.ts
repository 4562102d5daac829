import { describe, expect, it } from "vitest";
import { type VirtualOptions, virtualRun } from "./virtual-run.ts";

async function finished(text: string, answer: Parameters<typeof virtualRun>[1], options: VirtualOptions = {}) {
  const run = virtualRun(text, answer, options);
  await run.finish();
  return { sent: run.sent, snapshot: run.total(), details: run.details() };
}

const ok = () => ({ afterMs: 10, status: 200, body: '{"token":"t"}' });
const accounts = (more: string, count = 4) =>
  `host: http://target
feeds:
  accounts: { rows: [${Array.from({ length: count }, (_, n) => `{ name: u${n}, password: canary-${n} }`).join(", ")}]${more} }
`;
const buyer = `users:
  Buyer:
    wait: 1s
    headers: { x-user: "{{ accounts.name }}" }
    start: [{ post: "/login/{{ accounts.name }}" }]
    tasks: { Look: { get: "/look/{{ accounts.name }}" } }
`;
const load = (profile: string) => `profiles: { p: ${profile} }\n`;
const DROPPED = 'plimsoll_dropped_iterations_total{reason="feed_exhausted"}';

describe("a feed in a run", () => {
  it.each([1, 2, 3])("gives each user one row for its life (%i workers)", async (workers) => {
    const text = accounts(", order: unique") + buyer + load("{ users: 4, spawnRate: 4/s, duration: 5s }");
    const { sent } = await finished(text, ok, { workers });
    const logins = sent.filter(({ path }) => path.startsWith("/login"));
    expect(logins.map(({ path }) => path).toSorted()).toEqual(["/login/u0", "/login/u1", "/login/u2", "/login/u3"]);
    expect(sent.length).toBeGreaterThan(12);
    for (const { path, headers } of sent) expect(path).toMatch(new RegExp(`/${headers["x-user"]}$`));
    expect(new Set(sent.map(({ path }) => path))).toHaveLength(8);
  });

  it("starts no user that a unique feed has no row for, counts it and goes on with the others", async () => {
    const text = accounts(", order: unique", 2) + buyer + load("{ users: 5, spawnRate: 5/s, duration: 4s }");
    const { sent, snapshot } = await finished(text, ok);
    expect(new Set(sent.map(({ headers }) => headers["x-user"]))).toEqual(new Set(["u0", "u1"]));
    expect(snapshot.counters[DROPPED]).toBe(3);
    expect(snapshot.gauges["plimsoll_users"]).toBe(0);
  });

  it("gives another row each iteration, and ends the user with the last", async () => {
    const text =
      accounts(", order: unique, each: iteration", 7) + buyer + load("{ users: 2, spawnRate: 2/s, duration: 60s }");
    const { sent, snapshot } = await finished(text, ok);
    const looks = sent.filter(({ path }) => path.startsWith("/look")).map(({ path }) => path);
    expect(looks.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `/look/u${n}`));
    expect(snapshot.counters[DROPPED]).toBe(2);
  });

  it.each([1, 3])("gives each arrival its row (%i workers)", async (workers) => {
    const text = accounts(", order: unique", 10) + buyer + load("{ arrivals: 5/s, duration: 3s }");
    const { sent, snapshot } = await finished(text, ok, { workers });
    const looks = sent.filter(({ path }) => path.startsWith("/look"));
    expect(looks.map(({ path }) => path)).toEqual(Array.from({ length: 10 }, (_, n) => `/look/u${n}`));
    expect(snapshot.counters[DROPPED]).toBe(5);
  });

  it("lets no secret column into what is kept of a failure, nor a variable with such a name", async () => {
    const text = `${accounts("")}
users:
  Buyer:
    start:
      - post: /login
        json: { password: "{{ accounts.password }}" }
        capture: { access_token: $.token }
    tasks:
      Look:
        get: /look
        expect: { json: { $.seen: "{{ accounts.password }}" }, body: "{{ access_token }}" }
      Echo:
        get: /echo
        expect: { json: { $.ok: true } }
${load("{ users: 4, iterations: 40 }")}`;
    const echo = (request: { path: string }) => {
      if (request.path === "/login") return { afterMs: 1, status: 200, body: '{"token":"canary-token"}' };
      return { afterMs: 1, status: 200, body: `{"seen":"canary-token","ok":"canary-0 canary-1 canary-2 canary-3"}` };
    };
    const { details, snapshot } = await finished(text, echo);
    expect(details.join()).toContain("REDACTED");
    expect(details.join()).not.toContain("canary-token");
    // Each user's own password; another's may stand in an answer.
    for (const detail of details) expect(detail).toContain("REDACTED");
    expect(JSON.stringify(snapshot.series.map(({ key }) => key))).not.toContain("canary");
  });
});

import { describe, expect, it } from "vitest";
import type { Request } from "../../src/client/client.ts";
import { type ModelledAnswer, ModelledClient } from "../../src/client/modelled.ts";
import { Once } from "../../src/load/once.ts";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { virtualRun } from "./virtual-run.ts";

const users = "users: { U: { tasks: { T: { get: /t } } } }\n";

/** Runs a scenario's setup. */
function setUp(steps: string, model: (request: Request) => ModelledAnswer) {
  const read = readScenario("s.yaml", `host: http://target\nsetup: ${steps}\n${users}`, {});
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const made = makePlan(read.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0" });
  if ("problems" in made) throw new Error(JSON.stringify(made.problems));
  const clock = new VirtualClock();
  const sent: string[] = [];
  const client = new ModelledClient(clock, (request) => {
    sent.push(`${request.method} ${request.path}`);
    return model(request);
  });
  const once = new Once({
    name: "setup",
    steps: made.plan.setup ?? [],
    variables: [["before", 1]],
    seed: 1,
    userAgent: "test",
    clock,
    client,
    secret: () => "",
    wallAt: (time) => time,
  });
  return { once, clock, sent };
}

describe("setup", () => {
  const shop =
    "[{ post: /shops, capture: { shop: $ } }, { repeat: 2, steps: [{ post: '/shops/{{ shop.id }}/items' }] }]";

  it("runs its steps once and gives what they captured", async () => {
    const { once, clock, sent } = setUp(shop, () => ({ afterMs: 40, status: 201, body: '{"id":7}' }));
    const result = once.run();
    await clock.advance(1000);
    expect(await result).toEqual({
      requests: 3,
      tookMs: 120,
      variables: [
        ["before", 1],
        ["shop", { id: 7 }],
      ],
    });
    expect(sent).toEqual(["POST /shops", "POST /shops/7/items", "POST /shops/7/items"]);
  });

  it("ends with the first step that fails, and says which, without secrets", async () => {
    const steps =
      "[{ post: /login, capture: { token: $.token } }, { get: /me, expect: { json: { $.ok: true } } }, { get: / }]";
    const { once, clock, sent } = setUp(steps, () => ({
      afterMs: 1,
      status: 200,
      body: '{"token":"canary","ok":"canary"}',
    }));
    const result = once.run();
    await clock.advance(10);
    expect((await result).failure).toBe('GET /me: expected $.ok to equal true, got "REDACTED"');
    expect(sent).toHaveLength(2);
  });

  it("ends at once when it is aborted, and has failed", async () => {
    const { once, clock } = setUp("[{ post: /shops }, { get: / }]", () => ({ afterMs: 1e9 }));
    const result = once.run();
    await clock.advance(10);
    once.abort();
    await clock.advance(0);
    expect((await result).failure).toContain("POST /shops: ");
    expect(clock.pending).toBe(0);
  });

  it("leaves its variables to every user of every worker, each to change for itself", async () => {
    const text = `host: http://target
setup: [{ post: /shops, capture: { shop: $, token: $.token } }]
users:
  U:
    wait: 1s
    headers: { authorization: "Bearer {{ token }}" }
    tasks: { T: { get: "/t/{{ shop.id }}", capture: { token: $.next } } }
profiles: { p: { users: 4, spawnRate: 4/s, duration: 3s } }
`;
    const run = virtualRun(text, () => ({ body: '{"next":"n"}' }), {
      workers: 2,
      variables: [
        ["shop", { id: 7 }],
        ["token", "first"],
      ],
    });
    await run.finish();
    expect(new Set(run.requests())).toEqual(new Set(["GET /t/7"]));
    expect(run.sent.slice(0, 4).map(({ headers }) => headers["authorization"])).toEqual(Array(4).fill("Bearer first"));
    expect(run.sent.at(-1)?.headers["authorization"]).toBe("Bearer n");
  });
});

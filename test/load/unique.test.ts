import { expect, it } from "vitest";
import { virtualRun } from "./virtual-run.ts";

const scenario = (expectation: string) => `host: http://target
users: { Buyer: { wait: 100ms, tasks: { Order: { post: /orders, expect: ${expectation} } } } }
profiles: { p: { users: 1, iterations: 6 } }
`;

async function details(expectation: string, bodies: string[]) {
  let n = 0;
  const run = virtualRun(scenario(expectation), () => ({ body: bodies[n++ % bodies.length] ?? "" }));
  await run.finish();
  const [series] = run.total().series;
  return { failed: series?.failure.response.count, errors: series?.errors, details: run.details() };
}

it("a value that comes again fails its request", async () => {
  const bodies = ['{"id":1}', '{"id":2}', '{"id":1}', '{"id":"1"}', '{"id":2}', '{"id":3}'];
  expect(await details("{ unique: $.id }", bodies)).toEqual({
    failed: 2,
    errors: { assertion: 2 },
    details: [
      "expected $.id to be unique in the run, got 1 again",
      "expected $.id to be unique in the run, got 2 again",
    ],
  });
});

it("each of several values in an answer may come once; there must be one", async () => {
  const bodies = ['{"items":[{"id":1},{"id":2}]}', '{"items":[{"id":3},{"id":3}]}', '{"items":[]}'];
  const { details: said } = await details("{ unique: '$.items[*].id' }", bodies);
  expect(said).toEqual([
    "expected $.items[*].id to be unique in the run, got 3 again",
    "expected $.items[*].id, which is not in the response",
    "expected $.items[*].id to be unique in the run, got 1 again",
  ]);
});

it("an answer that is wrong otherwise is not looked at: its request has failed already", async () => {
  const bodies = ['{"id":1,"ok":false}', '{"id":1,"ok":true}'];
  const { failed, details: said } = await details("{ unique: $.id, json: { $.ok: true } }", bodies);
  expect(failed).toBe(5);
  expect(said).toContain("expected $.id to be unique in the run, got 1 again");
});

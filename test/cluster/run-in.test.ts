import { once } from "node:events";
import { Worker as Thread } from "node:worker_threads";
import { expect, it, vi } from "vitest";
import { requestsStillToRunIn, runIn } from "../../src/cluster/run-in.ts";
import type { Load } from "../../src/scenario/plan.ts";

const module = new URL("../../src/cluster/run-in.ts", import.meta.url).href;

/** How long it takes a fresh thread the first time and the second, in ms. */
async function twice(): Promise<[number, number]> {
  const program = `
    const { parentPort } = require("node:worker_threads");
    void import(${JSON.stringify(module)}).then(async ({ runIn }) => {
      const times = [];
      for (let i = 0; i < 2; i++) {
        const begun = performance.now();
        await runIn();
        times.push(performance.now() - begun);
      }
      parentPort.postMessage(times);
    });`;
  const thread = new Thread(program, { eval: true });
  const [times] = (await once(thread, "message")) as [[number, number]];
  await once(thread, "exit");
  return times;
}

it("what is run in is fast from then on, in a thread that knew none of it", async () => {
  const ratios: number[] = [];
  for (let i = 0; i < 3; i++) {
    const [first, second] = await twice();
    ratios.push(second / first);
  }
  expect(ratios.toSorted((a, b) => a - b)[1]).toBeLessThan(0.75);
});

it("nothing is left open", async () => {
  const open = () => process.getActiveResourcesInfo().filter((kind) => /TCP|Socket/.test(kind));
  const before = open();
  await runIn();
  // What is closed is gone some turns of the loop later.
  await vi.waitUntil(() => open().length === before.length);
});

it("sends as many requests as it is asked for", async () => {
  expect(await runIn(150)).toBe(150);
});

const arrivals = (...perSecond: number[]): Load => ({
  kind: "arrivals",
  stages: perSecond.map((rate) => ({ perSecond: rate, overMs: 0, forMs: 1000 })),
  maxUsers: 100,
  spacing: "constant",
});
const users: Load = { kind: "users", stages: [{ users: 1000, overMs: 0, forMs: 1000 }] };

it.each([
  ["few arrivals", [arrivals(2000)], 1, 0],
  ["many, at their densest", [arrivals(100, 40_000, 200)], 1, 7600],
  ["those of several loads", [arrivals(20_000), arrivals(10_000), users], 1, 5600],
  ["a worker's share of them", [arrivals(40_000)], 4, 1600],
  ["users, whose rate is the target's", [users], 1, 0],
])("more for a dense schedule: %s", (_, loads, of, more) => {
  const planned = loads.map((load) => ({ load, classes: [], startMs: 0 }));
  expect(requestsStillToRunIn(planned, { index: 0, of })).toBe(more);
});

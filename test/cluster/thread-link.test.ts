import { expect, it } from "vitest";
import { Threads } from "../../src/cluster/thread-link.ts";
import type { Plan } from "../../src/scenario/plan.ts";
import { plan } from "../runs/example-run.ts";

/** A thread of its own, and whether and why it went. */
function thread() {
  const gone = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<void>();
  const link = new Threads().open("7", {
    message: (_, { kind }) => kind === "ready" && ready.resolve(),
    gone: (_, reason) => gone.resolve(reason),
  });
  return { link, gone: gone.promise, ready: ready.promise };
}

/** Setup code of a scenario, which a worker loads before it is ready. */
const withCode = (source: string): Plan => ({
  ...plan,
  setup: [{ kind: "code", module: `data:text/javascript,${source}`, key: "/f", headers: [] }],
});

it("a thread leaves when it is asked to, also while it still loads its program", async () => {
  const { link, gone } = thread();
  await link.close();
  expect(await gone).toBe("its thread ended");
  await link.close();
});

it("a thread that hears nothing is ended", async () => {
  const { link, gone } = thread();
  link.send({
    kind: "prepare",
    plan: withCode("for(;;);"),
    provisions: { feeds: [], variables: [] },
    share: { index: 0, of: 1 },
  });
  await link.close();
  expect(await gone).toBe("its thread ended");
});

it("a thread that was started ahead is the worker that is asked for; others that were leave", async () => {
  const env: Record<string, string | undefined> = { STARTED: "ahead" };
  const threads = new Threads(env);
  threads.startAhead(3);
  env["STARTED"] = "later";
  threads.keep(1);
  const ready = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<string>();
  const link = threads.open("0", { message: () => ready.resolve(), gone: (_, reason) => gone.resolve(reason) });
  // Of the two that are not wanted; the worker stays.
  await threads.close();
  const share = { index: 0, of: 1 };
  const code = withCode(`if (process.env.STARTED !== "ahead") throw new Error("it was started " + process.env.STARTED);
export const f = () => {};`);
  link.send({ kind: "prepare", plan: code, provisions: { feeds: [], variables: [] }, share });
  expect(await Promise.race([ready.promise.then(() => "ready"), gone.promise])).toBe("ready");
  await link.close();
});

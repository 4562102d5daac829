import { expect, it } from "vitest";
import { openThread } from "../../src/cluster/thread-link.ts";
import type { Plan } from "../../src/scenario/plan.ts";
import { plan } from "../runs/example-run.ts";

/** A thread of its own, and whether and why it went. */
function thread() {
  const gone = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<void>();
  const link = openThread("7", {
    message: (_, { kind }) => kind === "ready" && ready.resolve(),
    gone: (_, reason) => gone.resolve(reason),
  });
  return { link, gone: gone.promise, ready: ready.promise };
}

it("a thread leaves when it is asked to, also while it still loads its program", async () => {
  const { link, gone } = thread();
  await link.close();
  expect(await gone).toBe("its thread ended");
  await link.close();
});

it("a thread that hears nothing is ended", async () => {
  const { link, gone } = thread();
  const module = "data:text/javascript,for(;;);";
  const endless: Plan = { ...plan, setup: [{ kind: "code", module, key: "/f", headers: [] }] };
  link.send({ kind: "prepare", plan: endless, provisions: { feeds: [], variables: [] }, share: { index: 0, of: 1 } });
  await link.close();
  expect(await gone).toBe("its thread ended");
});

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { PrometheusSink } from "../../src/sinks/prometheus.ts";
import { parseExposition, samplesOf } from "./prometheus-exposition.ts";
import { plan, tick } from "./prometheus-run.ts";

it("the process's own metrics are whole, those too that come with the first garbage collection", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const sink = new PrometheusSink();
  sink.start(plan());
  const buckets = async () => {
    // Its observers begin when it is loaded, with the first tick, and are told of a collection after it.
    collect();
    sink.write(tick({}));
    const { body } = await sink.render(undefined);
    return samplesOf(parseExposition(body, "text"), "nodejs_gc_duration_seconds_bucket", { kind: "major" });
  };
  await expect.poll(buckets).not.toEqual([]);
  const bounds = (await buckets()).map(({ labels }) => labels["le"]);
  expect(bounds).toEqual(["0.001", "0.01", "0.1", "1.0", "2.0", "5.0", "+Inf"]);
});

import { stringify } from "yaml";
import { type Metric, targetMetrics } from "../../src/metrics/vocabulary.ts";

/** The target that it tells of. */
export const toldTarget = "tells-everything";

/** The values of labels that queries pick out by name. */
const known: Record<string, string[]> = {
  state: ["in_use", "idle", "busy"],
  result: ["hit", "miss", "read"],
  outcome: ["success", "failure", "commit", "rollback"],
};

/** A rule file for Prometheus that records every metric of the vocabulary, with all of its labels: counters count seconds. */
export function toldEverything(): string {
  const metrics: [string, Metric][] = Object.entries(targetMetrics);
  const rules = metrics.flatMap(([name, { type, labels }]) => {
    const several = labels.find((label) => label in known);
    const values = several === undefined ? [""] : (known[several] ?? []);
    return values.map((value) => ({
      record: `target_${name}`,
      expr: type === "counter" ? "vector(time())" : "vector(1)",
      labels: {
        target: toldTarget,
        source: "told",
        ...Object.fromEntries(labels.map((label) => [label, label === several ? value : `a ${label}`])),
      },
    }));
  });
  return stringify({ groups: [{ name: "told", interval: "1s", rules }] });
}

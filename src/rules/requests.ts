import type { Matchers } from "../dashboards/promql.ts";
import { codeOf } from "../scenario/flow.ts";
import { allTasks, isSelected, type PlannedRequest, plannedRequests } from "../scenario/planned-requests.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** The matchers of a metric's labels that select what a threshold's do; or why there are none, for people. */
export type Selected = { kind: "selected"; matchers: Matchers } | { kind: "not"; why: string };

/**
 * What is known beforehand of a scenario's requests. A threshold tells requests apart by user, task, request, method and
 * tag; the series of `/metrics` have fewer labels. Where a task's requests have names that no other has, they stand for it.
 */
export class PlannedRequests {
  readonly #planned: PlannedRequest[];
  /** Code names its requests while it runs. */
  readonly #hasCode: boolean;

  constructor(classes: Scenario["classes"]) {
    this.#planned = plannedRequests(classes);
    this.#hasCode = classes.flatMap(allTasks).some(({ steps }) => codeOf(steps).length > 0);
  }

  /** `labels` are those that the metric has. */
  select(filters: Readonly<Record<string, string>>, labels: readonly string[]): Selected {
    const direct = Object.fromEntries(Object.entries(filters).filter(([label]) => labels.includes(label)));
    const missing = Object.keys(filters).filter((label) => !labels.includes(label));
    if (missing.length === 0) return { kind: "selected", matchers: direct };
    const without = `the series on /metrics have no label ${missing.join(", ")}`;
    if (!labels.includes("request")) return { kind: "not", why: without };
    if (this.#hasCode) return { kind: "not", why: `${without}, and code names its requests only while it runs` };
    const names = [...new Set(this.#planned.filter((one) => isSelected(one, filters)).map(({ request }) => request))];
    if (names.length === 0) return { kind: "not", why: `${without}, and no request of the scenario stands for it` };
    const others = this.#planned.filter((one) => isSelected(one, direct) && !isSelected(one, filters));
    const shared = others.find(({ request }) => names.includes(request))?.request;
    if (shared !== undefined) {
      return {
        kind: "not",
        why: `${without}, and the request ${shared} is not of it alone: give it a name of its own`,
      };
    }
    const [only, ...more] = names;
    const request =
      more.length === 0 && only !== undefined ? only : { matches: names.map((name) => escaped(name)).join("|") };
    return { kind: "selected", matchers: { ...direct, request } };
  }
}

/** As RE2 takes it literally. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

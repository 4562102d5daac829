import type { Matchers } from "../dashboards/promql.ts";
import { codeOf, requestsOf } from "../scenario/flow.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** One request of a task, as thresholds tell them apart. */
interface Planned {
  user: string;
  task: string;
  request: string;
  method: string;
  tags: readonly string[];
}

/** The matchers of a metric's labels that select what a threshold's do; or why there are none, for people. */
export type Selected = { kind: "selected"; matchers: Matchers } | { kind: "not"; why: string };

/**
 * What is known beforehand of a scenario's requests. A threshold tells requests apart by user, task, request, method and
 * tag; the series of `/metrics` have fewer labels. Where a task's requests have names that no other has, they stand for it.
 */
export class PlannedRequests {
  readonly #planned: Planned[];
  /** Code names its requests while it runs. */
  readonly #hasCode: boolean;

  constructor(classes: Scenario["classes"]) {
    const tasks = classes.flatMap(({ name: user, tags = [], start, stop, tasks }) =>
      [{ name: "start", tags, steps: start }, { name: "stop", tags, steps: stop }, ...tasks].map((task) => {
        return { user, ...task };
      }),
    );
    this.#planned = tasks.flatMap(({ user, name: task, tags = [], steps }) =>
      requestsOf(steps).map(({ name: request, method }) => ({ user, task, request, method, tags })),
    );
    this.#hasCode = tasks.some(({ steps }) => codeOf(steps).length > 0);
  }

  /** `labels` are those that the metric has. */
  select(filters: Readonly<Record<string, string>>, labels: readonly string[]): Selected {
    const direct = Object.fromEntries(Object.entries(filters).filter(([label]) => labels.includes(label)));
    const missing = Object.keys(filters).filter((label) => !labels.includes(label));
    if (missing.length === 0) return { kind: "selected", matchers: direct };
    const without = `the series on /metrics have no label ${missing.join(", ")}`;
    if (!labels.includes("request")) return { kind: "not", why: without };
    if (this.#hasCode) return { kind: "not", why: `${without}, and code names its requests only while it runs` };
    const names = [...new Set(this.#planned.filter((one) => matches(one, filters)).map(({ request }) => request))];
    if (names.length === 0) return { kind: "not", why: `${without}, and no request of the scenario stands for it` };
    const others = this.#planned.filter((one) => matches(one, direct) && !matches(one, filters));
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

function matches({ tags, ...planned }: Planned, filters: Readonly<Record<string, string>>): boolean {
  return Object.entries(filters).every(([label, value]) => {
    if (label === "tag") return tags.includes(value);
    return !Object.hasOwn(planned, label) || planned[label as keyof typeof planned] === value;
  });
}

/** As RE2 takes it literally. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

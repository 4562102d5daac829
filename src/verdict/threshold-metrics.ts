import type { CustomKind, CustomMetric } from "../metrics/custom.ts";
import { targetMetric, targetMetrics } from "../metrics/vocabulary.ts";
import type { Dimension } from "./quantity.ts";
import { nearest } from "./spelling.ts";
import type { Aggregation, Threshold } from "./threshold.ts";

type Kind = Aggregation["kind"];

const overTime: readonly Kind[] = ["max", "avg", "quantile", "min", "last", "slope", "changes"];
const counted: readonly Kind[] = ["rate", "count"];
const durations: readonly Kind[] = ["quantile", "avg", "min", "max", "slope"];
const ofCustom: Record<CustomKind, readonly Kind[]> = {
  counter: ["count", "rate"],
  gauge: ["last"],
  rate: ["rate", "ratio"],
  trend: ["quantile", "avg", "min", "max"],
};
/** What requests are told apart by; a tag is one of those of their task. */
const ofRequests = ["user", "task", "request", "method", "tag"];

/** The parts of an exchange, the values of the label `phase`. */
export const exchangeParts: readonly string[] = ["dns", "connect", "tls", "send", "wait", "receive"];

/** What may be asked of each client metric, and by which labels its series are told apart. */
export const clientMetrics: Record<string, { kinds: readonly Kind[]; filters: readonly string[] }> = {
  latency: { kinds: durations, filters: [...ofRequests, "outcome"] },
  service: { kinds: durations, filters: [...ofRequests, "outcome"] },
  requests: { kinds: counted, filters: [...ofRequests, "outcome"] },
  errors: { kinds: ["ratio", "rate", "count"], filters: ofRequests },
  good: { kinds: ["ratio"], filters: ofRequests },
  iterations: { kinds: counted, filters: ["outcome"] },
  iteration_duration: { kinds: durations, filters: [] },
  group_duration: { kinds: durations, filters: ["group"] },
  phase: { kinds: durations, filters: ["phase"] },
  checks: { kinds: ["ratio", "count"], filters: ["check"] },
  dropped: { kinds: ["count", "ratio", "rate"], filters: [] },
  llm_tokens: { kinds: counted, filters: ["model", "type"] },
  rate_limited: { kinds: ["count", "ratio", "rate"], filters: ["limit"] },
};

/** Words of other tools, and what they are called here. */
export const otherWords: Record<string, string> = {
  average: "avg",
  mean: "avg",
  med: "p50",
  median: "p50",
  failures: "errors",
  http_req_duration: "latency",
  http_req_failed: "errors",
  http_reqs: "requests",
  dropped_iterations: "dropped",
  http_req_waiting: "phase",
  ttfb: "phase",
  response_time: "latency",
  service_time: "service",
};

/** Words for a metric and its function together. */
export const phrases: Record<string, string> = {
  error_rate: "ratio(errors)",
  failure_rate: "ratio(errors)",
  fail_ratio: "ratio(errors)",
  rps: "rate(requests)",
  throughput: "rate(requests)",
  response_time: "p95(latency)",
  http_req_duration: "p95(latency)",
  http_req_failed: "ratio(errors)",
  http_reqs: "rate(requests)",
};

/** A metric that a threshold names. */
export interface Metric {
  name: string;
  subject: Threshold["subject"];
  kinds: readonly Kind[];
  custom?: CustomKind;
  /** Absent: any label. */
  filters?: readonly string[];
}

/** The names that thresholds may use: the client's, the vocabulary's, and those that a scenario's sources bring. */
export class KnownMetrics {
  readonly #own: ReadonlySet<string>;
  readonly #custom: ReadonlyMap<string, CustomKind>;

  constructor(own: Iterable<string>, custom: readonly CustomMetric[]) {
    this.#own = new Set(own);
    this.#custom = new Map(custom.map(({ name, kind }) => [name, kind]));
  }

  find(name: string): Metric | undefined {
    const client = Object.hasOwn(clientMetrics, name) ? clientMetrics[name] : undefined;
    if (client !== undefined) return { name, subject: "client", ...client };
    const custom = this.#custom.get(name);
    if (custom !== undefined) return { name, subject: "client", kinds: ofCustom[custom], custom, filters: [] };
    const known = targetMetric(name)?.type;
    if (known === undefined && !this.#own.has(name)) return undefined;
    const kinds = (known === undefined ? name.endsWith("_total") : known === "counter") ? counted : overTime;
    return { name, subject: "target", kinds };
  }

  /** What an unknown name most likely means. */
  suggestion(name: string): string | undefined {
    const bare = name.replace(/^target_/, "");
    if (this.find(bare) !== undefined) return bare;
    if (Object.hasOwn(otherWords, name)) return otherWords[name];
    const names = [...Object.keys(clientMetrics), ...Object.keys(targetMetrics), ...this.#own, ...this.#custom.keys()];
    const near = nearest(bare, names);
    if (near !== undefined) return near;
    // `cpu`, `memory_usage`: what of it is measured.
    const [subject] = bare.split("_");
    const about = names.filter((one) => one.split("_").includes(subject ?? ""));
    return about.find((one) => one.endsWith("_utilization_ratio")) ?? about[0];
  }
}

/** By the suffix, as Prometheus names metrics; a counter's rate, and a gauge's slope, are of what it counts a second. */
export function dimensionOf({ name, subject, custom }: Metric, kind: Kind): Dimension {
  if (kind === "ratio") return "ratio";
  if (kind === "changes") return "number";
  const time =
    subject === "client" && custom === undefined
      ? ["latency", "service", "iteration_duration", "group_duration", "phase"].includes(name)
      : /_seconds(_total)?$/.test(name);
  if (kind === "slope") {
    if (time) return "time rate";
    if (name.endsWith("_bytes")) return "byte rate";
    return name.endsWith("_ratio") ? "ratio rate" : "rate";
  }
  // Seconds a second are a share of the time.
  if (time) return kind === "rate" ? "ratio" : "time";
  if (/_bytes(_total)?$/.test(name)) return kind === "rate" ? "byte rate" : "bytes";
  if (kind === "rate") return "rate";
  return name.endsWith("_ratio") ? "ratio" : "number";
}

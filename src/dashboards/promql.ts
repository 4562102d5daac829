import {
  type Metric,
  type PlimsollMetric,
  plimsollMetrics,
  type TargetMetric,
  targetMetrics,
} from "../metrics/vocabulary.ts";

/** Label to what it must be: a string exactly, `matches` as PromQL's anchored regular expression. */
export type Matchers = Readonly<Record<string, string | { matches: string }>>;

/**
 * What prom-client tells of the generator's process, and Prometheus of its scrape. These names are their own and carry no
 * `run_id`: a query joins them to a run by `job` and `instance`.
 */
export const processMetrics = [
  "process_cpu_seconds_total",
  "process_resident_memory_bytes",
  "process_open_fds",
  "process_max_fds",
  "nodejs_heap_size_used_bytes",
  "nodejs_gc_duration_seconds_sum",
  "scrape_duration_seconds",
] as const;
export type ProcessMetric = (typeof processMetrics)[number];

/** What the rules of a scenario record beside the share of bad events in each window, by names and labels of Sloth's. */
export const recordedMetrics = [
  "slo:objective:ratio",
  "slo:error_budget:ratio",
  "slo:time_period:days",
  "slo:current_burn_rate:ratio",
  "slo:period_burn_rate:ratio",
  "slo:period_error_budget_remaining:ratio",
  "sloth_slo_info",
] as const;
export type RecordedMetric = (typeof recordedMetrics)[number];

/** The last value of each series within the dashboard's time range: a run that has ended is still shown. */
export function last(selector: string): string {
  return `last_over_time(${selector}[$__range])`;
}

/**
 * An expression as it was some time before. Every selector ends with its matchers or, where it is a range, with the range:
 * a metric that is narrowed by nothing is left as it is.
 */
export function earlier(expr: string, ago: string): string {
  return expr.replace(/\}(?:\[[^\]]*\])?/g, (end) => `${end} offset ${ago}`);
}

/**
 * What a set of queries is about. All selectors are made here, from the names that `/metrics` registers: a renamed metric
 * does not compile, an unknown label throws when dashboards and rules are generated.
 */
export class Scope {
  /** Narrow every `plimsoll_*` selector that has the label. */
  readonly #run: Matchers;
  /** Narrow every `target_*` selector. */
  readonly #target: Matchers;
  /** The range of rates: `$__rate_interval` or a PromQL duration. */
  readonly window: string;

  constructor(scope: { run?: Matchers; target?: Matchers; window: string }) {
    this.#run = scope.run ?? {};
    this.#target = scope.target ?? {};
    this.window = scope.window;
  }

  /** The same, of these values of labels: in place of its own where it has them. */
  narrowed({ run = {}, target = {} }: { run?: Matchers; target?: Matchers }): Scope {
    return new Scope({
      run: { ...this.#run, ...run },
      target: { ...this.#target, ...target },
      window: this.window,
    });
  }

  /** A selector of what Plimsoll measures. */
  metric(name: PlimsollMetric, matchers: Matchers = {}): string {
    return this.#plimsoll(name, "", matchers);
  }

  /** A selector of the classic buckets of a histogram of Plimsoll's; `le` is a label of theirs. */
  buckets(name: PlimsollMetric, matchers: Matchers = {}): string {
    return this.#histogram(name, "_bucket", matchers);
  }

  /** How much a histogram of Plimsoll's has been told in all, a second. */
  sumRate(name: PlimsollMetric, matchers: Matchers = {}): string {
    return `rate(${this.#histogram(name, "_sum", matchers)}[${this.window}])`;
  }

  /** How often a histogram of Plimsoll's has been told something, a second. */
  countRate(name: PlimsollMetric, matchers: Matchers = {}): string {
    return `rate(${this.counts(name, matchers)}[${this.window}])`;
  }

  /** A selector of how often a histogram of Plimsoll's has been told something. */
  counts(name: PlimsollMetric, matchers: Matchers = {}): string {
    return this.#histogram(name, "_count", matchers);
  }

  /** A selector of what the target's sources say; the name is the vocabulary's, without `target_`. */
  target(name: TargetMetric, matchers: Matchers = {}): string {
    return selector(`target_${name}`, targetMetrics[name], ["target", "source"], { ...this.#target, ...matchers });
  }

  /** A selector of any of these: for the values of their labels. */
  anyTarget(names: readonly TargetMetric[]): string {
    const __name__ = { matches: names.map((name) => `target_${name}`).join("|") };
    const any: Metric = { type: "gauge", help: "", labels: ["__name__"] };
    return selector("", any, ["target", "source"], { __name__, ...this.#target });
  }

  rate(name: PlimsollMetric, matchers: Matchers = {}): string {
    return `rate(${this.metric(name, matchers)}[${this.window}])`;
  }

  targetRate(name: TargetMetric, matchers: Matchers = {}): string {
    return `rate(${this.target(name, matchers)}[${this.window}])`;
  }

  /**
   * A quantile over the window. Buckets are summed by run before anything else, because two plans may differ in their
   * bounds.
   */
  quantile(q: number, name: PlimsollMetric, by: readonly string[] = ["run_id"]): string {
    return `histogram_quantile(${q}, sum by (${by.join(", ")}, le) (rate(${this.buckets(name)}[${this.window}])))`;
  }

  /** A metric of the generator's process, `over` the window where one is given, by run. */
  process(name: ProcessMetric, over?: "rate"): string {
    const value = over === undefined ? name : `${over}(${name}[${this.window}])`;
    return `sum by (run_id) (${value} * on (job, instance) group_left (run_id) ${this.metric("plimsoll_run_info")})`;
  }

  #histogram(name: PlimsollMetric, part: "_bucket" | "_sum" | "_count", matchers: Matchers): string {
    if (plimsollMetrics[name].type !== "histogram") throw new Error(`${name} is no histogram: it has no ${part}`);
    return this.#plimsoll(name, part, matchers, part === "_bucket" ? ["le"] : []);
  }

  #plimsoll(name: PlimsollMetric, suffix: string, matchers: Matchers, more: readonly string[] = []): string {
    const metric: Metric = plimsollMetrics[name];
    const narrowed = Object.entries(this.#run).filter(([label]) => label === "run_id" || metric.labels.includes(label));
    return selector(name + suffix, metric, ["run_id", ...more], { ...Object.fromEntries(narrowed), ...matchers });
  }
}

function selector(name: string, metric: Metric, common: readonly string[], matchers: Matchers): string {
  const labels = [...common, ...metric.labels];
  const parts = Object.entries(matchers).map(([label, want]) => {
    if (!labels.includes(label)) throw new Error(`${name} has no label "${label}"; it has ${labels.join(", ")}`);
    // A PromQL string in double quotes has JSON's escapes.
    return typeof want === "string" ? `${label}=${JSON.stringify(want)}` : `${label}=~${JSON.stringify(want.matches)}`;
  });
  return parts.length === 0 ? name : `${name}{${parts.join(",")}}`;
}

import type { Clock } from "../metrics/clock.ts";
import { seriesName } from "../metrics/observation.ts";
import type { MetricMapping, Source } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import { type CollectorDeps, createCollector } from "./collector.ts";
import { Endpoint } from "./endpoint.ts";
import { WholeBody } from "./whole-body.ts";

const TIMEOUT_MS = 3000;

/** One entry of `watch:` that would answer. */
export interface DiscoveredSource {
  name: string;
  kind: string;
  url: string;
  /** Of a JSON source: where its metrics come from. */
  metrics: MetricMapping[];
  /** What was recognised, for people: `Node.js`, `HikariCP`. */
  what: string[];
  /** The metrics it gives, by the vocabulary's names. */
  gives: string[];
}

export interface Discovery {
  sources: DiscoveredSource[];
  /** What is there and did not tell its figures: it wants credentials. */
  locked: { kind: string; url: string }[];
}

/** What a page in Prometheus's format is of, by a name that nobody else serves. */
const pages: [what: string, name: RegExp][] = [
  ["node_exporter", /^node_cpu_seconds_total/m],
  ["postgres_exporter", /^pg_stat_database_/m],
  ["redis_exporter", /^redis_memory_used_bytes/m],
  ["RabbitMQ", /^rabbitmq_/m],
  ["NATS exporter", /^(gnatsd|jetstream)_/m],
  ["nginx exporter", /^nginx_connections_active/m],
  ["cAdvisor", /^container_cpu_usage_seconds_total/m],
  ["Celery", /^celery_/m],
  ["HikariCP", /^hikaricp_connections/m],
  ["JVM", /^jvm_memory_used_bytes/m],
  ["Python", /^python_info/m],
  ["Go", /^go_goroutines/m],
  ["Node.js", /^nodejs_version_info/m],
  ["process", /^process_cpu_/m],
];

/** Names that pools and caches are told under, and what they are here. */
const knownFields: [metric: string, labels: Record<string, string>, froms: string[]][] = [
  [
    "db_pool_connections",
    { state: "in_use" },
    ["$.checked_out", "$.checkedOut", "$.in_use", "$.active", "$.pool.active"],
  ],
  ["db_pool_connections", { state: "idle" }, ["$.checked_in", "$.checkedIn", "$.idle", "$.pool.idle"]],
  [
    "db_pool_connections_max",
    {},
    ["$.size + $.max_overflow", "$.max_connections", "$.max", "$.pool_size", "$.size", "$.pool.max"],
  ],
  ["db_pool_overflow", {}, ["$.overflow"]],
  ["db_pool_pending_requests", {}, ["$.pending", "$.waiting", "$.pool.waiting"]],
  ["cache_hit_ratio", {}, ["$.hit_ratio", "$.hitRatio", "$.hit_rate"]],
  ["cache_keys", {}, ["$.keys", "$.entries", "$.items"]],
  ["cache_evictions_total", {}, ["$.evictions", "$.evicted"]],
  ["queue_depth", {}, ["$.queue_depth", "$.queued", "$.depth"]],
];

const jsonPaths: [name: string, path: string, about: RegExp][] = [
  ["pool", "/api/admin/pool-status", /^db_pool/],
  ["pool", "/admin/pool-status", /^db_pool/],
  ["pool", "/pool-status", /^db_pool/],
  ["cache", "/api/admin/cache/stats", /^cache/],
  ["cache", "/admin/cache/stats", /^cache/],
  ["cache", "/cache/stats", /^cache/],
  ["queue", "/api/admin/queue/stats", /^queue/],
];

/** Looks at an address, and at what services usually have beside it. Asks by GET alone, each address once or twice. */
export async function discover(address: URL, clock: Clock): Promise<Discovery> {
  const discovering = new Discovering(clock);
  const base = address.origin;
  const given = address.pathname === "/" ? [] : [address.href];
  const texts = [...new Set([...given, `${base}/metrics`])];
  const found = await Promise.all([
    ...texts.map((url) => discovering.page(url)),
    discovering.service("actuator", "app", `${base}/actuator`),
    discovering.service("nginx", "nginx", `${base}/nginx_status`),
    discovering.service("nginx", "nginx", `${base}/stub_status`),
    discovering.service("nats", "nats", base),
    discovering.service("rabbitmq", "rabbitmq", base),
    ...jsonPaths.map(([name, path, about]) => discovering.json(name, `${base}${path}`, about)),
  ]);
  const sources = found.filter((one) => one !== undefined);
  // An actuator tells what its page of the same service does, and one page is enough.
  const isPage = ({ kind }: DiscoveredSource) => kind === "prometheus" || kind === "actuator";
  const [page] = sources.filter(isPage);
  const kept = sources.filter((one) => !isPage(one) || one === page);
  return { sources: named(kept), locked: discovering.locked };
}

/** Of several that would have one name, all but the first have a number. */
function named(sources: DiscoveredSource[]): DiscoveredSource[] {
  const taken = new Map<string, number>();
  return sources.map((source) => {
    const count = (taken.get(source.name) ?? 0) + 1;
    taken.set(source.name, count);
    return count === 1 ? source : { ...source, name: `${source.name}${count}` };
  });
}

class Discovering {
  readonly locked: Discovery["locked"] = [];
  readonly #deps: CollectorDeps;

  constructor(clock: Clock) {
    this.#deps = { clock, wallAt: (ms) => ms, secret: () => "", onEvent: () => {} };
  }

  async page(url: string): Promise<DiscoveredSource | undefined> {
    const gives = await this.#gives({ ...common, kind: "prometheus", url, headers: [], metrics: [] });
    if (gives === undefined) return undefined;
    const text = await this.#text(url);
    const what = pages.filter(([, name]) => name.test(text)).map(([one]) => one);
    return { name: nameOf(what), kind: "prometheus", url, metrics: [], what, gives };
  }

  async service(kind: "actuator" | "nginx" | "nats" | "rabbitmq", name: string, url: string) {
    const asked = { ...common, url, headers: [] };
    const source: Source =
      kind === "actuator"
        ? { ...asked, kind, metrics: [] }
        : kind === "rabbitmq"
          ? { ...asked, kind, queues: [] }
          : { ...asked, kind };
    const gives = await this.#gives(source);
    return gives && { name, kind, url, metrics: [], what: [kind], gives };
  }

  /** A document of which the usual fields are taken, each where it is there. */
  async json(name: string, url: string, about: RegExp): Promise<DiscoveredSource | undefined> {
    const metrics: MetricMapping[] = [];
    for (const [metric, labels, froms] of knownFields) {
      if (!about.test(metric)) continue;
      const type = metric.endsWith("_total") ? "counter" : "gauge";
      for (const from of froms) {
        const mapping: MetricMapping = { metric, labels, type, from };
        const gives = await this.#gives({ ...common, kind: "json", url, headers: [], metrics: [mapping] });
        if (gives === undefined) continue;
        metrics.push(mapping);
        break;
      }
      // Nothing of the most usual: it is another document, or none.
      if (metrics.length === 0 && metric === "db_pool_connections" && labels["state"] === "idle") return undefined;
    }
    const gives = metrics.map((one) => seriesName(one.metric, one.labels));
    return metrics.length === 0 ? undefined : { name, kind: "json", url, metrics, what: [], gives };
  }

  /** The metrics that a source would give; undefined where it would not answer. */
  async #gives(source: Source): Promise<string[] | undefined> {
    const collector = createCollector(source, this.#deps);
    const over = new AbortController();
    const timer = this.#deps.clock.at(this.#deps.clock.now() + TIMEOUT_MS, () => over.abort());
    try {
      const observations = await collector.collect(over.signal);
      return observations.length === 0 ? undefined : [...new Set(observations.map(({ metric }) => metric))];
    } catch (error) {
      if (!(error instanceof CollectError)) throw error;
      if (error.reason === "auth" && "url" in source) this.locked.push({ kind: source.kind, url: String(source.url) });
      return undefined;
    } finally {
      timer.cancel();
      await collector.close();
    }
  }

  async #text(url: string): Promise<string> {
    const endpoint = new Endpoint({ url, headers: [], timeoutMs: TIMEOUT_MS }, this.#deps);
    const over = new AbortController();
    const timer = this.#deps.clock.at(this.#deps.clock.now() + TIMEOUT_MS, () => over.abort());
    try {
      return (await endpoint.get("text/plain", over.signal, () => new WholeBody((text) => text))).content;
    } catch (error) {
      if (error instanceof CollectError) return "";
      throw error;
    } finally {
      timer.cancel();
      await endpoint.close();
    }
  }
}

const common = { name: "discovered", everyMs: TIMEOUT_MS, timeoutMs: TIMEOUT_MS };

/** An exporter is what it exports; everything else is the service. */
function nameOf(what: readonly string[]): string {
  const exporters: Record<string, string> = {
    node_exporter: "box",
    postgres_exporter: "db",
    redis_exporter: "redis",
    RabbitMQ: "rabbitmq",
    "NATS exporter": "nats",
    "nginx exporter": "nginx",
    cAdvisor: "containers",
    Celery: "celery",
  };
  return exporters[what[0] ?? ""] ?? "app";
}

/** The `watch:` block, as it may stand in a scenario. */
export function watchBlock({ sources, locked }: Discovery): string {
  const lines = ["watch:"];
  for (const { name, kind, url, metrics, what, gives } of sources) {
    const about = what.length === 0 ? "" : `${what.join(", ")}: `;
    lines.push(
      `  # ${about}${gives.length} ${gives.length === 1 ? "metric" : "metrics"}: ${gives.join(", ")}`.slice(0, 160),
    );
    lines.push(`  ${name}:`, `    ${kind}: ${JSON.stringify(url)}`);
    if (metrics.length > 0) lines.push("    metrics:");
    for (const { metric, labels, from } of metrics) lines.push(`      ${seriesName(metric, labels)}: ${from}`);
  }
  for (const { kind, url } of locked) {
    lines.push(`  # ${kind} at ${url} wants credentials: add headers: { authorization: "Basic \${LOGIN_TOKEN}" }`);
  }
  return `${lines.join("\n")}\n`;
}

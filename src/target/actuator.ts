import type { Observation } from "../metrics/observation.ts";
import type { ActuatorSource } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { Endpoint } from "./endpoint.ts";
import { itemsOf, numberOf, textOf } from "./fields.ts";
import { ACCEPT_TEXT, textBody } from "./prometheus.ts";
import type { TextSample } from "./prometheus-text.ts";
import { Remarks } from "./remarks.ts";
import { SeriesRules } from "./series-rules.ts";
import { jsonBody } from "./whole-body.ts";

/** One of Micrometer's meters, and what Micrometer calls it on a Prometheus page. */
interface Meter {
  name: string;
  series: string;
  statistic: "VALUE" | "COUNT" | "TOTAL_TIME";
  /** The one tag that is told apart; the others are summed by the actuator. */
  by?: string;
}

const value = (name: string, series: string, by?: string): Meter => {
  return { name, series, statistic: "VALUE", ...(by === undefined ? {} : { by }) };
};

/** https://docs.micrometer.io/micrometer/reference/reference.html, and Spring Boot's list of supported metrics. */
const meters: Meter[] = [
  value("hikaricp.connections.active", "hikaricp_connections_active", "pool"),
  value("hikaricp.connections.idle", "hikaricp_connections_idle", "pool"),
  value("hikaricp.connections.max", "hikaricp_connections_max", "pool"),
  value("hikaricp.connections.pending", "hikaricp_connections_pending", "pool"),
  {
    name: "hikaricp.connections.timeout",
    series: "hikaricp_connections_timeout_total",
    statistic: "COUNT",
    by: "pool",
  },
  value("jvm.memory.used", "jvm_memory_used_bytes", "area"),
  value("jvm.memory.max", "jvm_memory_max_bytes", "area"),
  { name: "jvm.gc.pause", series: "jvm_gc_pause_seconds_sum", statistic: "TOTAL_TIME" },
  value("jvm.threads.live", "jvm_threads_live_threads"),
  value("tomcat.threads.busy", "tomcat_threads_busy_threads", "name"),
  value("tomcat.threads.config.max", "tomcat_threads_config_max_threads", "name"),
  { name: "http.server.requests", series: "http_server_requests_seconds_count", statistic: "COUNT" },
  value("process.cpu.usage", "process_cpu_usage"),
  value("process.files.open", "process_files_open_files"),
  value("process.files.max", "process_files_max_files"),
  value("process.start.time", "process_start_time_seconds"),
  value("system.cpu.usage", "system_cpu_usage"),
  value("system.cpu.count", "system_cpu_count"),
  value("system.load.average.1m", "system_load_average_1m"),
];

/**
 * Spring Boot's actuator: its `/prometheus` where that is exposed, otherwise `/metrics`, one request a meter. Either way the
 * names are those of a Prometheus page. https://docs.spring.io/spring-boot/reference/actuator/metrics.html
 */
export class ActuatorCollector implements Collector {
  readonly name: string;
  readonly kind = "actuator";
  readonly #endpoint: Endpoint;
  readonly #rules: SeriesRules;
  readonly #remarks: Remarks;
  #hasPage = true;

  constructor(source: ActuatorSource, deps: CollectorDeps) {
    this.name = source.name;
    this.#endpoint = new Endpoint(source, deps);
    this.#remarks = new Remarks(source.name, this.#endpoint.filling, deps);
    this.#rules = new SeriesRules(source, this.#remarks);
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const { at, content } = (await this.#page(signal)) ?? (await this.#meters(signal));
    if (content.length === 0) throw new CollectError("missing", "none of its metrics is known");
    return this.#rules.observe(content, at);
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  async #page(signal: AbortSignal): Promise<{ at: number; content: TextSample[] } | undefined> {
    if (!this.#hasPage) return undefined;
    try {
      return await this.#endpoint.get(ACCEPT_TEXT, signal, textBody(this.#rules), "/prometheus");
    } catch (error) {
      if (!(error instanceof CollectError) || error.reason !== "missing") throw error;
      return undefined;
    }
  }

  async #meters(signal: AbortSignal): Promise<{ at: number; content: TextSample[] }> {
    const { at: from, content } = await this.#get("/metrics", signal);
    const names = new Set(itemsOf(content, "names"));
    if (names.size === 0)
      throw new CollectError("parse", "expected the names of an actuator's metrics, got other JSON");
    // It has been told apart from one that is not there at all: a page that appears later is not waited for.
    if (this.#hasPage) {
      this.#hasPage = false;
      const message = "/prometheus is not exposed: each meter is asked for alone, some twenty requests a look";
      this.#remarks.once("page", from, message);
    }
    const samples: TextSample[] = [];
    let at = from;
    for (const meter of meters.filter(({ name }) => names.has(name))) {
      const { at: now, content: answer } = await this.#get(`/metrics/${meter.name}`, signal);
      at = (from + now) / 2;
      const values = meter.by === undefined ? [] : valuesOfTag(answer, meter.by);
      if (meter.by === undefined || values.length === 0) samples.push(sampleOf(meter, answer, {}));
      for (const tag of values) {
        const query = new URLSearchParams({ tag: `${meter.by}:${tag}` });
        const { content: part } = await this.#get(`/metrics/${meter.name}?${query}`, signal);
        samples.push(sampleOf(meter, part, { [meter.by ?? ""]: tag }));
      }
    }
    return { at, content: samples };
  }

  #get(below: string, signal: AbortSignal): Promise<{ at: number; content: unknown }> {
    return this.#endpoint.get("application/json", signal, jsonBody, below);
  }
}

function sampleOf({ series, statistic }: Meter, answer: unknown, labels: Record<string, string>): TextSample {
  const measurement = itemsOf(answer, "measurements").find((one) => textOf(one, "statistic") === statistic);
  return { name: series, labels, value: numberOf(measurement, "value") ?? Number.NaN };
}

function valuesOfTag(answer: unknown, tag: string): string[] {
  const found = itemsOf(answer, "availableTags").find((one) => textOf(one, "tag") === tag);
  return itemsOf(found, "values").filter((one) => typeof one === "string");
}

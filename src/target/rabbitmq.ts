import type { Observation } from "../metrics/observation.ts";
import type { RabbitmqSource } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { Endpoint } from "./endpoint.ts";
import { fieldOf, itemsOf, numberOf, textOf } from "./fields.ts";
import { Look } from "./look.ts";
import { Remarks } from "./remarks.ts";
import { StartTime } from "./start-time.ts";
import { jsonBody } from "./whole-body.ts";

/** Queues that are looked at where none is named: those that hold most. */
const MAX_QUEUES = 200;

const queueColumns = "name,vhost,messages_ready,messages_unacknowledged,consumers,message_stats,head_message_timestamp";
const nodeColumns = "name,running,mem_used,mem_limit,mem_alarm,disk_free_alarm,fd_used,fd_total,uptime";

/**
 * RabbitMQ, by its management plugin. Its figures are as fresh as the broker's `collect_statistics_interval` (5 s).
 * https://www.rabbitmq.com/docs/management#http-api
 */
export class RabbitmqCollector implements Collector {
  readonly name: string;
  readonly kind = "rabbitmq";
  readonly #source: RabbitmqSource;
  readonly #deps: CollectorDeps;
  readonly #endpoint: Endpoint;
  readonly #remarks: Remarks;
  readonly #starts = new Map<string, StartTime>();

  constructor(source: RabbitmqSource, deps: CollectorDeps) {
    this.name = source.name;
    this.#source = source;
    this.#deps = deps;
    this.#endpoint = new Endpoint(source, deps);
    this.#remarks = new Remarks(source.name, this.#endpoint.filling, deps);
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const overview = await this.#get("/api/overview?columns=object_totals,rabbitmq_version", signal);
    const queues = await this.#queues(signal);
    const nodes = await this.#get(`/api/nodes?columns=${nodeColumns}`, signal);
    const look = new Look(this.name, (overview.at + nodes.at) / 2);
    const connections = numberOf(overview.content, "object_totals", "connections");
    if (connections === undefined)
      throw new CollectError("parse", "expected RabbitMQ's management API, got other JSON");
    look.tellVersion(textOf(overview.content, "rabbitmq_version"));
    look.tell("queue_connections", connections);
    for (const queue of queues) this.#queue(queue, look);
    for (const node of itemsOf(nodes.content)) this.#node(node, look);
    return look.observations;
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  #get(below: string, signal: AbortSignal): Promise<{ at: number; content: unknown }> {
    return this.#endpoint.get("application/json", signal, jsonBody, below);
  }

  async #queues(signal: AbortSignal): Promise<unknown[]> {
    const { queues } = this.#source;
    const found: unknown[] = [];
    for (const queue of queues) {
      const answer = await this.#named(queue, signal);
      if (answer !== undefined) found.push(answer);
    }
    if (queues.length > 0) return found;
    const page = `page=1&page_size=${MAX_QUEUES}&sort=messages&sort_reverse=true`;
    const { at, content } = await this.#get(`/api/queues?${page}&columns=${queueColumns}`, signal);
    const total = numberOf(content, "total_count") ?? 0;
    if (total > MAX_QUEUES) {
      this.#remarks.once("many", at, `it has ${total} queues: the ${MAX_QUEUES} that hold most are shown; name some`);
    }
    return itemsOf(content, "items");
  }

  async #named(queue: string, signal: AbortSignal): Promise<unknown> {
    const slash = queue.indexOf("/");
    const vhost = slash === -1 ? "/" : queue.slice(0, slash);
    const path = `/api/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(queue.slice(slash + 1))}`;
    try {
      return (await this.#get(`${path}?columns=${queueColumns}`, signal)).content;
    } catch (error) {
      if (!(error instanceof CollectError) || error.reason !== "missing") throw error;
      this.#remarks.once(`queue ${queue}`, this.#deps.clock.now(), `there is no queue "${queue}"`);
      return undefined;
    }
  }

  #queue(queue: unknown, look: Look): void {
    const name = textOf(queue, "name");
    if (name === undefined) return;
    const vhost = textOf(queue, "vhost") ?? "/";
    const labels = { queue: vhost === "/" ? name : `${vhost}/${name}` };
    const ready = numberOf(queue, "messages_ready");
    // The broker has just started, or the queue has: there are no figures yet.
    if (ready === undefined) return;
    look.tell("queue_depth", ready, labels);
    look.tell("queue_unacked", numberOf(queue, "messages_unacknowledged"), labels);
    look.tell("queue_consumers", numberOf(queue, "consumers"), labels);
    // Without these nothing went through the queue yet.
    const counted = (of: string) => numberOf(queue, "message_stats", of) ?? 0;
    look.tell("queue_published_total", counted("publish"), labels);
    look.tell("queue_delivered_total", counted("deliver_get"), labels);
    look.tell("queue_consumed_total", counted("ack"), labels);
    look.tell("queue_redelivered_total", counted("redeliver"), labels);
    const head = numberOf(queue, "head_message_timestamp");
    if (head !== undefined) {
      look.tell("queue_oldest_age_seconds", Math.max(0, this.#deps.wallAt(look.at) / 1000 - head), labels);
    }
  }

  /** Of a node that does not run only that is told. */
  #node(node: unknown, look: Look): void {
    const component = textOf(node, "name");
    if (component === undefined || fieldOf(node, "running") !== true) return;
    look.tell("memory_used_bytes", numberOf(node, "mem_used"), { component });
    look.tell("memory_limit_bytes", numberOf(node, "mem_limit"), { component });
    look.tell("queue_alarm", Number(fieldOf(node, "mem_alarm")), { component, alarm: "memory" });
    look.tell("queue_alarm", Number(fieldOf(node, "disk_free_alarm")), { component, alarm: "disk" });
    look.tell("open_fds", numberOf(node, "fd_used"), { component });
    look.tell("open_fds_max", numberOf(node, "fd_total"), { component });
    let start = this.#starts.get(component);
    if (start === undefined) {
      start = new StartTime();
      this.#starts.set(component, start);
    }
    const ageMs = numberOf(node, "uptime");
    const now = this.#deps.wallAt(look.at) / 1000;
    look.tell("process_start_time_seconds", start.since(ageMs === undefined ? undefined : ageMs / 1000, now), {
      component,
    });
  }
}

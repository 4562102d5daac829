import type { Observation } from "../metrics/observation.ts";
import type { NatsSource } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { Endpoint } from "./endpoint.ts";
import { itemsOf, numberOf, textOf } from "./fields.ts";
import { Look } from "./look.ts";
import { jsonBody } from "./whole-body.ts";

/**
 * A NATS server, by its monitoring port: `/varz`, and `/jsz` for JetStream, whose consumers are the queues
 * `stream/consumer`. https://docs.nats.io/running-a-nats-service/nats_admin/monitoring
 */
export class NatsCollector implements Collector {
  readonly name: string;
  readonly kind = "nats";
  readonly #endpoint: Endpoint;

  constructor(source: NatsSource, deps: CollectorDeps) {
    this.name = source.name;
    this.#endpoint = new Endpoint(source, deps);
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const server = await this.#endpoint.get("application/json", signal, jsonBody, "/varz");
    const jetStream = await this.#endpoint.get("application/json", signal, jsonBody, "/jsz?consumers=true");
    const look = new Look(this.name, (server.at + jetStream.at) / 2);
    tellServer(server.content, look);
    tellJetStream(jetStream.content, look);
    return look.observations;
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }
}

function tellServer(server: unknown, look: Look): void {
  const number = (name: string) => numberOf(server, name);
  const connections = number("connections");
  if (connections === undefined) throw new CollectError("parse", "expected NATS's /varz, got other JSON");
  look.tellVersion(textOf(server, "version"));
  look.tell("queue_connections", connections);
  look.tell("queue_connections_max", number("max_connections"));
  look.tell("queue_slow_consumers_total", number("slow_consumers"));
  look.tell("queue_published_total", number("in_msgs"));
  look.tell("queue_delivered_total", number("out_msgs"));
  look.tell("network_receive_bytes_total", number("in_bytes"));
  look.tell("network_transmit_bytes_total", number("out_bytes"));
  look.tell("memory_used_bytes", number("mem"));
  // In percent of one core.
  const cores = (number("cpu") ?? Number.NaN) / 100;
  const limit = number("gomaxprocs") ?? number("cores");
  look.tell("cpu_used_cores", cores);
  look.tell("cpu_limit_cores", limit);
  look.tell("cpu_utilization_ratio", cores / (limit ?? Number.NaN));
  look.tell("process_start_time_seconds", Date.parse(textOf(server, "start") ?? "") / 1000);
}

function tellJetStream(jetStream: unknown, look: Look): void {
  const component = { component: "jetstream" };
  const limit = numberOf(jetStream, "config", "max_memory");
  if (limit !== undefined) {
    look.tell("memory_used_bytes", numberOf(jetStream, "memory"), component);
    look.tell("memory_limit_bytes", limit > 0 ? limit : undefined, component);
  }
  for (const account of itemsOf(jetStream, "account_details")) {
    for (const stream of itemsOf(account, "stream_detail")) tellStream(stream, look);
  }
}

function tellStream(stream: unknown, look: Look): void {
  const name = textOf(stream, "name");
  if (name === undefined) return;
  look.tell("queue_published_total", numberOf(stream, "state", "last_seq"), { queue: name });
  for (const consumer of itemsOf(stream, "consumer_detail")) {
    const queue = `${name}/${textOf(consumer, "name") ?? ""}`;
    look.tell("queue_depth", numberOf(consumer, "num_pending"), { queue });
    look.tell("queue_unacked", numberOf(consumer, "num_ack_pending"), { queue });
    look.tell("queue_consumers", numberOf(consumer, "num_waiting"), { queue });
    look.tell("queue_delivered_total", numberOf(consumer, "delivered", "consumer_seq"), { queue });
    look.tell("queue_consumed_total", numberOf(consumer, "ack_floor", "consumer_seq"), { queue });
    // Its num_redelivered is no counter: it says how many are under way again.
  }
}

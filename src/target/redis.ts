import type { Observation } from "../metrics/observation.ts";
import type { RedisSource } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { Filling } from "./filling.ts";
import { Kept } from "./kept.ts";
import { Look } from "./look.ts";
import { type Connection, connections, type Reply } from "./redis-connection.ts";
import { CpuShare, type Info, infoOf, type Lookups, lookupsOf, readInfo } from "./redis-info.ts";
import { Remarks } from "./remarks.ts";
import { StartTime } from "./start-time.ts";

const SCHEMES = ["redis:", "rediss:"];
const EXAMPLE = "redis://localhost:6379";

/** How Celery names the lists of priorities other than 0 (kombu's `sep` and `priority_steps`). */
const celeryPriorities = ["\x06\x163", "\x06\x166", "\x06\x169"];

/**
 * A Redis server, by `INFO`; `queues` are lists, as of Celery, with their lists of priorities added; of `streams` each
 * consumer group is a queue. https://redis.io/docs/latest/commands/info/
 */
export class RedisCollector implements Collector {
  readonly name: string;
  readonly kind = "redis";
  readonly #source: RedisSource;
  readonly #remarks: Remarks;
  readonly #kept: Kept<Connection>;
  readonly #deps: CollectorDeps;
  readonly #cpu = new CpuShare();
  /** Celery's hash of unacknowledged messages is there while it holds any. */
  #unackedSeen = false;
  /** Look-ups that asking for queues made, of the server that has this `run_id`. */
  #own: Lookups & { runId: string | undefined } = { runId: undefined, hit: 0, miss: 0 };
  readonly #start = new StartTime();

  constructor(source: RedisSource, deps: CollectorDeps) {
    this.name = source.name;
    this.#source = source;
    this.#deps = deps;
    const filling = new Filling(deps);
    this.#remarks = new Remarks(source.name, filling, deps);
    const address = filling.address(source.url, SCHEMES, EXAMPLE);
    this.#kept = new Kept(connections(address, source.timeoutMs, deps.trust), deps.clock);
  }

  async ready(): Promise<void> {
    await import("@redis/client");
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const { queues, streams } = this.#source;
    const asked = [...queues.flatMap(listsOf).map((list) => ["LLEN", list]), ["HLEN", "unacked"]];
    asked.push(...streams.map((stream) => ["XINFO", "GROUPS", stream]));
    const { at, content } = await this.#kept.ask(signal, async (connection) => {
      if (queues.length === 0 && streams.length === 0) return [await connection.command("INFO")];
      return connection.atomic([["INFO"], ...asked, ["INFO", "stats"]]);
    });
    const look = new Look(this.name, at);
    const info = infoOf(content[0], "used_memory");
    readInfo(info, look);
    look.tell("cpu_utilization_ratio", this.#cpu.since(info, at));
    look.tell(
      "process_start_time_seconds",
      this.#start.since(Number(info.get("uptime_in_seconds")), this.#deps.wallAt(at) / 1000),
    );
    const answers = content.slice(1, -1);
    this.#lookups(info, answers.length === 0 ? info : infoOf(content.at(-1), "keyspace_hits"), look);
    for (const queue of queues) this.#queue(queue, answers.splice(0, listsOf(queue).length), look);
    const [unacked] = answers.splice(0, 1);
    if (queues.length > 0) this.#unacked(unacked, look);
    for (const [i, stream] of streams.entries()) this.#groups(stream, answers[i], look);
    return look.observations;
  }

  async close(): Promise<void> {
    this.#kept.close();
  }

  /** Without the look-ups that asking for queues makes: on an idle server they would be all. */
  #lookups(before: Info, after: Info, look: Look): void {
    const [first, last] = [lookupsOf(before), lookupsOf(after)];
    if (first === undefined || last === undefined) return;
    const runId = before.get("run_id");
    if (this.#own.runId !== runId) this.#own = { runId, hit: 0, miss: 0 };
    look.tell("cache_lookups_total", first.hit - this.#own.hit, { result: "hit" });
    look.tell("cache_lookups_total", first.miss - this.#own.miss, { result: "miss" });
    this.#own.hit += last.hit - first.hit;
    this.#own.miss += last.miss - first.miss;
  }

  #queue(queue: string, lengths: (Reply | CollectError)[], look: Look): void {
    const refused = lengths.find((length) => length instanceof CollectError);
    if (refused !== undefined) {
      this.#remarks.once(`queue ${queue}`, look.at, `queue "${queue}" has no depth: ${refused.message}`);
      return;
    }
    const depth = lengths.reduce<number>((sum, length) => sum + Number(length), 0);
    look.tell("queue_depth", depth, { queue });
  }

  /** Of all of Celery's queues together. */
  #unacked(unacked: Reply | CollectError | undefined, look: Look): void {
    if (typeof unacked !== "number") return;
    this.#unackedSeen ||= unacked > 0;
    if (this.#unackedSeen) look.tell("queue_unacked", unacked);
  }

  /** Each group is an array of names and values in turn. https://redis.io/docs/latest/commands/xinfo-groups/ */
  #groups(stream: string, groups: Reply | CollectError | undefined, look: Look): void {
    if (groups instanceof CollectError || !Array.isArray(groups)) {
      const why = groups instanceof CollectError ? groups.message : "expected a list of consumer groups";
      this.#remarks.once(`stream ${stream}`, look.at, `stream "${stream}" has no figures: ${why}`);
      return;
    }
    for (const group of groups) {
      const fields = fieldsOf(group);
      const queue = `${stream}/${String(fields.get("name") ?? "")}`;
      const number = (name: string) => {
        const value = fields.get(name);
        return typeof value === "number" ? value : undefined;
      };
      const lag = number("lag");
      look.tell("queue_depth", lag, { queue });
      look.tell("queue_unacked", number("pending"), { queue });
      look.tell("queue_consumers", number("consumers"), { queue });
      if (lag === undefined) {
        // Redis before 7 does not tell it, and a later one not after entries in the middle were deleted.
        this.#remarks.once(`lag ${queue}`, look.at, `"${queue}" has no depth: Redis does not know the group's lag`);
      }
    }
  }
}

/** A queue and, as Celery has them, its lists of other priorities. */
function listsOf(queue: string): string[] {
  return [queue, ...celeryPriorities.map((priority) => queue + priority)];
}

function fieldsOf(group: Reply): Map<string, Reply> {
  const fields = new Map<string, Reply>();
  if (!Array.isArray(group)) return fields;
  for (let i = 0; i + 1 < group.length; i += 2) fields.set(String(group[i]), group[i + 1] ?? null);
  return fields;
}

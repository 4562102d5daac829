import { CollectError } from "./collect-error.ts";
import type { Look } from "./look.ts";

/** What `INFO` says, by its field. */
export type Info = Map<string, string>;

/** @throws CollectError if the answer lacks `field`. */
export function infoOf(reply: unknown, field: string): Info {
  const lines = typeof reply === "string" ? reply.split(/\r?\n/) : [];
  const info: Info = new Map();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) info.set(line.slice(0, colon), line.slice(colon + 1));
  }
  if (!info.has(field)) throw new CollectError("parse", "expected what INFO says, got something else");
  return info;
}

/** The figures of `INFO`, under the vocabulary's names. */
export function readInfo(info: Info, look: Look): void {
  const number = (field: string) => numberOf(info.get(field));
  const above0 = (field: string) => {
    const value = number(field);
    return value !== undefined && value > 0 ? value : undefined;
  };
  look.tellVersion(info.get("redis_version"));
  look.tell("cache_memory_used_bytes", number("used_memory"));
  // 0 stands for no limit.
  look.tell("cache_memory_limit_bytes", above0("maxmemory"));
  look.tell("cache_memory_fragmentation_ratio", above0("mem_fragmentation_ratio"));
  look.tell("cache_clients", number("connected_clients"));
  look.tell("cache_clients_max", above0("maxclients"));
  look.tell("cache_blocked_clients", number("blocked_clients"));
  look.tell("cache_commands_total", number("total_commands_processed"));
  look.tell("cache_evictions_total", number("evicted_keys"));
  look.tell("cache_expirations_total", number("expired_keys"));
  look.tell("cache_rejected_connections_total", number("rejected_connections"));
  for (const [field, value] of info) {
    const db = /^db(\d+)$/.exec(field)?.[1];
    if (db !== undefined) look.tell("cache_keys", numberOf(/^keys=(\d+)/.exec(value)?.[1]), { db });
  }
  // A database without keys is not listed; the first is always there.
  if (!info.has("db0")) look.tell("cache_keys", 0, { db: "0" });
  if (info.get("role") === "master") readReplicas(info, look);
}

/** `slave0:ip=…,port=…,state=online,offset=8231,lag=1` */
function readReplicas(info: Info, look: Look): void {
  look.tell("cache_replicas", numberOf(info.get("connected_slaves")));
  const written = numberOf(info.get("master_repl_offset"));
  const taken = [...info].flatMap(([field, value]) => {
    const offset = /^slave\d+$/.test(field) ? /(?:^|,)offset=(\d+)/.exec(value)?.[1] : undefined;
    return offset === undefined ? [] : [Number(offset)];
  });
  if (written !== undefined && taken.length > 0) {
    look.tell("cache_replication_lag_bytes", Math.max(0, written - Math.min(...taken)));
  }
}

/** Look-ups since the server started. */
export interface Lookups {
  hit: number;
  miss: number;
}

export function lookupsOf(info: Info): Lookups | undefined {
  const hit = numberOf(info.get("keyspace_hits"));
  const miss = numberOf(info.get("keyspace_misses"));
  return hit === undefined || miss === undefined ? undefined : { hit, miss };
}

/**
 * How much of a core Redis used since the last look: commands run on one thread, so that at 1 it can do no more. One
 * object for each source, given every good look in turn.
 */
export class CpuShare {
  #before: { seconds: number; at: number } | undefined;

  since(info: Info, at: number): number | undefined {
    const seconds = cpuSeconds(info, "_main_thread") ?? cpuSeconds(info, "");
    const before = this.#before;
    this.#before = seconds === undefined ? undefined : { seconds, at };
    if (seconds === undefined || before === undefined || seconds < before.seconds || at <= before.at) return undefined;
    return (seconds - before.seconds) / ((at - before.at) / 1000);
  }
}

function cpuSeconds(info: Info, of: string): number | undefined {
  const system = numberOf(info.get(`used_cpu_sys${of}`));
  const user = numberOf(info.get(`used_cpu_user${of}`));
  return system === undefined || user === undefined ? undefined : system + user;
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || text === "" || !Number.isFinite(Number(text)) ? undefined : Number(text);
}

import { expect } from "vitest";
import type { NatsServer } from "./nats-server.ts";
import type { NginxServer } from "./nginx-server.ts";
import type { PostgresServer } from "./postgres-server.ts";
import type { Prometheus } from "./prometheus-server.ts";
import type { RabbitmqServer } from "./rabbitmq-server.ts";
import type { RedisServer } from "./redis-server.ts";

/** What a service's own tool says, by the vocabulary's series, and how far what Plimsoll says may be from it. */
export type Told = Record<string, number | { value: number; within: number }>;

/** A page in Prometheus's text format, added up by name over the series that a pattern of labels admits. */
async function pageOf(url: string): Promise<(name: string, labels?: RegExp) => number> {
  const text = await (await fetch(url)).text();
  return (name, labels = /.*/) => {
    let sum = 0;
    for (const line of text.split("\n")) {
      const [, found, inBraces = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (found === name && labels.test(inBraces)) sum += Number(value);
    }
    return sum;
  };
}

async function json(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(url)).json()) as Record<string, unknown>;
}

const wall = () => Date.now() / 1000;

export async function redisTold(redis: RedisServer): Promise<Told> {
  const number = async (field: string) => Number(await redis.info(field));
  return {
    // redis-cli is a client too.
    cache_clients: { value: (await number("connected_clients")) - 1, within: 0 },
    [`info{version="${await redis.info("redis_version")}"}`]: 1,
    cache_clients_max: await number("maxclients"),
    cache_blocked_clients: await number("blocked_clients"),
    cache_memory_used_bytes: { value: await number("used_memory"), within: 100_000 },
    cache_memory_limit_bytes: await number("maxmemory"),
    cache_memory_fragmentation_ratio: { value: await number("mem_fragmentation_ratio"), within: 3 },
    cache_commands_total: await number("total_commands_processed"),
    'cache_lookups_total{result="hit"}': await number("keyspace_hits"),
    'cache_lookups_total{result="miss"}': await number("keyspace_misses"),
    cache_evictions_total: await number("evicted_keys"),
    cache_expirations_total: await number("expired_keys"),
    cache_rejected_connections_total: await number("rejected_connections"),
    'cache_keys{db="0"}': Number(await redis.cli("dbsize")),
    cache_replicas: await number("connected_slaves"),
    cpu_utilization_ratio: { value: 0, within: 0.2 },
    process_start_time_seconds: { value: wall() - (await number("uptime_in_seconds")), within: 2 },
  };
}

export async function queuesTold(redis: RedisServer): Promise<Told> {
  const groups = await redis.cli("xinfo", "groups", "orders");
  const field = (name: string) => Number(new RegExp(`^${name}\n(\\d+)$`, "m").exec(groups)?.[1]);
  return {
    'queue_depth{queue="celery"}': Number(await redis.cli("llen", "celery")),
    'queue_depth{queue="orders/billing"}': field("lag"),
    'queue_unacked{queue="orders/billing"}': field("pending"),
    'queue_consumers{queue="orders/billing"}': field("consumers"),
    queue_unacked: Number(await redis.cli("hlen", "unacked")),
  };
}

export async function postgresTold(postgres: PostgresServer): Promise<Told> {
  const number = async (query: string) => Number(await postgres.sql(query));
  const sessions =
    "pg_stat_activity where backend_type = 'client backend' and application_name not in ('plimsoll', 'oracle')";
  const version = (await postgres.sql("show server_version")).split(" ")[0];
  const told: Told = {
    [`info{version="${version}"}`]: 1,
    db_connections_max: await number(
      "select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int",
    ),
    process_start_time_seconds: {
      value: await number("select extract(epoch from pg_postmaster_start_time())"),
      within: 0.001,
    },
    own_total: await number("select count(*) from stock"),
  };
  for (const db of ["shop", "postgres"]) {
    const here = `datname = '${db}'`;
    const row = async (query: string) => (await postgres.sql(query)).split("|").map(Number);
    const states = ["active", "idle", "idle in transaction"];
    const ofSessions = [
      ...states.map((state) => `count(*) filter (where state = '${state}')`),
      "coalesce(max(extract(epoch from now() - xact_start)), 0)",
    ];
    const [active, idle, open, longest] = await row(`select ${ofSessions.join(", ")} from ${sessions} and ${here}`);
    told[`db_connections{db="${db}",state="active"}`] = active ?? Number.NaN;
    told[`db_connections{db="${db}",state="idle"}`] = idle ?? Number.NaN;
    told[`db_connections{db="${db}",state="idle in transaction"}`] = open ?? Number.NaN;
    told[`db_longest_transaction_seconds{db="${db}"}`] = longest ?? Number.NaN;
    told[`db_locks_waiting{db="${db}"}`] = await number(
      `select count(*) from pg_locks join pg_stat_activity using (pid) where not granted and ${here}`,
    );
    const statistics = {
      [`db_transactions_total{db="${db}",outcome="commit"}`]: "xact_commit",
      [`db_transactions_total{db="${db}",outcome="rollback"}`]: "xact_rollback",
      [`db_blocks_total{db="${db}",result="hit"}`]: "blks_hit",
      [`db_blocks_total{db="${db}",result="read"}`]: "blks_read",
      [`db_deadlocks_total{db="${db}"}`]: "deadlocks",
      [`db_temp_bytes_total{db="${db}"}`]: "temp_bytes",
    };
    const values = await row(`select ${Object.values(statistics).join(", ")} from pg_stat_database where ${here}`);
    for (const [i, series] of Object.keys(statistics).entries()) told[series] = values[i] ?? Number.NaN;
  }
  const locks = await postgres.sql(
    "select mode, count(*) from pg_locks join pg_stat_activity using (pid) where granted and datname = 'shop' and application_name not in ('plimsoll', 'oracle') group by mode",
  );
  for (const line of locks.split("\n")) {
    const [mode, count] = line.split("|");
    told[`db_locks{db="shop",mode="${mode}"}`] = Number(count);
  }
  told['db_size_bytes{db="shop"}'] = { value: await number("select pg_database_size('shop')"), within: 200_000 };
  return told;
}

export async function rabbitmqTold(rabbitmq: RabbitmqServer): Promise<Told> {
  const [queue = {}] = await rabbitmq.ctl(
    "list_queues",
    "name",
    "messages_ready",
    "messages_unacknowledged",
    "consumers",
  );
  const status = (await rabbitmq.ctl("status")) as unknown as {
    memory: { total: { rss: number } };
    vm_memory_high_watermark_limit: number;
    alarms: unknown[];
    rabbitmq_version: string;
    uptime: number;
  };
  const { name: node = "" } = ((await rabbitmq.api("GET", "/api/nodes")) as { name: string }[])[0] ?? {};
  const component = `component="${node}"`;
  const alarms = JSON.stringify(status.alarms);
  return {
    [`info{version="${status.rabbitmq_version}"}`]: 1,
    queue_connections: (await rabbitmq.ctl("list_connections", "pid")).length,
    'queue_depth{queue="orders"}': Number(queue["messages_ready"]),
    'queue_unacked{queue="orders"}': Number(queue["messages_unacknowledged"]),
    'queue_consumers{queue="orders"}': Number(queue["consumers"]),
    // What the test did: rabbitmqctl does not count it.
    'queue_published_total{queue="orders"}': 3,
    'queue_delivered_total{queue="orders"}': 1,
    'queue_consumed_total{queue="orders"}': 0,
    'queue_redelivered_total{queue="orders"}': 0,
    [`memory_used_bytes{${component}}`]: { value: status.memory.total.rss, within: 60e6 },
    [`memory_limit_bytes{${component}}`]: status.vm_memory_high_watermark_limit,
    [`queue_alarm{alarm="memory",${component}}`]: Number(alarms.includes("memory")),
    [`queue_alarm{alarm="disk",${component}}`]: Number(alarms.includes("disk")),
    [`open_fds{${component}}`]: { value: 40, within: 40 },
    [`open_fds_max{${component}}`]: { value: 500_000, within: 500_000 },
    [`process_start_time_seconds{${component}}`]: { value: wall() - status.uptime, within: 4 },
  };
}

export async function natsTold(nats: NatsServer): Promise<Told> {
  const server = (await json(`${nats.url}/varz`)) as Record<string, number> & { start: string; version: string };
  const jetStream = (await json(`${nats.url}/jsz?consumers=true`)) as unknown as {
    memory: number;
    config: { max_memory: number };
    account_details: { stream_detail: { state: { last_seq: number }; consumer_detail: Record<string, number>[] }[] }[];
  };
  const stream = jetStream.account_details[0]?.stream_detail[0];
  const consumer = stream?.consumer_detail[0] as unknown as Record<string, number> &
    Record<"delivered" | "ack_floor", { consumer_seq: number }>;
  const queue = '{queue="ORDERS/billing"}';
  return {
    [`info{version="${server.version}"}`]: 1,
    queue_connections: server["connections"] ?? -1,
    queue_connections_max: server["max_connections"] ?? -1,
    queue_slow_consumers_total: server["slow_consumers"] ?? -1,
    queue_published_total: server["in_msgs"] ?? -1,
    queue_delivered_total: server["out_msgs"] ?? -1,
    network_receive_bytes_total: server["in_bytes"] ?? -1,
    network_transmit_bytes_total: server["out_bytes"] ?? -1,
    memory_used_bytes: { value: server["mem"] ?? -1, within: 10e6 },
    cpu_used_cores: { value: (server["cpu"] ?? -1) / 100, within: 0.5 },
    cpu_limit_cores: server["gomaxprocs"] ?? -1,
    process_start_time_seconds: { value: Date.parse(server.start) / 1000, within: 0.001 },
    'memory_used_bytes{component="jetstream"}': jetStream.memory,
    'memory_limit_bytes{component="jetstream"}': jetStream.config.max_memory,
    'queue_published_total{queue="ORDERS"}': stream?.state.last_seq ?? -1,
    [`queue_depth${queue}`]: consumer["num_pending"] ?? -1,
    [`queue_unacked${queue}`]: consumer["num_ack_pending"] ?? -1,
    [`queue_consumers${queue}`]: consumer["num_waiting"] ?? -1,
    [`queue_delivered_total${queue}`]: consumer.delivered.consumer_seq,
    [`queue_consumed_total${queue}`]: consumer.ack_floor.consumer_seq,
  };
}

/** While so many users load it. */
export async function nginxTold(nginx: NginxServer, users: number): Promise<Told> {
  const text = await (await fetch(`${nginx.url}/stub_status`)).text();
  const numbers = [...text.matchAll(/\d+/g)].map(Number);
  const [active = -1, accepted = -1, handled = -1, requests = -1] = numbers;
  return {
    // Who reads or writes changes from one moment to the next; the connections are those of the users and of who looks.
    'http_connections{state="active"}': { value: active, within: 3 },
    'http_connections{state="reading"}': { value: 0, within: users },
    'http_connections{state="writing"}': { value: 1, within: users },
    'http_connections{state="waiting"}': { value: active - 1, within: users + 3 },
    http_connections_accepted_total: accepted,
    http_connections_dropped_total: accepted - handled,
    http_requests_total: requests,
  };
}

/** Names as the exporter's page has them: what a person with curl and grep sees. */
export async function hostTold(url: string): Promise<Told> {
  const sum = await pageOf(url);
  const component = 'component="host"';
  const total = sum("node_memory_MemTotal_bytes");
  return {
    [`cpu_utilization_ratio{${component}}`]: { value: 0.5, within: 0.5 },
    [`load1{${component}}`]: { value: sum("node_load1"), within: 1.5 },
    [`memory_used_bytes{${component}}`]: { value: total - sum("node_memory_MemAvailable_bytes"), within: 0.2 * total },
    [`memory_limit_bytes{${component}}`]: total,
    [`network_receive_bytes_total{${component}}`]: sum("node_network_receive_bytes_total", /device="(?!lo")/),
    [`network_transmit_bytes_total{${component}}`]: sum("node_network_transmit_bytes_total", /device="(?!lo")/),
    [`disk_io_seconds_total{${component}}`]: sum("node_disk_io_time_seconds_total"),
    [`disk_read_bytes_total{${component}}`]: sum("node_disk_read_bytes_total"),
    [`disk_written_bytes_total{${component}}`]: sum("node_disk_written_bytes_total"),
    [`open_fds{${component}}`]: { value: sum("node_filefd_allocated"), within: 2000 },
    [`open_fds_max{${component}}`]: sum("node_filefd_maximum"),
    // Of itself an exporter of another version says more or less.
    memory_used_bytes: { value: sum("process_resident_memory_bytes"), within: 20e6 },
    process_start_time_seconds: sum("process_start_time_seconds"),
    open_fds: { value: sum("process_open_fds"), within: 10 },
    open_fds_max: sum("process_max_fds"),
    threads: { value: sum("go_threads"), within: 10 },
    cpu_utilization_ratio: { value: 0.5, within: 0.5 },
    runtime_gc_seconds_total: sum("go_gc_duration_seconds_sum"),
    ...(sum("process_network_receive_bytes_total") > 0
      ? {
          network_receive_bytes_total: sum("process_network_receive_bytes_total"),
          network_transmit_bytes_total: sum("process_network_transmit_bytes_total"),
        }
      : {}),
    ...(sum("go_sched_gomaxprocs_threads") > 0 ? { cpu_limit_cores: sum("go_sched_gomaxprocs_threads") } : {}),
  };
}

export async function promqlTold(prometheus: Prometheus): Promise<Told> {
  const value = async (query: string) => (await prometheus.value(query)) ?? Number.NaN;
  return {
    'load1{component="host"}': { value: await value("node_load1"), within: 1.5 },
    'up_total{exported_job="node"}': await value('up{job="node"}'),
  };
}

/** What was told before and after holds what Plimsoll says, but for what each may be off by itself. */
export function expectTold(source: string, said: Map<string, number>, before: Told, after: Told): void {
  const wrong: string[] = [];
  for (const [series, then] of Object.entries(before)) {
    const now = after[series] ?? then;
    const values = [then, now].map((one) => (typeof one === "number" ? one : one.value));
    const within = typeof then === "number" ? 1e-9 * Math.abs(then) : then.within;
    const value = said.get(series);
    const [least, most] = [Math.min(...values) - within, Math.max(...values) + within];
    if (value === undefined || !(value >= least && value <= most)) {
      wrong.push(`${source} ${series}: expected ${least} to ${most}, got ${value}`);
    }
  }
  expect(wrong).toEqual([]);
}

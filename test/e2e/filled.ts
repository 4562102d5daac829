import { spawn } from "node:child_process";
import { connect } from "node:net";
import { onTestFinished } from "vitest";
import { program } from "../services.ts";
import type { NatsServer } from "./nats-server.ts";
import { until } from "./network.ts";
import type { PostgresServer } from "./postgres-server.ts";
import type { RabbitmqServer } from "./rabbitmq-server.ts";
import type { RedisServer } from "./redis-server.ts";

/** Keys, hits and misses, a queue, a stream with a group, and a worker that waits. */
export async function fillRedis(redis: RedisServer): Promise<void> {
  for (const command of [
    "set a 1",
    "set b 2 px 1",
    "get a",
    "get a",
    "get nothing",
    "lpush celery x y z",
    "hset unacked t 1",
  ]) {
    await redis.cli(...command.split(" "));
  }
  await redis.cli("xgroup", "create", "orders", "billing", "0", "mkstream");
  for (let i = 0; i < 4; i++) await redis.cli("xadd", "orders", "*", "n", String(i));
  await redis.cli("xreadgroup", "group", "billing", "me", "count", "1", "streams", "orders", ">");
  // A worker that waits for work.
  const { hostname, port } = new URL(redis.url);
  const worker = connect(Number(port), hostname);
  onTestFinished(() => void worker.destroy());
  worker.write("BLPOP nothing 0\r\n");
  await until(async () => (await redis.info("blocked_clients")) === "1");
}

/** One session that holds a row in a transaction, one that waits for it, and one that does nothing. */
export async function fillPostgres(postgres: PostgresServer): Promise<void> {
  await postgres.sql("create table stock (id int primary key, n int)");
  await postgres.sql("insert into stock select i, 0 from generate_series(1, 1000) i");
  const session = (...statements: string[]) => {
    const child = spawn(program("psql") ?? "", [postgres.url, "-Xq"], { stdio: ["pipe", "ignore", "ignore"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    child.stdin.write(`${statements.join(";\n")};\n`);
  };
  const waiting = () => postgres.sql("select count(*) from pg_locks where not granted");
  session("begin", "update stock set n = 1 where id = 1");
  await until(
    async () =>
      (await postgres.sql("select count(*) from pg_stat_activity where state = 'idle in transaction'")) === "1",
  );
  session("update stock set n = 2 where id = 1");
  session("select 1");
  await until(async () => (await waiting()) === "1");
}

/** Two messages that wait, and one that was taken. */
export async function fillRabbitmq(rabbitmq: RabbitmqServer): Promise<void> {
  await rabbitmq.api("PUT", "/api/queues/%2F/orders", { durable: true });
  const message = { properties: {}, routing_key: "orders", payload: "x", payload_encoding: "string" };
  for (let i = 0; i < 3; i++) await rabbitmq.api("POST", "/api/exchanges/%2F/amq.default/publish", message);
  await rabbitmq.api("POST", "/api/queues/%2F/orders/get", {
    count: 1,
    ackmode: "ack_requeue_false",
    encoding: "auto",
  });
  const counted = async () => JSON.stringify(await rabbitmq.api("GET", "/api/queues/%2F/orders"));
  await until(async () => (await counted()).includes('"deliver_get":1'));
}

/** A stream of five messages, and a consumer that has one in hand. */
export async function fillNats(nats: NatsServer): Promise<void> {
  await nats.request("$JS.API.STREAM.CREATE.ORDERS", { name: "ORDERS", subjects: ["orders.*"], storage: "memory" });
  const config = { durable_name: "billing", ack_policy: "explicit" };
  await nats.request("$JS.API.CONSUMER.DURABLE.CREATE.ORDERS.billing", { stream_name: "ORDERS", config });
  for (let i = 0; i < 5; i++) await nats.request("orders.new", "order");
  await nats.request("$JS.API.CONSUMER.MSG.NEXT.ORDERS.billing", "1");
}

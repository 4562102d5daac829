import type { RequestListener } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import type { Template } from "../../src/scenario/plan-request.ts";
import type { JsonSource } from "../../src/scenario/plan-source.ts";
import { failureOf } from "./conformance.ts";
import { looking } from "./looking.ts";
import { deadUrl, targetServer } from "./target-server.ts";

async function serve(answer: RequestListener): Promise<string> {
  const server = await targetServer(answer);
  onTestFinished(() => server.stop());
  return server.url;
}

function source([url = "", ...replicas]: Template[]): JsonSource {
  const gauge = (metric: string, from: string, labels = {}) => ({ metric, labels, type: "gauge" as const, from });
  const metrics = [
    gauge("db_pool_connections", "$.used", { state: "in_use" }),
    gauge("load1", "$.load", { component: "db" }),
  ];
  return { kind: "json", name: "pool", everyMs: 1000, timeoutMs: 500, url, replicas, headers: [], metrics };
}

const pool =
  (used: number): RequestListener =>
  (_, response) =>
    response.end(JSON.stringify({ used, load: 2 }));

it("asks every replica in one look, each a component", async () => {
  const [a, b] = [await serve(pool(1)), await serve(pool(2))];
  const { look, collector } = looking(source([a, b]));
  expect(collector.kind).toBe("json");
  expect(await look()).toEqual({
    [`db_pool_connections{component="${new URL(a).host}",state="in_use"}`]: 1,
    [`db_pool_connections{component="${new URL(b).host}",state="in_use"}`]: 2,
    // What a mapping says of it holds.
    'load1{component="db"}': 2,
    instances: 2,
  });
});

it("tells replicas on one host apart by their paths, and secret ones by number", async () => {
  const url = await serve(pool(1));
  const { host } = new URL(url);
  const { look } = looking(source([url, `${url}/two`]));
  expect(Object.keys(await look())).toContain(`db_pool_connections{component="${host}/status/two",state="in_use"}`);
  const secret = looking(source([url, [{ kind: "secret", name: "API_TOKEN" }]]));
  await secret.look();
  expect(secret.told()).toEqual([expect.stringContaining("replica 2 is down (missing)")]);
});

it("leaves out a replica that is gone or hangs, says so once, and says when it is back", async () => {
  let answers = false;
  const well = await serve(pool(1));
  const hanging = await serve((request, response) => answers && pool(2)(request, response));
  const { look, told } = looking(source([well, hanging, await deadUrl()]));
  for (let i = 0; i < 2; i++) {
    const values = await look();
    expect(values["instances"]).toBe(1);
    expect(Object.keys(values).filter((series) => series.startsWith("db_pool"))).toHaveLength(1);
  }
  answers = true;
  expect((await look())["instances"]).toBe(2);
  const { host } = new URL(hanging);
  expect(told().filter((message) => message.includes(host))).toEqual([
    expect.stringContaining("is down (timeout)"),
    expect.stringContaining("is back"),
  ]);
  expect(told().filter((message) => message.includes("(refused)"))).toHaveLength(1);
});

it("fails when all do", async () => {
  const { collector } = looking(source([await deadUrl(), await deadUrl()]));
  expect(await failureOf(collector)).toMatchObject({ reason: "refused" });
});

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Source } from "../../src/scenario/plan-source.ts";
import type { CollectReason } from "../../src/target/collect-error.ts";
import { createCollector } from "../../src/target/collector.ts";
import type { Trust } from "../../src/target/trust.ts";
import { makeCertificates } from "../faults/certificates.ts";
import { type Program, program } from "../services.ts";
import { failureOf, testDeps } from "../target/conformance.ts";
import { freePort, until } from "./network.ts";
import { temporaryFolder } from "./plimsoll.ts";
import { PostgresServer } from "./postgres-server.ts";
import { RedisServer } from "./redis-server.ts";

const common = { name: "secured", everyMs: 1000, timeoutMs: 5000 };
const certificates = makeCertificates("canary");
const trusted: Trust = { insecure: false, ca: certificates.authority };

function collectorOf(source: Source, trust?: Trust) {
  const collector = createCollector(source, { ...testDeps().deps, trust });
  onTestFinished(() => collector.close());
  const over = () => AbortSignal.timeout(5000);
  return {
    metrics: async () => (await collector.collect(over())).map(({ metric }) => metric),
    async failure() {
      await collector.ready?.();
      return (await failureOf(collector, AbortSignal.timeout(1000))).reason;
    },
    close: () => collector.close(),
  };
}

const needed: Program[] = ["redis-server", "redis-cli", "postgres", "psql"];
const present = needed.every((one) => program(one) !== undefined);

describe.runIf(present)("sources over TLS", () => {
  it("asks a real PostgreSQL as psql does, in each sslmode, and survives its end", { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const server = await PostgresServer.start(folder, ["ssl=on", "ssl_cert_file=own.pem", "ssl_key_file=own.key"], {
      "own.pem": certificates.good.cert,
      "own.key": certificates.good.key,
    });
    const source = (query: string): Source => ({ ...common, kind: "postgres", url: server.url + query, metrics: [] });
    const overTls = () =>
      server.sql(
        "select count(*) from pg_stat_ssl join pg_stat_activity using (pid) where ssl and application_name = 'plimsoll'",
      );
    const cases: [query: string, trust: Trust | undefined, outcome: "tls" | "plain" | CollectReason][] = [
      ["", undefined, "tls"],
      ["?sslmode=disable", undefined, "plain"],
      ["?sslmode=prefer", undefined, "tls"],
      ["?sslmode=require", undefined, "tls"],
      ["?sslmode=verify-ca", undefined, "refused"],
      ["?sslmode=verify-full", undefined, "refused"],
      ["?sslmode=verify-full", trusted, "tls"],
      ["?sslmode=sometimes", undefined, "missing"],
    ];
    for (const [query, trust, outcome] of cases) {
      const collector = collectorOf(source(query), trust);
      if (outcome !== "tls" && outcome !== "plain") {
        expect(await collector.failure(), query).toBe(outcome);
        continue;
      }
      expect(await collector.metrics(), query).toContain("db_connections");
      expect(await overTls(), query).toBe(outcome === "tls" ? "1" : "0");
      await collector.close();
      await until(async () => (await overTls()) === "0");
    }

    const collector = collectorOf(source("?sslmode=require"));
    await collector.metrics();
    server.service.hang();
    expect(await collector.failure()).toBe("timeout");
    expect(await collector.failure()).toBe("timeout");
    server.service.goOn();
    expect(await collector.metrics()).toContain("db_connections");
    await server.service.kill();
    expect(await collector.failure()).toBe("refused");
    await server.service.start();
    expect(await collector.metrics()).toContain("db_connections");
  });

  it("says that a PostgreSQL without TLS has none where it is asked for, and does without where it is not", async () => {
    const server = await PostgresServer.start(temporaryFolder());
    const source = (query: string): Source => ({ ...common, kind: "postgres", url: server.url + query, metrics: [] });
    expect(await collectorOf(source("?sslmode=require")).failure()).toBe("refused");
    expect(await collectorOf(source("")).metrics()).toContain("db_connections");
  });

  it("asks a real Redis over rediss://, whose certificate must be good, and survives its end", async () => {
    const folder = temporaryFolder();
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const port = await freePort();
    const server = await RedisServer.start(folder, [
      ...["--tls-port", String(port), "--tls-auth-clients", "no"],
      ...["--tls-cert-file", file("own.pem", certificates.good.cert)],
      ...["--tls-key-file", file("own.key", certificates.good.key)],
      ...["--tls-ca-cert-file", file("ca.pem", certificates.authority)],
    ]);
    const url = `rediss://127.0.0.1:${port}`;
    const source: Source = { ...common, kind: "redis", url, queues: ["celery"], streams: [] };
    expect(await collectorOf(source).failure()).toBe("refused");
    expect(await collectorOf(source, { insecure: true }).metrics()).toContain("cache_clients");
    const collector = collectorOf(source, trusted);
    expect(await collector.metrics()).toContain("cache_clients");
    server.service.hang();
    expect(await collector.failure()).toBe("timeout");
    expect(await collector.failure()).toBe("timeout");
    server.service.goOn();
    expect(await collector.metrics()).toContain("queue_depth");
    await server.service.kill();
    expect(await collector.failure()).toBe("refused");
    await server.service.start();
    expect(await collector.metrics()).toContain("cache_clients");
  });
});

describe("a page over HTTPS", () => {
  it.each<[what: string, trust: Trust | undefined, answers: boolean]>([
    ["of an authority that nobody named", undefined, false],
    ["of the authority that the scenario names", trusted, true],
    ["that need not be good", { insecure: true }, true],
  ])("is looked at by its certificate, %s", async (_, trust, answers) => {
    const { key, cert } = certificates.good;
    const server = createServer({ key, cert }, (_request, response) => response.end("process_open_fds 3\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
    const collector = collectorOf({ ...common, kind: "prometheus", url, headers: [], metrics: [] }, trust);
    if (answers) expect(await collector.metrics()).toContain("open_fds");
    else expect(await collector.failure()).toBe("refused");
  });
});

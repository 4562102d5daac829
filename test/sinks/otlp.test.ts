import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TraceContext, Tracer } from "../../src/client/trace.ts";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";
import type { Span } from "../../src/metrics/span.ts";
import type { Plan } from "../../src/scenario/plan.ts";
import { OtlpTraces } from "../../src/sinks/otlp.ts";
import { type Manner, OtlpReceiver } from "./otlp-receiver.ts";

const plan: Plan = {
  runId: "20261121T101500Z-boss-light-3f2a",
  version: "0.1.0",
  scenario: "boss",
  profile: "light",
  target: "target.test:8000",
  startedAt: Date.UTC(2026, 10, 21, 10, 15),
  seed: 7,
  loads: [],
  warmUpMs: 0,
  http: { version2: false, timings: "whole" },
  thresholds: [],
  sources: [],
  bounds: [],
  traces: { sample: 1, failed: true },
  labels: {},
};

let made = 0;

function span(overrides: Partial<Span> = {}): Span {
  made++;
  return {
    traceId: made.toString(16).padStart(32, "a"),
    spanId: made.toString(16).padStart(16, "b"),
    reason: "sampled",
    request: "/api/tasks/:id",
    method: "GET",
    url: "http://target.test:8000/api/tasks/7?limit=20",
    user: "BossWorkflowUser",
    task: "Read a task",
    startedAt: 1500.25,
    endedAt: 1512.75,
    status: 200,
    protocolVersion: "1.1",
    ...overrides,
  };
}

const spans = (n: number) => Array.from({ length: n }, () => span());

describe("OtlpTraces", () => {
  const clock = new SystemClock(monotonicMs());
  let receiver: OtlpReceiver;
  let problems: string[];

  beforeEach(async () => {
    receiver = new OtlpReceiver();
    problems = [];
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", await receiver.listen());
    vi.stubEnv("OTEL_EXPORTER_OTLP_TIMEOUT", "400");
    vi.stubEnv("OTEL_BSP_SCHEDULE_DELAY", "20");
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await receiver.close();
  });

  const start = async (of: Plan = plan) => (await OtlpTraces.load())(of, clock, (message) => problems.push(message));

  /** Exports spans and gives what the receiver got of them. */
  async function exported(...some: Span[]) {
    const traces = await start();
    traces.offer(some);
    await traces.shutdown(5000);
    expect(problems).toEqual([]);
    return receiver.spans;
  }

  describe("a span", () => {
    it("has the attributes of the HTTP conventions and our own", async () => {
      const one = span();
      const [got] = await exported(one);
      expect(got).toMatchObject({
        traceId: one.traceId,
        spanId: one.spanId,
        name: "GET /api/tasks/:id",
        kind: 3,
        status: { code: 0 },
        attributes: {
          "http.request.method": "GET",
          "http.response.status_code": 200,
          "network.protocol.version": "1.1",
          "server.address": "target.test",
          "server.port": 8000,
          "url.full": "http://target.test:8000/api/tasks/7?limit=20",
          "url.template": "/api/tasks/:id",
          "user_agent.synthetic.type": "test",
          "plimsoll.run.id": plan.runId,
          "plimsoll.scenario": "boss",
          "plimsoll.user": "BossWorkflowUser",
          "plimsoll.task": "Read a task",
          "plimsoll.request": "/api/tasks/:id",
        },
      });
      expect(Object.keys(got?.attributes ?? {})).toHaveLength(13);
    });

    it("starts and ends with its exchange, to the microsecond", async () => {
      const [got] = await exported(span({ startedAt: 1500.25, endedAt: 1512.75 }));
      expect(got?.startTimeUnixNano).toBe(`${BigInt(plan.startedAt) * 1_000_000n + 1_500_250_000n}`);
      expect(got?.endTimeUnixNano).toBe(`${BigInt(plan.startedAt) * 1_000_000n + 1_512_750_000n}`);
    });

    const names: [request: string, method: string, name: string, template: string | undefined][] = [
      ["/api/tasks/:id", "PUT", "PUT /api/tasks/:id", "/api/tasks/:id"],
      ["POST /api/tasks", "POST", "POST /api/tasks", "/api/tasks"],
      ["List tasks", "GET", "GET", undefined],
      ["GET things", "GET", "GET", undefined],
    ];
    it.each(names)("named after the request %s (%s) is %s", async (request, method, name, template) => {
      const [got] = await exported(span({ request, method }));
      expect(got?.name).toBe(name);
      expect(got?.attributes["url.template"]).toBe(template);
      expect(got?.attributes["plimsoll.request"]).toBe(request);
    });

    const outcomes: [of: Partial<Span>, code: number, error: string | undefined, reason: string | undefined][] = [
      [{ status: 204 }, 0, undefined, undefined],
      [{ status: 404 }, 2, "404", undefined],
      [{ status: 503, errorType: "503", reason: "failed" }, 2, "503", "failed"],
      [{ status: undefined, errorType: "connect_refused", reason: "failed" }, 2, "connect_refused", "failed"],
      [{ status: 200, errorType: "assertion", reason: "failed" }, 2, "assertion", "failed"],
      [{ status: 200, reason: "slow" }, 0, undefined, "slow"],
      [{ status: undefined, errorType: "aborted" }, 0, undefined, undefined],
    ];
    it.each(outcomes)("of %o has status code %d", async (of, code, error, reason) => {
      const [got] = await exported(span(of));
      expect(got?.status).toEqual({ code });
      expect(got?.attributes["error.type"]).toBe(error);
      expect(got?.attributes["http.response.status_code"]).toBe(of.status);
      expect(got?.attributes["plimsoll.sampling.reason"]).toBe(reason);
    });

    const urls: [url: string, full: string | undefined, address: string | undefined, port: number | undefined][] = [
      ["https://target.test/a", "https://target.test/a", "target.test", 443],
      ["http://target.test/", "http://target.test/", "target.test", 80],
      ["http://[::1]:81/", "http://[::1]:81/", "::1", 81],
      ["http://me:canary@target.test/a", "http://REDACTED:REDACTED@target.test/a", "target.test", 80],
      ["http://t.test/a?x=1&sig=canary", "http://t.test/a?x=1&sig=REDACTED", "t.test", 80],
      [
        "http://t.test/?X-Goog-Signature=canary&Signature=canary&AWSAccessKeyId=canary",
        "http://t.test/?X-Goog-Signature=REDACTED&Signature=REDACTED&AWSAccessKeyId=REDACTED",
        "t.test",
        80,
      ],
      ["me:canary@nowhere", undefined, undefined, undefined],
    ];
    it.each(urls)("to %s tells no secret", async (url, full, address, port) => {
      const [got] = await exported(span({ url }));
      expect(got?.attributes["url.full"]).toBe(full);
      expect(got?.attributes["server.address"]).toBe(address);
      expect(got?.attributes["server.port"]).toBe(port);
      expect(receiver.bodies.join()).not.toContain("canary");
    });
  });

  describe("the resource", () => {
    it("names the run and nothing of this machine", async () => {
      process.argv.push("--canary-on-the-command-line");
      const [got] = await exported(span());
      process.argv.pop();
      expect(got?.resource).toMatchObject({
        "service.name": "plimsoll",
        "service.version": "0.1.0",
        "plimsoll.run.id": plan.runId,
        "service.instance.id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(Object.keys(got?.resource ?? {}).filter((key) => /^(process|host|os)\./.test(key))).toEqual([]);
      expect(receiver.bodies.join()).not.toContain("canary");
    });

    it("is named by OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES", async () => {
      vi.stubEnv("OTEL_SERVICE_NAME", "checkout-load");
      vi.stubEnv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging");
      const [got] = await exported(span());
      expect(got?.resource).toMatchObject({
        "service.name": "checkout-load",
        "deployment.environment.name": "staging",
        "plimsoll.run.id": plan.runId,
      });
    });
  });

  describe("the environment", () => {
    it("gives the headers of the export", async () => {
      vi.stubEnv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue");
      await exported(span());
      expect(receiver.headers[0]?.["x-tenant"]).toBe("blue");
    });

    it("gives the size of a batch", async () => {
      vi.stubEnv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10");
      expect(await exported(...spans(35))).toHaveLength(35);
      expect(receiver.batches).toBe(4);
    });

    it("can switch the SDK off: then each span is dropped, and said so", async () => {
      vi.stubEnv("OTEL_SDK_DISABLED", "true");
      const traces = await start();
      traces.offer(spans(3));
      await traces.shutdown(5000);
      expect(receiver.batches).toBe(0);
      expect(traces.counts()).toEqual({ created: 3, exported: 0, dropped: 3, unsampled: 0 });
      expect(problems[0]).toContain("OTEL_SDK_DISABLED");
    });

    it("has no say in the sampling: that was decided before", async () => {
      vi.stubEnv("OTEL_TRACES_SAMPLER", "always_off");
      expect(await exported(span({ reason: "slow" }))).toHaveLength(1);
    });
  });

  it("sends the trace id that the service saw in traceparent", async () => {
    const seen: string[] = [];
    const target = createServer((request, response) => {
      seen.push(request.headers.traceparent as string);
      response.end();
    });
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/`;
    const traces = await start();
    const accepted: Span[] = [];
    traces.onExported((one) => accepted.push(one));
    const tracer = new Tracer({ sample: 0.5, failed: true }, plan, 0);
    const context = new TraceContext();
    for (let i = 0; i < 40; i++) {
      tracer.begin(context);
      const startedAt = clock.now();
      const { status } = await fetch(url, { headers: { traceparent: context.traceparent } });
      const sample = {
        series: 0,
        intendedAt: startedAt,
        startedAt,
        endedAt: clock.now(),
        status,
        bytesIn: 0,
        bytesOut: 0,
      };
      const about = { request: "/", method: "GET", user: "U", task: "T", protocolVersion: "1.1", url };
      tracer.end(context, sample, () => about);
    }
    const drained = tracer.drain();
    traces.offer(drained.spans);
    traces.count(drained.dropped, drained.unsampled);
    await traces.shutdown(5000);
    await new Promise((resolve) => target.close(resolve));

    const sampled = seen.filter((header) => header.endsWith("-01"));
    expect(sampled.length).toBeGreaterThan(5);
    expect(receiver.spans.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`)).toEqual(sampled);
    expect(accepted.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`)).toEqual(sampled);
    const counts = { created: sampled.length, exported: sampled.length, dropped: 0, unsampled: 40 - sampled.length };
    expect(traces.counts()).toEqual(counts);
  });

  describe("created = exported + dropped", () => {
    /** Three workers' worth of spans in turns, so that some are under way while others come. */
    async function run(traces: OtlpTraces): Promise<void> {
      for (let i = 0; i < 6; i++) {
        traces.offer(spans(100));
        traces.count(2, 50);
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    }

    async function check(traces: OtlpTraces): Promise<void> {
      await traces.shutdown(1500);
      const { created, exported, dropped, unsampled } = traces.counts();
      expect(created).toBe(612);
      expect(exported).toBe(receiver.spans.length);
      expect(dropped).toBe(created - exported);
      expect(unsampled).toBe(300);
    }

    it.each<Manner>([
      "accept",
      "late",
      "partly",
      400,
      503,
      "silent",
    ])("when the receiver's manner is %s", async (manner) => {
      receiver.manner = manner;
      const stderr = vi.spyOn(process.stderr, "write");
      const traces = await start();
      const accepted: Span[] = [];
      traces.onExported((one) => accepted.push(one));
      await run(traces);
      await check(traces);
      // An exemplar may only point to what the receiver has: of a batch accepted in part nobody knows which.
      expect(accepted).toHaveLength(manner === "partly" ? 0 : receiver.spans.length);
      const arrives = manner === "accept" || manner === "late";
      expect(receiver.spans.length > 0).toBe(arrives || manner === "partly");
      expect(problems).toHaveLength(arrives ? 0 : 2);
      if (!arrives) expect(problems[0]).toContain("OTEL_EXPORTER_OTLP_ENDPOINT");
      expect(stderr).not.toHaveBeenCalled();
      stderr.mockRestore();
    });

    it("when nobody listens", async () => {
      await receiver.close();
      receiver = new OtlpReceiver();
      const traces = await start();
      await run(traces);
      await check(traces);
      expect(problems[0]).toContain("ECONNREFUSED");
      expect(problems[1]).toMatch(/^Of 612 spans 0 were exported; /);
    });

    it("when the end comes before an answer: it waits for the time it was given, and no longer", async () => {
      receiver.manner = "held";
      vi.stubEnv("OTEL_EXPORTER_OTLP_TIMEOUT", "60000");
      const timers: { time: number; fn: () => void }[] = [];
      const at = (time: number, fn: () => void) => {
        timers.push({ time, fn });
        return { cancel() {} };
      };
      const traces = (await OtlpTraces.load())(plan, { now: () => 90_000, at }, (message) => problems.push(message));
      traces.offer(spans(600));
      await expect.poll(() => receiver.batches).toBeGreaterThan(0);
      const ended = traces.shutdown(5000);
      expect(timers.map(({ time }) => time)).toEqual([95_000]);
      expect(traces.counts()).toEqual({ created: 600, exported: 0, dropped: 0, unsampled: 0 });
      timers[0]?.fn();
      await ended;
      expect(traces.counts()).toEqual({ created: 600, exported: 0, dropped: 600, unsampled: 0 });
      expect(problems).toEqual(["Of 600 spans 0 were exported; 600 for want of room or time."]);

      // What is answered or comes afterwards does not upset the sum.
      receiver.manner = "accept";
      receiver.release();
      await expect.poll(() => receiver.spans).toHaveLength(600);
      await fetch(`${process.env.OTEL_EXPORTER_OTLP_ENDPOINT}/another-answer`);
      traces.offer(spans(1));
      expect(traces.counts()).toEqual({ created: 601, exported: 0, dropped: 601, unsampled: 0 });
    });

    it("when a receiver is silent for long: what there is no room for is dropped at once, and later ones arrive", async () => {
      receiver.manner = "silent";
      const traces = await start();
      traces.offer(spans(10_000));
      expect(traces.counts().dropped).toBe(10_000 - 2048);
      await expect.poll(() => receiver.batches).toBeGreaterThan(0);
      receiver.manner = "accept";
      await expect.poll(() => traces.counts().exported + traces.counts().dropped).toBe(10_000);
      const before = traces.counts().exported;
      const later = spans(100);
      traces.offer(later);
      await traces.shutdown(5000);
      expect(traces.counts().exported).toBe(before + 100);
      expect(receiver.spans.slice(-100).map(({ spanId }) => spanId)).toEqual(later.map(({ spanId }) => spanId));
    });

    it("when the receiver dies and comes back", async () => {
      const traces = await start();
      traces.offer(spans(50));
      await expect.poll(() => traces.counts().exported).toBe(50);
      receiver.manner = 400;
      traces.offer(spans(50));
      await expect.poll(() => traces.counts().dropped).toBe(50);
      receiver.manner = "accept";
      traces.offer(spans(50));
      await traces.shutdown(5000);
      expect(traces.counts()).toEqual({ created: 150, exported: 100, dropped: 50, unsampled: 0 });
      expect(receiver.spans).toHaveLength(100);
    });

    it("when more come than the SDK's queue holds; those that it let go are counted while it runs", async () => {
      vi.stubEnv("OTEL_BSP_MAX_QUEUE_SIZE", "64");
      vi.stubEnv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "16");
      const traces = await start();
      traces.offer(spans(1000));
      await expect.poll(() => traces.counts().exported).toBeGreaterThanOrEqual(64);
      traces.offer(spans(10));
      await expect.poll(() => traces.counts().exported - receiver.spans.length).toBe(0);
      await expect.poll(() => traces.counts().exported + traces.counts().dropped).toBe(1010);
      const counts = traces.counts();
      expect(counts.dropped).toBeGreaterThan(900);
      await traces.shutdown(5000);
      expect(traces.counts()).toEqual(counts);
      expect(problems).toEqual([expect.stringContaining("for want of room")]);
    });
  });

  it("can be had again in the same process, with another run's name", async () => {
    await exported(span());
    const again = await start({ ...plan, runId: "the-next-run" });
    again.offer([span()]);
    await again.shutdown(5000);
    expect(receiver.spans.map(({ resource }) => resource["plimsoll.run.id"])).toEqual([plan.runId, "the-next-run"]);
  });
});

describe("without traces", () => {
  const src = resolve(import.meta.dirname, "../../src");

  /** The modules of OpenTelemetry that a program loads. */
  function loaded(program: string): string[] {
    const hooks = `
      import { registerHooks } from "node:module";
      registerHooks({ load(url, context, next) {
        if (url.includes("/@opentelemetry/")) console.log(url);
        return next(url, context);
      } });`;
    const hooksUrl = `data:text/javascript,${encodeURIComponent(hooks)}`;
    const args = ["--import", hooksUrl, "--input-type=module", "--eval", program];
    return execFileSync(process.execPath, args, { encoding: "utf8" }).split("\n").filter(Boolean);
  }

  it("no module of OpenTelemetry is loaded", () => {
    const imports = `import { OtlpTraces } from "${join(src, "sinks/otlp.ts")}"; import "${join(src, "client/trace.ts")}";`;
    expect(loaded(imports)).toEqual([]);
    const starts = `${imports}
      (await OtlpTraces.load())(${JSON.stringify(plan)}, { now: () => 0, at: () => ({ cancel() {} }) }, () => {});`;
    expect(loaded(starts).length).toBeGreaterThan(10);
  });

  it("no other file leads to one", () => {
    const files = globSync("**/*.ts", { cwd: src });
    const users = files.filter((file) =>
      /^(import|export) (?!type\b)[^;]*from "(@opentelemetry\/|\.[^"]*\/otlp-(pipeline|span)\.ts)/m.test(
        readFileSync(join(src, file), "utf8"),
      ),
    );
    expect(users.sort()).toEqual(["sinks/otlp-pipeline.ts", "sinks/otlp-span.ts"]);
  });
});

import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { type Metric, Registry } from "prom-client";
import { describe, expect, it, vi } from "vitest";
import { LABEL_LIMIT } from "../../src/metrics/aggregator.ts";
import { ClassicBounds, Histogram } from "../../src/metrics/histogram.ts";
import { parseSeriesName, seriesName } from "../../src/metrics/observation.ts";
import { defaultBounds, plimsollMetrics, runStates } from "../../src/metrics/vocabulary.ts";
import { PrometheusSink } from "../../src/sinks/prometheus.ts";
import { Catalogue } from "../../src/sinks/prometheus-catalogue.ts";
import { HistogramFamily } from "../../src/sinks/prometheus-family.ts";
import { boundText, LabelBounds } from "../../src/sinks/prometheus-labels.ts";
import { ExpositionRegistry, formatFor } from "../../src/sinks/prometheus-registry.ts";
import { RequestFamilies } from "../../src/sinks/prometheus-requests.ts";
import type { ThresholdState } from "../../src/verdict/verdict.ts";
import { program } from "../services.ts";
import { type ParsedFamily, parseExposition, samplesOf } from "./prometheus-exposition.ts";
import { observation, plan, series, startedAt, step, tick } from "./prometheus-run.ts";

const OPENMETRICS = "application/openmetrics-text;version=1.0.0";

function started(...of: Parameters<typeof plan>): PrometheusSink {
  const sink = new PrometheusSink();
  sink.start(plan(...of));
  return sink;
}

async function read(sink: PrometheusSink, accept?: string): Promise<ParsedFamily[]> {
  const { body } = await sink.render(accept);
  return parseExposition(body, accept === undefined ? "text" : "openmetrics");
}

/** The one value of a series; undefined if it is not there. */
async function value(sink: PrometheusSink, name: string, labels: Record<string, string> = {}) {
  const found = samplesOf(await read(sink), name, labels);
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0]?.value;
}

/** A run in which everything that can be told is told. */
function eventful(): PrometheusSink {
  const sink = started([step("GET /items"), step("POST /items", [201], "POST")]);
  const broken: ThresholdState = {
    expression: 'p95(latency{task="Look"}) < 500ms',
    level: "critical",
    limit: { operator: "<", value: 0.5, text: "500ms" },
    value: 0.7,
    state: "broken",
  };
  sink.setExemplar({
    request: "GET /items",
    outcome: "success",
    seconds: 0.02,
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
    at: 500,
  });
  sink.write(
    tick({
      snapshot: {
        at: 1000,
        series: [
          series({}, [0.02, 0.3, 4]),
          series({ request: "POST /items", method: "POST" }, [], {
            failure: series({}, [0.1, 99]).success,
            statuses: { "503": { success: 0, failure: 1 }, "": { success: 0, failure: 1 } },
            errors: { "503": 1, deadline: 1 },
          }),
        ],
        counters: { 'plimsoll_iterations_total{outcome="success"}': 3 },
        gauges: { plimsoll_users: 5, 'plimsoll_eventloop_utilization_ratio{worker="1"}': 0.25 },
        histograms: { plimsoll_schedule_delay_seconds: series({}, [0.001]).success.response },
      },
      observations: [
        observation("up", 1, { labels: { kind: "json" } }),
        observation("db_pool_connections", 7, { labels: { pool: "main", state: "in_use" } }),
        observation("orders.open", 12),
        observation("orders", 4, { type: "counter" }),
        observation("http_requests", 3),
        observation("http_requests_total", 90, { type: "counter" }),
      ],
      thresholds: [broken],
    }),
  );
  return sink;
}

describe("the formats", () => {
  it.each([
    [undefined, "text"],
    ["*/*", "text"],
    ["text/html,application/xhtml+xml,*/*;q=0.8", "text"],
    ["text/plain;version=0.0.4", "text"],
    ["application/openmetrics-text", "openmetrics"],
    ['Application/OpenMetrics-Text; version="1.0.0"; charset=utf-8', "openmetrics"],
    ["application/openmetrics-text;version=2.0.0", "text"],
    ["application/openmetrics-text;q=0", "text"],
    ["application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.5", "text"],
    // Prometheus 2.42 and 3.x.
    [
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      "openmetrics",
    ],
    [
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
      "openmetrics",
    ],
    ["text/plain;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text"],
  ])("Accept %s is answered in %s", (accept, format) => {
    expect(formatFor(accept)).toBe(format);
  });

  it("says which it is", async () => {
    expect((await eventful().render(undefined)).contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect((await eventful().render(OPENMETRICS)).contentType).toBe(
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
  });

  it("hold to their standards and tell the same samples", async () => {
    const sink = eventful();
    const told = (families: ParsedFamily[]) =>
      families.flatMap(({ samples }) => samples.map(({ exemplar: _, ...sample }) => sample));
    const text = told(await read(sink));
    expect(told(await read(sink, OPENMETRICS))).toEqual(text);
    expect(text.length).toBeGreaterThan(300);
  });

  it("are what they were after many turns", async () => {
    const sink = eventful();
    const names = async (accept?: string) =>
      (await read(sink, accept))
        .flatMap(({ samples }) => samples.map(({ name }) => name))
        .filter((name) => !name.startsWith("nodejs_"));
    const first = await names();
    expect(first).toContain("plimsoll_requests_total");
    for (let turn = 0; turn < 20; turn++) {
      sink.write(eventfulTick());
      expect(await names(turn % 2 === 0 ? OPENMETRICS : undefined)).toEqual(first);
    }
  });

  it("hold before a run and before its first tick", async () => {
    const sink = new PrometheusSink();
    expect(samplesOf(await read(sink), "process_cpu_seconds_total")).toHaveLength(1);
    sink.start(plan());
    expect(samplesOf(await read(sink), "plimsoll_run_info")).toHaveLength(1);
    expect(samplesOf(await read(sink, OPENMETRICS), "plimsoll_run_info")).toHaveLength(1);
  });

  it("say which commit the run is of, where it is known", async () => {
    expect(await value(started(), "plimsoll_run_info", { git_sha: "" })).toBe(1);
    expect(
      await value(started(undefined, { labels: { git_sha: "abc" } }), "plimsoll_run_info", { git_sha: "abc" }),
    ).toBe(1);
  });

  it.runIf(program("promtool"))("pass promtool check metrics", async () => {
    const sink = started([step("GET /items")]);
    sink.write(tick({ snapshot: { series: [series({}, [0.02])] }, observations: [observation("queue_depth", 3)] }));
    const { body } = await sink.render(undefined);
    const { status, stdout, stderr } = spawnSync(program("promtool") ?? "", ["check", "metrics"], {
      input: body,
      encoding: "utf8",
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("keep the name of somebody's own counter, and of one whose short name is taken", async () => {
    const families = await read(eventful(), OPENMETRICS);
    const family = (name: string) => families.find((one) => one.name === name)?.type;
    expect(family("target_orders")).toBe("unknown");
    expect(family("target_http_requests")).toBe("gauge");
    expect(family("target_http_requests_total")).toBe("unknown");
    expect(family("plimsoll_requests")).toBe("counter");
  });
});

function eventfulTick() {
  return tick({
    snapshot: {
      series: [
        series({}, [0.02]),
        series({ request: "POST /items", method: "POST" }, [], { errors: { "503": 1, deadline: 1 } }),
      ],
      counters: { 'plimsoll_iterations_total{outcome="success"}': 3 },
      gauges: { plimsoll_users: 5, 'plimsoll_eventloop_utilization_ratio{worker="1"}': 0.25 },
      histograms: { plimsoll_schedule_delay_seconds: series({}, [0.001]).success.response },
    },
    thresholds: [
      {
        expression: 'p95(latency{task="Look"}) < 500ms',
        level: "critical",
        limit: { operator: "<", value: 0.5, text: "500ms" },
        value: 0.4,
        state: "ok",
      },
    ],
  });
}

describe("a render", () => {
  it("is made once a tick and format, whoever asks", async () => {
    const sink = eventful();
    const lines = vi.spyOn(HistogramFamily.prototype, "lines");
    try {
      const texts = await Promise.all([1, 2, 3].map(() => sink.render(undefined)));
      texts.push(await sink.render("text/plain"));
      const once = lines.mock.calls.length;
      expect(once).toBe(Object.values(plimsollMetrics).filter(({ type }) => type === "histogram").length);
      expect(new Set(texts.map(({ body }) => body)).size).toBe(1);
      await Promise.all([sink.render(OPENMETRICS), sink.render(OPENMETRICS)]);
      expect(lines.mock.calls.length).toBe(2 * once);
      sink.write(tick());
      await sink.render(undefined);
      expect(lines.mock.calls.length).toBe(3 * once);
    } finally {
      lines.mockRestore();
    }
  });

  it("shows one reading of the process in both formats", async () => {
    const sink = eventful();
    const cpu = (families: ParsedFamily[]) => samplesOf(families, "process_cpu_seconds_total")[0]?.value;
    const before = cpu(await read(sink));
    const used = process.cpuUsage();
    while (process.cpuUsage(used).user < 20_000) JSON.stringify(used);
    expect(cpu(await read(sink, OPENMETRICS))).toBe(before);
    sink.write(tick());
    expect(cpu(await read(sink))).toBeGreaterThan(before ?? Number.POSITIVE_INFINITY);
  });

  it("of 1,000 histograms says what prom-client's own would, in a third of its time at most", async () => {
    const registry = new ExpositionRegistry();
    const bounds = new ClassicBounds(defaultBounds).seconds;
    const catalogue = new Catalogue({ runId: "run-1", scenario: "shop" }, bounds, registry);
    const families = new RequestFamilies(catalogue, new LabelBounds());
    // 200 requests in two histograms and two outcomes are 800; phases would be the rest.
    const all = Array.from({ length: 200 }, (_, i) => series({ request: `GET /items/${i}` }, [0.001 * i, 0.2]));
    families.add(all);
    for (let i = 0; i < 200; i++) {
      catalogue
        .histogramCell("plimsoll_eventloop_delay_seconds", { worker: `${i}` })
        .add((all[i] as (typeof all)[0]).success.response);
    }
    const best = async (render: () => Promise<string>) => {
      let [ms, body] = [Number.POSITIVE_INFINITY, ""];
      for (let i = 0; i < 5; i++) {
        const before = performance.now();
        body = await render();
        ms = Math.min(ms, performance.now() - before);
      }
      return { ms, body, lines: body.split("\n").filter((line) => line.startsWith("plimsoll_")) };
    };
    const ours = await best(() => {
      registry.refresh();
      return registry.render("text");
    });
    const reference = new Registry();
    for (const { name, help, type, samples } of parseExposition(ours.body, "text")) {
      const values = samples.map((sample) => ({ ...sample, metricName: sample.name }));
      reference.registerMetric({ name, get: async () => ({ name, help, type, values }) } as unknown as Metric);
    }
    const theirs = await best(() => reference.metrics());
    expect(ours.lines).toEqual(theirs.lines);
    expect(ours.lines.filter((line) => line.includes('le="+Inf"'))).toHaveLength(1000);
    expect(ours.ms * 3, `${ours.ms} ms against ${theirs.ms} ms`).toBeLessThan(theirs.ms);
  });
});

describe("requests", () => {
  it("are shown as 0 before the first, so that rate() sees it", async () => {
    const sink = started([step("GET /items", [200, 404])]);
    const families = await read(sink);
    const of = (labels: Record<string, string>) =>
      samplesOf(families, "plimsoll_requests_total", {
        user: "Buyer",
        request: "GET /items",
        method: "GET",
        ...labels,
      });
    for (const status_code of ["200", "404"]) {
      expect(of({ status_code, outcome: "success" }).map(({ value }) => value)).toEqual([0]);
      expect(of({ status_code, outcome: "failure" }).map(({ value }) => value)).toEqual([0]);
    }
    expect(of({ status_code: "", outcome: "failure" }).map(({ value }) => value)).toEqual([0]);
    expect(of({ status_code: "503", outcome: "failure" }).map(({ value }) => value)).toEqual([0]);
    expect(of({ status_code: "503", outcome: "success" })).toEqual([]);
    const errors = samplesOf(families, "plimsoll_request_errors_total", { request: "GET /items" });
    expect(errors.map(({ labels }) => labels["error_type"])).toEqual(
      expect.arrayContaining(["connect_refused", "deadline", "503"]),
    );
    expect(errors.every(({ value }) => value === 0)).toBe(true);
    for (const outcome of ["success", "failure"]) {
      for (const name of ["plimsoll_response_time_seconds_count", "plimsoll_service_time_seconds_count"]) {
        expect(samplesOf(families, name, { outcome }).map(({ value }) => value)).toEqual([0]);
      }
      expect(samplesOf(families, "plimsoll_iterations_total", { outcome }).map(({ value }) => value)).toEqual([0]);
    }
  });

  it("keep their series from the zero on: what is counted is the difference", async () => {
    const sink = eventful();
    const labels = { request: "POST /items", status_code: "503", outcome: "failure" };
    expect(await value(sink, "plimsoll_requests_total", labels)).toBe(1);
    expect(await value(sink, "plimsoll_request_errors_total", { request: "POST /items", error_type: "503" })).toBe(1);
    expect(await value(sink, "plimsoll_request_errors_total", { request: "GET /items", error_type: "503" })).toBe(0);
  });

  it("of one name are added where what differs is no label", async () => {
    const sink = started();
    const parts = [
      series({ task: "Look" }, [0.02], { bytesIn: 10, bytesOut: 1 }),
      series({ task: "Buy" }, [0.02, 0.6], { bytesIn: 20, bytesOut: 2 }),
      series({ task: "Buy", user: "Admin" }, [7]),
    ];
    sink.write(tick({ snapshot: { series: parts } }));
    const families = await read(sink);
    const of = (name: string, labels = {}) => samplesOf(families, name, labels).map((sample) => sample.value);
    const labels = { request: "GET /items", outcome: "success" };
    expect(of("plimsoll_response_time_seconds_count", labels)).toEqual([4]);
    expect(of("plimsoll_response_time_seconds_sum", labels)).toEqual([0.02 + 0.02 + 0.6 + 7]);
    expect(of("plimsoll_response_time_seconds_bucket", { ...labels, le: "0.025" })).toEqual([2]);
    expect(of("plimsoll_response_time_seconds_bucket", { ...labels, le: "1.0" })).toEqual([3]);
    expect(of("plimsoll_response_time_seconds_bucket", { ...labels, le: "10.0" })).toEqual([4]);
    expect(of("plimsoll_requests_total", { user: "Buyer", status_code: "200", outcome: "success" })).toEqual([3]);
    expect(of("plimsoll_requests_total", { user: "Admin", status_code: "200", outcome: "success" })).toEqual([1]);
    expect(of("plimsoll_received_bytes_total")).toEqual([30]);
    expect(of("plimsoll_sent_bytes_total")).toEqual([3]);
  });

  it("are cumulative: a tick takes the place of the one before", async () => {
    const sink = started();
    for (const seconds of [[0.1], [0.1, 0.2]]) sink.write(tick({ snapshot: { series: [series({}, seconds)] } }));
    expect(await value(sink, "plimsoll_response_time_seconds_count", { outcome: "success" })).toBe(2);
    sink.write(tick({ snapshot: { series: [series({}, [0.1, 0.2, 0.3])] } }));
    expect(await value(sink, "plimsoll_response_time_seconds_count", { outcome: "success" })).toBe(3);
  });

  it("carry run_id, and scenario where the vocabulary has it; the target's never do", async () => {
    for (const { name, samples } of await read(eventful())) {
      const labels = name in plimsollMetrics ? plimsollMetrics[name as keyof typeof plimsollMetrics].labels : [];
      for (const sample of samples) {
        expect(sample.labels["run_id"], name).toBe(name.startsWith("plimsoll_") ? "run-1" : undefined);
        if (labels.includes("scenario")) expect(sample.labels["scenario"], name).toBe("shop");
        expect(Object.keys(sample.labels), name).not.toContain("job");
      }
    }
  });

  it("have the scenario's own metrics beside them, under names that are nobody else's", async () => {
    const sink = started([step("GET /items")], {
      metrics: [
        { name: "tokens", kind: "counter" },
        { name: "requests_total", kind: "counter" },
        { name: "depth", kind: "gauge" },
        { name: "hits", kind: "rate" },
        { name: "first_token_seconds", kind: "trend" },
      ],
    });
    const histogram = new Histogram(new ClassicBounds(defaultBounds));
    histogram.record(0.2);
    sink.write(
      tick({
        snapshot: {
          counters: {
            plimsoll_custom_tokens_total: 12,
            plimsoll_custom_requests_total: 3,
            'plimsoll_custom_hits_total{result="true"}': 5,
          },
          gauges: { 'plimsoll_custom_depth{worker="1"}': 7 },
          histograms: { plimsoll_custom_first_token_seconds: histogram.data() },
        },
      }),
    );
    expect(await value(sink, "plimsoll_custom_tokens_total")).toBe(12);
    expect(await value(sink, "plimsoll_custom_requests_total")).toBe(3);
    expect(await value(sink, "plimsoll_custom_hits_total", { result: "true" })).toBe(5);
    expect(await value(sink, "plimsoll_custom_depth", { worker: "1", run_id: "run-1" })).toBe(7);
    expect(await value(sink, "plimsoll_custom_first_token_seconds_count", { scenario: "shop" })).toBe(1);
    expect(() => sink.write(tick({ snapshot: { counters: { plimsoll_custom_others_total: 1 } } }))).toThrow("others");
    await read(sink, OPENMETRICS);
  });

  it("keep the plan's own bounds among the buckets", async () => {
    const sink = started([step("GET /items")], { bounds: [1, 0.00005, 0.8, 10, 1] });
    const bounds = samplesOf(await read(sink), "plimsoll_response_time_seconds_bucket", { outcome: "success" });
    expect(bounds.map(({ labels }) => labels["le"])).toEqual(["5e-05", "0.8", "1.0", "10.0", "+Inf"]);
  });

  it.each([
    [1, "1.0"],
    [10, "10.0"],
    [0.25, "0.25"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [0.0000125, "1.25e-05"],
    [1e-12, "1e-12"],
    [Number.POSITIVE_INFINITY, "+Inf"],
  ])("write the bound %s as Prometheus does", (bound, text) => {
    expect(boundText(bound)).toBe(text);
  });
});

describe("labels", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom('"} 1\nevil_total 9', "\\", '\\"', "\n", "a\\n", "{}", '",le="1', "\r\n", "__proto__", ""),
  );

  it("of any text are told as they are", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, async (request, user, scenario) => {
        const sink = new PrometheusSink();
        sink.start(plan([step(request)], { scenario }));
        sink.write(tick({ snapshot: { series: [series({ request, user }, [0.1])] } }));
        for (const accept of [undefined, OPENMETRICS]) {
          const found = samplesOf(await read(sink, accept), "plimsoll_requests_total", { request, user, scenario });
          expect(found.map((sample) => sample.value)).toContain(1);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("of the target, whatever their names, make lines that can be read", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(hostile, fc.dictionary(hostile, hostile, { maxKeys: 4 }), fc.double()), { maxLength: 8 }),
        async (all) => {
          const sink = started();
          sink.write(tick({ observations: all.map(([metric, labels, one]) => observation(metric, one, { labels })) }));
          await read(sink);
          await read(sink, OPENMETRICS);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("that have a meaning of their own are renamed", async () => {
    const sink = started();
    const labels = { job: "a", le: "b", target: "c", source: "d", "pod-name": "e", "0": "f", __name__: "g" };
    sink.write(tick({ observations: [observation("cache hits/s", 1, { labels })] }));
    const [sample] = samplesOf(await read(sink), "target_cache_hits_s");
    expect(sample?.labels).toEqual({
      target: "localhost:8000",
      source: "app",
      exported_job: "a",
      exported_le: "b",
      exported_target: "c",
      exported_source: "d",
      pod_name: "e",
      _0: "f",
      exported___name__: "g",
    });
  });

  it("are read back from a series' name as they were", () => {
    const name = fc.stringMatching(/^[a-z_]{1,8}$/);
    fc.assert(
      fc.property(name, fc.dictionary(name, hostile, { maxKeys: 4, noNullPrototype: true }), (metric, labels) => {
        expect(parseSeriesName(seriesName(metric, labels))).toEqual({ metric, labels });
      }),
    );
  });

  it("past the limit become __other__, which is counted and loses nothing", async () => {
    const sink = started();
    const many = LABEL_LIMIT + 30;
    const observations = Array.from({ length: many }, (_, i) => [
      observation("queue_depth", many - i, { labels: { queue: `q${i}` } }),
      observation("queue_published_total", 1, { labels: { queue: `q${i}` }, type: "counter" }),
    ]).flat();
    sink.write(tick({ observations }));
    const families = await read(sink);
    expect(samplesOf(families, "target_queue_depth")).toHaveLength(LABEL_LIMIT + 1);
    expect(samplesOf(families, "target_queue_depth", { queue: "__other__" })[0]?.value).toBe(30);
    expect(samplesOf(families, "target_queue_published_total", { queue: "__other__" })[0]?.value).toBe(30);
    expect(samplesOf(families, "plimsoll_label_overflow_total", { label: "queue" })[0]?.value).toBe(60);
  });

  it("that a service invents as status codes are bounded too", async () => {
    const sink = started();
    const statuses = Object.fromEntries(
      Array.from({ length: 800 }, (_, i) => [String(200 + i), { success: 1, failure: 0 }]),
    );
    sink.write(tick({ snapshot: { series: [series({}, [], { statuses })] } }));
    const successes = samplesOf(await read(sink), "plimsoll_requests_total", { outcome: "success" });
    expect(successes.length).toBeLessThanOrEqual(LABEL_LIMIT + 1);
    expect(successes.reduce((sum, sample) => sum + sample.value, 0)).toBe(800);
  });
});

describe("the target", () => {
  const up = (one: number, source = "app") => observation("up", one, { source, labels: { kind: "json" } });

  it("is shown while its source is up, and a gap is a gap", async () => {
    const sink = started();
    const health = [
      observation("db_pool_overflow", 3),
      observation("queue_published_total", 9, { type: "counter" }),
      observation("load1", 2, { source: "box" }),
    ];
    sink.write(tick({ observations: [up(1), ...health] }));
    expect(await value(sink, "target_db_pool_overflow", { source: "app" })).toBe(3);
    sink.write(tick());
    expect(await value(sink, "target_db_pool_overflow")).toBe(3);

    const failed = observation("scrape_errors_total", 1, {
      labels: { kind: "json", reason: "refused" },
      type: "counter",
    });
    sink.write(tick({ observations: [up(0), failed] }));
    expect(await value(sink, "target_up", { source: "app" })).toBe(0);
    expect(await value(sink, "target_scrape_errors_total", { reason: "refused" })).toBe(1);
    expect(await value(sink, "target_db_pool_overflow")).toBeUndefined();
    expect(await value(sink, "target_queue_published_total")).toBeUndefined();
    expect(await value(sink, "target_load1", { source: "box" })).toBe(2);

    sink.write(tick({ observations: [up(1), observation("db_pool_overflow", 1)] }));
    expect(await value(sink, "target_db_pool_overflow")).toBe(1);
    expect(await value(sink, "target_up")).toBe(1);
  });

  it("has no more of what its source names no more", async () => {
    const sink = started();
    const depth = (queue: string, one: number) => observation("queue_depth", one, { labels: { queue } });
    sink.write(tick({ observations: [depth("a", 1), depth("b", 2)] }));
    sink.write(tick({ observations: [depth("b", 5)] }));
    expect(await value(sink, "target_queue_depth")).toBe(5);
    sink.write(tick({ observations: [up(1)] }));
    expect(await value(sink, "target_queue_depth")).toBeUndefined();
  });

  it("shows the last of two looks in one tick, and a counter that starts over", async () => {
    const sink = started();
    const counted = (one: number, at: number) => observation("restarts_total", one, { type: "counter", at });
    sink.write(tick({ observations: [counted(90, 100), counted(91, 1100)] }));
    expect(await value(sink, "target_restarts_total")).toBe(91);
    sink.write(tick({ observations: [counted(2, 2100)] }));
    expect(await value(sink, "target_restarts_total")).toBe(2);
  });

  it("has the vocabulary's type and help for its names, and keeps names of its own", async () => {
    const families = await read(eventful());
    const family = (name: string) => families.find((one) => one.name === name);
    expect(family("target_db_pool_connections")).toMatchObject({
      type: "gauge",
      help: "Connections of the service's pool, by state (in_use, idle).",
      samples: [{ labels: { target: "localhost:8000", source: "app", pool: "main", state: "in_use" }, value: 7 }],
    });
    expect(family("target_orders_open")).toMatchObject({ type: "gauge", samples: [{ value: 12 }] });
    expect(family("target_orders")).toMatchObject({ type: "counter", samples: [{ value: 4 }] });
  });
});

describe("the run", () => {
  it("is in one state at a time", async () => {
    const sink = started();
    const states = async () => {
      const all = samplesOf(await read(sink), "plimsoll_run_state");
      expect(all.map(({ labels }) => labels["state"])).toEqual([...runStates]);
      return all.filter((sample) => sample.value === 1).map(({ labels }) => labels["state"]);
    };
    expect(await states()).toEqual(["running"]);
    expect(await value(sink, "plimsoll_run_end_timestamp_seconds")).toBeUndefined();
    sink.write(tick({ snapshot: { at: 4500 }, events: [{ at: 4000, kind: "stop", message: "the plan's end" }] }));
    expect(await states()).toEqual(["stopping"]);
    await sink.stop({ state: "failed", breaches: ["p95"], warnings: [] });
    expect(await states()).toEqual(["failed"]);
    expect(await value(sink, "plimsoll_run_start_timestamp_seconds")).toBe(startedAt / 1000);
    expect(await value(sink, "plimsoll_run_end_timestamp_seconds")).toBe(startedAt / 1000 + 4.5);
  });

  it("shows its thresholds, and no answer where there is none", async () => {
    const limit = { operator: "<", value: 0.5, text: "500ms" } as const;
    const threshold = "p95(latency) < 500ms";
    const sink = started([step("GET /items")], {
      thresholds: [
        {
          expression: threshold,
          aggregation: { kind: "quantile", q: 0.95 },
          subject: "client",
          metric: "latency",
          filters: {},
          critical: limit,
        },
      ],
    });
    const labels = { threshold, level: "critical" };
    const shown = async () => [
      await value(sink, "plimsoll_threshold_ok", labels),
      await value(sink, "plimsoll_threshold_value", labels),
      await value(sink, "plimsoll_threshold_limit", labels),
    ];
    const state = (changes: Partial<ThresholdState>) =>
      sink.write(tick({ thresholds: [{ expression: threshold, level: "critical", limit, state: "ok", ...changes }] }));
    expect(await shown()).toEqual([undefined, undefined, 0.5]);
    state({ state: "ok", value: 0.3 });
    expect(await shown()).toEqual([1, 0.3, 0.5]);
    state({ state: "broken", value: 0.9 });
    expect(await shown()).toEqual([0, 0.9, 0.5]);
    state({ state: "few_samples", value: 0.4 });
    expect(await shown()).toEqual([undefined, 0.4, 0.5]);
    state({ state: "no_data" });
    expect(await shown()).toEqual([undefined, undefined, 0.5]);
  });

  it("drops what a lost worker told of itself", async () => {
    const sink = started();
    sink.write(tick({ snapshot: { gauges: { 'plimsoll_worker_up{worker="1"}': 1, plimsoll_users: 4 } } }));
    expect(await value(sink, "plimsoll_worker_up", { worker: "1" })).toBe(1);
    sink.write(tick({ snapshot: { gauges: { plimsoll_users: 2 } } }));
    expect(await value(sink, "plimsoll_worker_up")).toBeUndefined();
    expect(await value(sink, "plimsoll_users", { scenario: "shop" })).toBe(2);
  });

  it("takes no name that the vocabulary lacks, and keeps what was told before", async () => {
    const sink = started();
    sink.write(tick({ snapshot: { gauges: { plimsoll_users: 4 } } }));
    expect(() => sink.write(tick({ snapshot: { counters: { plimsoll_typo_total: 1 } } }))).toThrow(
      "plimsoll_typo_total",
    );
    expect(() => sink.write(tick({ snapshot: { gauges: { 'plimsoll_users{colour="red"}': 1 } } }))).toThrow("colour");
    expect(await value(sink, "plimsoll_users")).toBe(4);
  });
});

describe("exemplars", () => {
  const trace = (digit: string) => ({ traceId: digit.repeat(32), spanId: digit.repeat(16) });
  const of = async (sink: PrometheusSink, name: string, accept?: string) =>
    samplesOf(await read(sink, accept), `${name}_bucket`, { request: "GET /items", outcome: "success" }).flatMap(
      ({ labels, exemplar }) => (exemplar === undefined ? [] : [{ le: labels["le"], ...exemplar }]),
    );

  it("are the newest of each bucket that has counted, in OpenMetrics alone", async () => {
    const sink = started();
    const set = (digit: string, seconds: number, at: number) =>
      sink.setExemplar({ request: "GET /items", outcome: "success", seconds, at, ...trace(digit) });
    set("a", 0.021, 100);
    set("b", 0.024, 300);
    set("c", 0.022, 200);
    set("d", 70, 400);
    set("e", 3, 500);
    sink.write(tick({ snapshot: { series: [series({}, [0.024, 70])] } }));
    const expected = [
      {
        le: "0.025",
        value: 0.024,
        timestamp: startedAt / 1000 + 0.3,
        labels: { trace_id: "b".repeat(32), span_id: "b".repeat(16) },
      },
      {
        le: "+Inf",
        value: 70,
        timestamp: startedAt / 1000 + 0.4,
        labels: { trace_id: "d".repeat(32), span_id: "d".repeat(16) },
      },
    ];
    expect(await of(sink, "plimsoll_response_time_seconds", OPENMETRICS)).toEqual(expected);
    expect(await of(sink, "plimsoll_service_time_seconds", OPENMETRICS)).toEqual(expected);
    expect(await of(sink, "plimsoll_response_time_seconds")).toEqual([]);
  });

  it("on a bound belong to its bucket", async () => {
    const sink = started();
    sink.setExemplar({ request: "GET /items", outcome: "success", seconds: 0.25, at: 1, ...trace("a") });
    sink.write(tick({ snapshot: { series: [series({}, [0.25])] } }));
    expect((await of(sink, "plimsoll_service_time_seconds", OPENMETRICS)).map(({ le }) => le)).toEqual(["0.25"]);
  });
});

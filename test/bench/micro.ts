import { TraceContext, Tracer } from "../../src/client/trace.ts";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import type { Sample } from "../../src/metrics/sample.ts";
import { defaultBounds } from "../../src/metrics/vocabulary.ts";
import { PrometheusSink } from "../../src/sinks/prometheus.ts";
import { plan, series, step, tick } from "../sinks/prometheus-run.ts";
import { type Spread, spread } from "./rounds.ts";
import { figure, type Section, shown, table } from "./section.ts";

const CALLS = 1_000_000;
const BATCHES = 9;

/** What single steps of a request and of a scrape cost, in this process. */
export async function measureSteps(): Promise<Section> {
  const add = nanosOf(recording());
  const trace = nanosOf(tracing());
  const render = await renderMs();
  return {
    title: "Single steps",
    text: table(
      ["step", "time"],
      [
        ["a sample recorded: both histograms with buckets, counters", `${shown(add)} ns`],
        ["a trace decided against, with its `traceparent`", `${shown(trace)} ns`],
        ["`/metrics` with 1,000 histograms rendered", `${shown(render)} ms`],
      ],
    ),
    figures: [
      figure("a sample recorded", add, { most: 200 }, " ns"),
      figure("a sampled-out trace decision", trace, { most: 300 }, " ns"),
      figure("`/metrics` with 1,000 histograms", render, { most: 50 }, " ms"),
    ],
  };
}

/** The first batch is for the compiler. */
function nanosOf(step: (i: number) => void): Spread {
  const batches = Array.from({ length: BATCHES + 1 }, () => {
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) step(i);
    return ((performance.now() - start) * 1e6) / CALLS;
  });
  return spread(batches.slice(1));
}

/** Of samples as they come: some names, times from 0.1 ms to 1 s. */
function recording(): (i: number) => void {
  const aggregator = new Aggregator("0", new ClassicBounds(defaultBounds));
  const names = Array.from({ length: 8 }, (_, i) => {
    return aggregator.series({ user: "Visitor", task: "Look", request: `GET /${i}`, method: "GET" });
  });
  const samples = Array.from({ length: 1024 }, (_, i): Sample => {
    const lasted = 10 ** ((i * 4) / 1024 - 1);
    const [series = 0] = [names[i % names.length]];
    return {
      series,
      intendedAt: i,
      startedAt: i + 0.1,
      endedAt: i + 0.1 + lasted,
      status: 200,
      bytesIn: 100,
      bytesOut: 0,
    };
  });
  return (i) => aggregator.add(samples[i & 1023] as Sample);
}

function tracing(): (i: number) => void {
  const tracer = new Tracer({ sample: 0, failed: true }, { runId: "bench", seed: 1 }, 0);
  const context = new TraceContext();
  const sample: Sample = { series: 0, intendedAt: 0, startedAt: 0, endedAt: 1, status: 200, bytesIn: 100, bytesOut: 0 };
  const url = "http://127.0.0.1/";
  const about = { request: "GET /", method: "GET", user: "Visitor", task: "Look", protocolVersion: "1.1", url };
  return () => {
    tracer.begin(context);
    tracer.end(context, sample, () => about);
  };
}

/** 200 requests, the most there are, in two histograms and two outcomes, and 200 workers. */
async function renderMs(): Promise<Spread> {
  const names = Array.from({ length: 200 }, (_, i) => `GET /items/${i}`);
  const times = [0.0012, 0.02, 0.3, 4];
  const all = names.map((request) => {
    const one = series({ request }, times);
    return { ...one, failure: one.success };
  });
  const histograms = Object.fromEntries(
    names.map((_, i) => [`plimsoll_eventloop_delay_seconds{worker="${i}"}`, series({}, times).success.response]),
  );
  const sink = new PrometheusSink();
  sink.start(plan(names.map((name) => step(name))));
  const took: number[] = [];
  for (let i = 0; i < BATCHES + 3; i++) {
    sink.write(tick({ snapshot: { series: all, histograms } }));
    const start = performance.now();
    const { body } = await sink.render(undefined);
    took.push(performance.now() - start);
    const rendered = body.match(/_bucket\{.*le="\+Inf"/g)?.length ?? 0;
    if (rendered < 1000) throw new Error(`expected 1,000 histograms, got ${rendered}`);
  }
  return spread(took.slice(3));
}

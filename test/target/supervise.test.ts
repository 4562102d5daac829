import { describe, expect, it } from "vitest";
import type { Observation } from "../../src/metrics/observation.ts";
import { seriesName } from "../../src/metrics/observation.ts";
import { CollectError } from "../../src/target/collect-error.ts";
import type { Collector, SourceEvent } from "../../src/target/collector.ts";
import { supervise } from "../../src/target/supervise.ts";
import { VirtualClock } from "../virtual-clock.ts";

const START = 1_700_000_000_000;

/** A collector that does at each look what the script says, the last entry again and again. */
class Scripted implements Collector {
  readonly name: string;
  readonly kind = "json";
  readonly looks: number[] = [];
  closed = false;
  ready?: () => Promise<void>;
  most = 0;
  #running = 0;
  readonly #clock: VirtualClock;
  readonly #script: ((signal: AbortSignal) => Promise<Observation[]>)[];

  constructor(name: string, clock: VirtualClock, ...script: ((signal: AbortSignal) => Promise<Observation[]>)[]) {
    this.name = name;
    this.#clock = clock;
    this.#script = script;
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const act = this.#script[Math.min(this.looks.length, this.#script.length - 1)];
    this.looks.push(this.#clock.now());
    this.#running++;
    this.most = Math.max(this.most, this.#running);
    try {
      return (await act?.(signal)) ?? [];
    } finally {
      this.#running--;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function gives(metric: string, value: number, type: Observation["type"] = "gauge") {
  return async () => [{ source: "app", metric, labels: {}, type, value, at: 0 }];
}

const refuses = async () => Promise.reject(new CollectError("refused", "nothing listens there"));
/** Heeds its signal. */
const hangs = (signal: AbortSignal) =>
  new Promise<Observation[]>((_, reject) => {
    signal.addEventListener("abort", () => reject(new CollectError("timeout", "no whole answer in time")));
  });
const hangsForever = () => new Promise<Observation[]>(() => {});
const breaks = async () => Promise.reject(new TypeError("s3cr3t of undefined"));
const throwsAtOnce = () => {
  throw new RangeError("s3cr3t");
};

function watch(clock: VirtualClock, collectors: Scripted[], { everyMs = 1000, timeoutMs = 800 } = {}) {
  const looks: { at: number; values: Record<string, number> }[] = [];
  const events: SourceEvent[] = [];
  const supervision = supervise({
    sources: collectors.map((collector) => ({ collector, everyMs, timeoutMs })),
    clock,
    onObservations: (observations) => {
      const values = observations.map(({ metric, labels, value }) => [seriesName(metric, labels), value]);
      looks.push({ at: clock.now(), values: Object.fromEntries(values) });
    },
    onEvent: (event) => events.push(event),
    wallAt: (ms) => START + ms,
  });
  return { looks, events, supervision };
}

describe("supervise", () => {
  it("does not count what a source loads before its first look", async () => {
    const clock = new VirtualClock();
    const app = new Scripted("app", clock, gives("queue_depth", 3));
    app.ready = () => new Promise<void>((resolve) => clock.at(3000, resolve));
    const { looks, events } = watch(clock, [app]);
    await clock.advance(5000);
    expect(app.looks).toEqual([3000, 4000, 5000]);
    expect(looks[0]?.values).toMatchObject({ 'up{kind="json"}': 1, queue_depth: 3 });
    expect(events).toEqual([]);
  });

  it("looks at once, and then on a grid that does not drift", async () => {
    const clock = new VirtualClock();
    const slow = async () => {
      await new Promise<void>((resolve) => clock.at(clock.now() + 130, resolve));
      return gives("queue_depth", 3)();
    };
    const app = new Scripted("app", clock, slow);
    const { looks } = watch(clock, [app]);
    await clock.advance(10_000);
    expect(app.looks).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000]);
    expect(looks[0]).toEqual({
      at: 130,
      values: {
        queue_depth: 3,
        'up{kind="json"}': 1,
        'scrape_duration_seconds{kind="json"}': 0.13,
        'scrapes_total{kind="json"}': 1,
        'scrape_errors_total{kind="json",reason="timeout"}': 0,
        'scrape_errors_total{kind="json",reason="refused"}': 0,
        'scrape_errors_total{kind="json",reason="auth"}': 0,
        'scrape_errors_total{kind="json",reason="parse"}': 0,
        'scrape_errors_total{kind="json",reason="missing"}': 0,
        'scrape_last_success_timestamp_seconds{kind="json"}': START / 1000 + 0.13,
      },
    });
  });

  it("sets sources apart, the same way every time", async () => {
    const times = async () => {
      const clock = new VirtualClock();
      const sources = ["a", "b", "c", "d"].map((name) => new Scripted(name, clock, gives("queue_depth", 1)));
      watch(clock, sources);
      await clock.advance(5000);
      return sources.map(({ looks }) => looks);
    };
    const looks = await times();
    expect(looks.map(([first]) => first)).toEqual([0, 0, 0, 0]);
    const seconds = looks.map((one) => one[1] ?? Number.NaN);
    expect(new Set(seconds).size).toBe(4);
    for (const second of seconds) expect(second).toBeGreaterThanOrEqual(1000);
    for (const second of seconds) expect(second).toBeLessThan(1100);
    for (const one of looks) expect((one[3] ?? 0) - (one[2] ?? 0)).toBeCloseTo(1000, 6);
    expect(await times()).toEqual(looks);
  });

  it("makes a gap of a failed look, and says once that the source is down and once that it is back", async () => {
    const clock = new VirtualClock();
    const up = gives("queue_depth", 3);
    const app = new Scripted("app", clock, up, refuses, refuses, refuses, up);
    const { looks, events } = watch(clock, [app]);
    await clock.advance(4500);
    expect(looks.map(({ values }) => [values['up{kind="json"}'], values["queue_depth"]])).toEqual([
      [1, 3],
      [0, undefined],
      [0, undefined],
      [0, undefined],
      [1, 3],
    ]);
    const last = looks.at(-1)?.values ?? {};
    expect(last['scrapes_total{kind="json"}']).toBe(5);
    expect(last['scrape_errors_total{kind="json",reason="refused"}']).toBe(3);
    expect(looks[2]?.values['scrape_last_success_timestamp_seconds{kind="json"}']).toBe(START / 1000);
    expect(events).toEqual([
      { at: 1000, kind: "source", message: 'source "app" is down (refused): nothing listens there' },
      { at: 4000, kind: "source", message: 'source "app" is back after 3.0 s' },
    ]);
  });

  it("never claims a last success of a source that never answered", async () => {
    const clock = new VirtualClock();
    const { looks, events } = watch(clock, [new Scripted("app", clock, refuses)]);
    await clock.advance(100);
    expect(looks[0]?.values).not.toHaveProperty('scrape_last_success_timestamp_seconds{kind="json"}');
    expect(events).toHaveLength(1);
  });

  it.each([
    ["heeds its signal", hangs],
    ["heeds nothing", hangsForever],
  ])("ends a look that takes too long, whether the collector %s or not", async (_, hang) => {
    const clock = new VirtualClock();
    const app = new Scripted("app", clock, hang);
    const { looks, events } = watch(clock, [app]);
    await clock.advance(3900);
    expect(looks.map(({ at }) => at)).toEqual([800, 1800, 2800, 3800]);
    expect(looks.at(-1)?.values['scrape_errors_total{kind="json",reason="timeout"}']).toBe(4);
    expect(app.most).toBe(1);
    expect(events.map(({ message }) => message)).toEqual([
      'source "app" is down (timeout): no whole answer within 0.8 s',
    ]);
  });

  it("goes on with the grid when a look outlasts its interval", async () => {
    const clock = new VirtualClock();
    const app = new Scripted("app", clock, hangs);
    watch(clock, [app], { everyMs: 1000, timeoutMs: 1500 });
    await clock.advance(7000);
    expect(app.looks).toEqual([0, 2000, 4000, 6000]);
    expect(app.most).toBe(1);
  });

  it("lets no collector disturb another, whatever it throws", async () => {
    const clock = new VirtualClock();
    const good = new Scripted("good", clock, gives("queue_depth", 3));
    const others = [breaks, throwsAtOnce, hangsForever, refuses].map((bad, i) => new Scripted(`bad${i}`, clock, bad));
    const { events } = watch(clock, [...others, good]);
    await clock.advance(60_000);
    expect(good.looks.length).toBeGreaterThanOrEqual(60);
    expect(events.map(({ message }) => message).sort()).toEqual([
      'source "bad0" is down (parse): its collector failed unexpectedly (TypeError)',
      'source "bad1" is down (parse): its collector failed unexpectedly (RangeError)',
      'source "bad2" is down (timeout): no whole answer within 0.8 s',
      'source "bad3" is down (refused): nothing listens there',
    ]);
  });

  it("says that a counter went back, and passes it on as it is", async () => {
    const clock = new VirtualClock();
    const counts = [120, 150, 3, 8].map((value) => gives("http_requests_total", value, "counter"));
    const { looks, events } = watch(clock, [new Scripted("app", clock, ...counts)]);
    await clock.advance(3500);
    expect(looks.map(({ values }) => values["http_requests_total"])).toEqual([120, 150, 3, 8]);
    expect(events).toEqual([
      {
        at: 2000,
        kind: "source",
        message: 'source "app" restarted: http_requests_total went back from 150 to 3',
      },
    ]);
  });

  it("notices a restart across a gap", async () => {
    const clock = new VirtualClock();
    const counter = (value: number) => gives("http_requests_total", value, "counter");
    const { events } = watch(clock, [new Scripted("app", clock, counter(120), refuses, counter(5))]);
    await clock.advance(2500);
    expect(events.map(({ message }) => message)).toEqual([
      'source "app" is down (refused): nothing listens there',
      'source "app" is back after 1.0 s',
      'source "app" restarted: http_requests_total went back from 120 to 5',
    ]);
  });

  it("stops without waiting for anybody, and tells nothing afterwards", async () => {
    const clock = new VirtualClock();
    const collectors = [hangs, hangsForever, gives("queue_depth", 3)].map((act, i) => {
      return new Scripted(`s${i}`, clock, act);
    });
    const { looks, events, supervision } = watch(clock, collectors);
    await clock.advance(100);
    const told = looks.length;
    await supervision.stop();
    expect(collectors.every(({ closed }) => closed)).toBe(true);
    expect(clock.pending).toBe(0);
    await clock.advance(10_000);
    expect(looks.length).toBe(told);
    expect(events).toEqual([]);
    expect(collectors.map((one) => one.looks.length)).toEqual([1, 1, 1]);
  });
});

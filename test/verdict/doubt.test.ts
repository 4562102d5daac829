import { describe, expect, it } from "vitest";
import { Aggregator } from "../../src/metrics/aggregator.ts";
import { ClassicBounds } from "../../src/metrics/histogram.ts";
import { doubtsOf } from "../../src/verdict/doubt.ts";
import { Judge } from "../../src/verdict/judge.ts";
import { RunSeries } from "../../src/verdict/run-series.ts";
import { bounds, looks, thresholds } from "./evidence.ts";
import { seriesOf } from "./findings/series.ts";
import { stages } from "./timeline.ts";

const users = { loads: stages([10, 0, 60]), seconds: 60, users: () => 10 };

describe("offered against achieved", () => {
  /** Ten users that wait a second, and how long each second's answers took. */
  const waiting = (ms: (second: number) => number, texts: string[] = []) =>
    doubtsOf(
      seriesOf({
        ...users,
        thresholds: texts,
        requests: (second) => [{ count: Math.round(10 / (1 + ms(second) / 1000)), ms: ms(second) }],
      }),
    );

  it("notes that slow answers held the users back", () => {
    expect(waiting((second) => (second > 15 ? 4000 : 50))[0]).toMatch(
      /^slow answers held the users back: they made \d+ % of what .* \(limit 50 %\).*use arrivals/,
    );
    expect(waiting((second) => (second > 40 ? 900 : 50))).toEqual([]);
  });

  it("leaves it to a threshold that judges the rate", () => {
    expect(waiting((second) => (second > 15 ? 4000 : 50), ["rate(requests) > 5/s"])).toEqual([]);
  });

  it("does not mind where users hardly wait: they are meant to be held back", () => {
    const busy = (ms: number) => [{ count: Math.round(10_000 / ms), ms }];
    expect(doubtsOf(seriesOf({ ...users, requests: (second) => busy(second > 15 ? 1000 : 100) }))).toEqual([]);
  });

  it("notes arrivals that were not started, above one in a hundred", () => {
    const dropping = (lost: number, texts: string[]) => {
      const plan = { thresholds: thresholds(...texts), bounds, warmUpMs: 0, loads: [] };
      const series = new RunSeries(plan, new Judge(plan));
      const aggregator = new Aggregator("0", new ClassicBounds(bounds));
      aggregator.counter("plimsoll_iterations_total", { outcome: "success" }).add(1000);
      aggregator.counter("plimsoll_dropped_iterations_total", { reason: "no_free_user" }).add(lost);
      series.take(aggregator.snapshot(10_000, true));
      return doubtsOf(series);
    };
    expect(dropping(9, [])).toEqual([]);
    expect(dropping(111, [])[0]).toMatch(/^10 % of the planned iterations found no free user.*raise maxUsers/);
    expect(dropping(111, ["ratio(dropped) < 20%"])).toEqual([]);
  });
});

it("notes a source that was hardly seen", () => {
  const plan = { thresholds: [], bounds, warmUpMs: 0, loads: [] };
  const doubts = (answered: number) => {
    const judge = new Judge(plan);
    judge.observe(looks(Array.from({ length: 100 }, (_, i) => (i < answered ? 1 : undefined))));
    return doubtsOf(new RunSeries(plan, judge));
  };
  expect(doubts(50)).toEqual([]);
  expect(doubts(40)[0]).toMatch(/^source app did not answer 60 % of the times \(limit 50 %\)/);
});

import { expect, it } from "vitest";
import { monotonicMs, SystemClock } from "../../src/metrics/clock.ts";

it("what is due already comes with the loop's next turn, without a timer; what is cancelled never", async () => {
  const clock = new SystemClock(monotonicMs());
  const came: string[] = [];
  clock.at(clock.now() - 1, () => came.push("cancelled")).cancel();
  clock.at(clock.now() - 1, () => came.push("due"));
  expect(came).toEqual([]);
  await new Promise(setImmediate);
  expect(came).toEqual(["due"]);
});

it("a timer never comes early", async () => {
  const clock = new SystemClock(monotonicMs());
  const times = Array.from({ length: 200 }, (_, i) => 1 + i / 10);
  const came = await Promise.all(
    times.map((time) => new Promise<number>((resolve) => clock.at(time, () => resolve(clock.now())))),
  );
  expect(came.filter((at, i) => at < (times[i] as number))).toEqual([]);
});

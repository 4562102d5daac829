import { expect, it } from "vitest";
import { type Schedule, Walk } from "../../src/load/schedule.ts";
import type { Clock } from "../../src/metrics/clock.ts";

/** A clock that the test sets, whose timers come when the test says so. */
function slowClock() {
  let time = 0;
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => time,
    at: (_, fn) => {
      timers.add(fn);
      return { cancel: () => timers.delete(fn) };
    },
  };
  return {
    clock,
    set: (to: number) => {
      time = to;
    },
    fire: () => {
      for (const fn of [...timers]) if (timers.delete(fn)) fn();
    },
    armed: () => timers.size,
  };
}

/** Due at 1, 2, 3 …, up to `last`; what was taken when. */
function numbers(clock: Clock, last: number) {
  const taken: [number: number, at: number][] = [];
  const schedule: Schedule = {
    dueAt: () => taken.length + 1,
    take: () => {
      if (taken.length === last) return false;
      taken.push([taken.length + 1, clock.now()]);
      return true;
    },
  };
  return { taken, schedule };
}

it("what is due is done when something else wakes the loop, without its timer, and with one timer at most", async () => {
  const { clock, set, fire, armed } = slowClock();
  const { taken, schedule } = numbers(clock, 4);
  const walk = new Walk(clock, schedule);
  const over = walk.run(new AbortController().signal);

  set(2.5);
  walk.look();
  walk.look();
  expect(taken).toEqual([]);
  await Promise.resolve();
  expect(taken).toEqual([
    [1, 2.5],
    [2, 2.5],
  ]);
  set(2.9);
  walk.look();
  await Promise.resolve();
  expect(taken.length).toBe(2);
  expect(armed()).toBe(1);

  set(9);
  fire();
  await over;
  expect(taken.map(([number]) => number)).toEqual([1, 2, 3, 4]);
  walk.look();
  await Promise.resolve();
  expect(taken.length).toBe(4);
});

it("nothing is taken once it was stopped", async () => {
  const { clock, set } = slowClock();
  const { taken, schedule } = numbers(clock, 4);
  const walk = new Walk(clock, schedule);
  const stop = new AbortController();
  const over = walk.run(stop.signal);
  set(3);
  walk.look();
  stop.abort();
  await over;
  expect(taken).toEqual([]);
});

it("what is late is caught up in stretches, between which responses are read", async () => {
  const { clock, set, fire } = slowClock();
  const stretches: number[] = [];
  let taken = 0;
  const schedule: Schedule = {
    dueAt: () => 0,
    take: () => {
      if (taken === 100) return false;
      taken++;
      set(clock.now() + 0.25);
      return true;
    },
  };
  const over = new Walk(clock, schedule).run(new AbortController().signal);
  for (let before = 0; taken > before; fire()) {
    stretches.push(taken - before);
    before = taken;
  }
  await over;
  expect(taken).toBe(100);
  // A millisecond each.
  expect(new Set(stretches)).toEqual(new Set([4]));
});

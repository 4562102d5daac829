import { expect, it } from "vitest";
import { cellOf, control } from "./cell.ts";
import { expectRight } from "./guard.ts";
import { erlangC, responseTail } from "./truth.ts";

it("knows the closed form: Erlang's C, and the response of M/M/1", () => {
  // Ten servers offered eight erlangs: tables of Erlang's C.
  expect(erlangC(10, 8)).toBeCloseTo(0.409, 3);
  expect(responseTail(50, 1, 0.01, 0.05)).toBeCloseTo(Math.exp(-50 * 0.05), 9);
  expect(responseTail(100, 1, 0.01, 0.05)).toBe(1);
});

it("names the weak spot, finds the line and alarms on nothing healthy", async () => {
  await expectRight([cellOf("cpu", 0, 1), control(4)]);
}, 120_000);

import { expect, it } from "vitest";
import { cellOf, control, judgeCell, type WeakSpot, weakSpots } from "./cell.ts";
import { scoreOf } from "./report.ts";
import { erlangC, responseTail } from "./truth.ts";

it("knows the closed form: Erlang's C, and the response of M/M/1", () => {
  // Ten servers offered eight erlangs: tables of Erlang's C.
  expect(erlangC(10, 8)).toBeCloseTo(0.409, 3);
  expect(responseTail(50, 1, 0.01, 0.05)).toBeCloseTo(Math.exp(-50 * 0.05), 9);
  expect(responseTail(100, 1, 0.01, 0.05)).toBe(1);
});

it("names the weak spot, finds the line and alarms on nothing healthy", async () => {
  const cells = [
    ...(Object.keys(weakSpots) as WeakSpot[]).map((weak) => cellOf(weak, 1, 1)),
    ...[1, 2, 3, 4].map(control),
  ];
  const judged = [];
  for (const cell of cells) judged.push(await judgeCell(cell));
  const score = scoreOf(judged);
  const told = judged.map(({ cell, named, line }) => [cell.weak, named, line]);
  expect(score.named, JSON.stringify(told)).toBe(score.cells);
  expect(score.lines, JSON.stringify(told)).toBe(score.linesOf);
  expect(judged.filter(({ cell }) => cell.weak === "control").flatMap(({ alarms }) => alarms)).toEqual([]);
}, 120_000);

import { expect } from "vitest";
import { type Cell, judgeCell } from "./cell.ts";
import { scoreOf } from "./report.ts";

/** Runs cells and expects of all of them the right answer. */
export async function expectRight(cells: readonly Cell[]): Promise<void> {
  const judged = [];
  for (const cell of cells) judged.push(await judgeCell(cell));
  const { named, lines, ...of } = scoreOf(judged);
  const told = JSON.stringify(judged.map(({ cell, named, line }) => [cell.weak, cell.line, named, line]));
  expect(named, told).toBe(of.cells);
  expect(lines, told).toBe(of.linesOf);
  expect(judged.filter(({ cell }) => cell.weak === "control").flatMap(({ alarms }) => alarms)).toEqual([]);
}

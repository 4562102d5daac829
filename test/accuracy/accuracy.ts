/**
 * `npm run accuracy`: findings against what is known; writes docs/accuracy.md. In virtual time, or with `--real` under real
 * load, then `--only pool` or `--only pool-1` runs a part alone. Each leaves the other's part of the page as it was.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stdout } from "node:process";
import { parseArgs } from "node:util";
import { cellOf, control, type Judged, judgeCell, type WeakSpot, weakSpots } from "./cell.ts";
import { chosenCells, type RealCell, realCells } from "./real-cell.ts";
import { withRealSection } from "./real-report.ts";
import { isConclusive, merged, type RealResult, realError } from "./real-result.ts";
import { runReally } from "./real-run.ts";
import { accuracyPage } from "./report.ts";

const SIZES = 5;
const SEEDS = [1, 2, 3];
const CONTROLS = 20;

const page = join(import.meta.dirname, "../../docs/accuracy.md");
const kept = join(import.meta.dirname, "real.json");

async function virtually(): Promise<void> {
  const cells = [
    ...(Object.keys(weakSpots) as WeakSpot[]).flatMap((weak) =>
      Array.from({ length: SIZES }, (_, size) => SEEDS.map((seed) => cellOf(weak, size, seed))).flat(),
    ),
    ...Array.from({ length: CONTROLS }, (_, i) => control(i)),
  ];
  const judged: Judged[] = [];
  for (const cell of cells) {
    const one = await judgeCell(cell);
    judged.push(one);
    stdout.write(`${cell.weak} ${cell.words}, seed ${cell.seed}: ${one.named ?? "nothing"}\n`);
  }
  writeFileSync(page, withRealSection(accuracyPage(judged), readKept()));
}

/** Each result is kept as it comes; what was inconclusive is run once more at the end. */
async function really(only: string | undefined): Promise<void> {
  const cells = chosenCells(only);
  if (cells.length === 0)
    throw new Error(`--only ${only}: expected one of ${realCells.map(({ id }) => id).join(", ")}`);
  const doubtful: RealCell[] = [];
  for (const cell of cells) if (!isConclusive(await keepRun(cell))) doubtful.push(cell);
  for (const cell of doubtful) await keepRun(cell);
}

async function keepRun(cell: RealCell): Promise<RealResult> {
  const result = await runReally(cell);
  const order = realCells.map(({ id }) => id);
  const results = merged(readKept(), [result], order);
  writeFileSync(kept, `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(page, withRealSection(readFileSync(page, "utf8"), results));
  const { closedForm, line, named, alarms, doubts, waited } = result;
  const error = realError(result);
  stdout.write(`${cell.id} ${JSON.stringify({ closedForm, line, error, named, alarms, doubts, waited })}\n`);
  return result;
}

function readKept(): RealResult[] {
  return JSON.parse(readFileSync(kept, "utf8")) as RealResult[];
}

const { values } = parseArgs({ options: { real: { type: "boolean", default: false }, only: { type: "string" } } });
await (values.real ? really(values.only) : virtually());

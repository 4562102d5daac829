/** `npm run accuracy`: findings against what is known, in virtual time; writes docs/accuracy.md. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stdout } from "node:process";
import { cellOf, control, type Judged, judgeCell, type WeakSpot, weakSpots } from "./cell.ts";
import { accuracyPage } from "./report.ts";

const SIZES = 5;
const SEEDS = [1, 2, 3];
const CONTROLS = 20;

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
writeFileSync(join(import.meta.dirname, "../../docs/accuracy.md"), accuracyPage(judged));

import { it } from "vitest";
import { cellOf, control, type WeakSpot, weakSpots } from "./cell.ts";
import { expectRight } from "./guard.ts";

it.each(
  Object.keys(weakSpots) as WeakSpot[],
)("names %s where it is the weak spot, and finds its line", async (weak) => {
  await expectRight([cellOf(weak, 1, 1)]);
}, 120_000);

it.each([1, 2, 3, 4])("alarms on nothing healthy (%d)", async (i) => {
  await expectRight([control(i)]);
}, 120_000);

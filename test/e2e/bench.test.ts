import { resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { pairs } from "../bench/pairs.ts";
import { undici } from "../bench/peers/undici.ts";
import { plimsoll, startReceiver } from "../bench/plimsoll.ts";
import { PageServer } from "../bench/server.ts";
import { temporaryFolder } from "./plimsoll.ts";

const PAIRS = 5;
const SERIES = 3;
/**
 * 0.75 is to be reached on a quiet machine. Medians of seven pairs were 0.73 to 0.77 there (single pairs: 0.66 to 0.88), and
 * 0.65 to 0.70 while others kept both cores busy: Plimsoll has more threads to switch between, so that contention can only
 * lower the ratio. That is why a low one is measured again, and the best counts. Below the floor what we add to undici's own
 * cost has grown by half.
 */
const FLOOR = 0.66;

describe("the cost of a request", () => {
  it(`lets Plimsoll make at least ${FLOOR} of the requests of bare undici with the same CPU time`, async () => {
    const server = await PageServer.start(temporaryFolder());
    onTestFinished(() => server.close());
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    const program = resolve(import.meta.dirname, "../../src/main.ts");
    const whole = plimsoll({ name: "Plimsoll", expect: "status", traced: 1, program }, receiver.url);
    const medians: number[] = [];
    while (medians.length < SERIES && !medians.some((median) => median >= FLOOR)) {
      medians.push((await pairs(whole, undici, server, PAIRS)).median);
    }
    expect(Math.max(...medians), `medians of ${PAIRS} pairs each: ${medians.join(", ")}`).toBeGreaterThanOrEqual(FLOOR);
  }, 240_000);
});

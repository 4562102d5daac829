import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import type { Hour } from "./hour.ts";

/** Half of the promise, 1 MB: a snapshot of each second that was kept would be more. */
const MOST_BYTES_A_MINUTE = 0.5e6;

it("a run of an hour grows by less than half a megabyte a minute", { timeout: 240_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-hour-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const args = ["--expose-gc", join(import.meta.dirname, "hour.ts"), folder];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { requests, failures, heapBytes } = JSON.parse(stdout) as Hour;
  expect(requests).toBeGreaterThan(250 * 3600 * 0.999);
  expect(failures).toBeGreaterThan(requests / 150);
  expect(heapBytes).toHaveLength(12);
  const [early = 0] = heapBytes;
  const grown = Math.max(...heapBytes) - early;
  expect(grown / 55, JSON.stringify(heapBytes)).toBeLessThan(MOST_BYTES_A_MINUTE);
});

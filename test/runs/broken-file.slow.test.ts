import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openRun } from "../../src/runs/open-run.ts";
import { reportOf } from "../../src/runs/report.ts";
import { requestsOf } from "./example-run.ts";

const writer = join(import.meta.dirname, "writer.ts");
const TICKS = 150;
/** What `writer.ts` counts in a tick: two workers, twice ten requests each. */
const PER_TICK = 40;

let folder: string;
let whole: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-"));
  whole = join(folder, "whole.db");
  expect(spawnSync(process.execPath, [writer, whole, String(TICKS)]).status).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lets a writer go on until it has said so many lines, kills it, and gives what it said. */
async function killed(path: string, lines: number): Promise<{ made: number; kept: number }> {
  const child = spawn(process.execPath, [writer, path], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const gone = once(child, "exit");
  const said: Record<string, number> = {};
  let count = 0;
  for await (const line of createInterface(child.stdout)) {
    const [word = "", number] = line.split(" ");
    said[word] = Number(number);
    if (++count === lines) child.kill("SIGKILL");
  }
  // A dying process closes its output before it lets go of the file's locks.
  await gone;
  return { made: said["made"] ?? 0, kept: said["kept"] ?? 0 };
}

/** The oracle for anything done to a file: it opens with no more than was counted, or says why not; it never throws. */
function readable(path: string, counted: number): "run" | "problem" {
  const run = openRun(path);
  if (run.kind === "problem") {
    expect(run.message).toContain(path);
    expect(run.message).not.toContain("\n");
    return "problem";
  }
  try {
    let before = 0;
    for (const { snapshot } of run.ticks()) {
      const requests = requestsOf(snapshot);
      expect(requests).toBeGreaterThanOrEqual(before);
      before = requests;
    }
    expect(before).toBeLessThanOrEqual(counted);
    for (const { value } of run.observations()) expect(value).toBeLessThanOrEqual(counted / PER_TICK);
    expect([...run.events()]).toEqual([]);
    if (requestsOf(run.finalSnapshot()) < counted) expect(run.damage).not.toEqual([]);
  } finally {
    run.close();
  }
  const report = reportOf(path);
  expect(report.kind).toBe("report");
  return "run";
}

describe("a run file whose generator was killed", () => {
  it.each([1, 3, 20, 333, 3000])("has all that was kept and nothing more, killed after %i lines", async (lines) => {
    const path = join(folder, `killed-${lines}.db`);
    const { made, kept } = await killed(path, lines);
    const report = reportOf(path);
    if (report.kind === "problem") throw new Error(report.message);
    expect(report.interrupted).toBe(true);
    expect(report.damage).toEqual([]);
    expect(report.summary.verdict.state).toBe("stopped");
    expect(report.summary.totals.requests).toBeGreaterThanOrEqual(kept);
    expect(report.summary.totals.requests).toBeLessThanOrEqual(made);
    // The log was taken in, so that the file alone is the run.
    expect(readdirSync(folder).filter((name) => name.startsWith(`killed-${lines}.`))).toEqual([`killed-${lines}.db`]);
    const again = reportOf(path);
    expect(again.kind === "report" && again.summary).toEqual(report.summary);
  });

  it("opens with its log cut or flipped", async () => {
    const path = join(folder, "log.db");
    const { made } = await killed(path, 400);
    const log = readFileSync(`${path}-wal`);
    const change = fc.oneof(
      fc.record({ kind: fc.constant("cut" as const), at: fc.nat(log.length - 1) }),
      fc.record({ kind: fc.constant("flip" as const), at: fc.nat(log.length - 1), bit: fc.nat(7) }),
    );
    fc.assert(
      fc.property(change, (what) => {
        const copy = join(folder, "log-copy.db");
        for (const end of ["-wal", "-shm"]) rmSync(`${copy}${end}`, { force: true });
        copyFileSync(path, copy);
        const bytes = Buffer.from(log);
        if (what.kind === "flip") bytes[what.at] = (bytes[what.at] ?? 0) ^ (1 << what.bit);
        writeFileSync(`${copy}-wal`, what.kind === "cut" ? bytes.subarray(0, what.at) : bytes);
        const report = reportOf(copy);
        if (report.kind === "problem") throw new Error(report.message);
        expect(report.summary.totals.requests).toBeLessThanOrEqual(made);
      }),
      { numRuns: 30 },
    );
  });

  it("is read where nothing can be written, log and all", async () => {
    const locked = mkdtempSync(join(folder, "locked-"));
    const path = join(locked, "run.db");
    const { kept } = await killed(path, 200);
    rmSync(`${path}-shm`);
    const before = readdirSync(locked);
    for (const name of before) chmodSync(join(locked, name), 0o444);
    chmodSync(locked, 0o555);
    // Permissions do not bind root: then only that the report is made is shown.
    const report = reportOf(path);
    expect(report.kind === "report" && report.summary.totals.requests).toBeGreaterThanOrEqual(kept);
    if (process.getuid?.() !== 0) expect(readdirSync(locked)).toEqual(before);
    chmodSync(locked, 0o755);
  });
});

describe("a whole run file", () => {
  it("has no damage, and reading it writes nothing", () => {
    const before = readFileSync(whole);
    expect(readable(whole, TICKS * PER_TICK)).toBe("run");
    const report = reportOf(whole);
    expect(report.kind === "report" && report.damage).toEqual([]);
    expect(report.kind === "report" && report.summary.totals.requests).toBe(TICKS * PER_TICK);
    expect(readFileSync(whole).equals(before)).toBe(true);
  });

  it("opens or says why, cut anywhere", () => {
    const copy = join(folder, "cut.db");
    const size = statSync(whole).size;
    fc.assert(
      fc.property(fc.oneof(fc.nat(size - 1), fc.integer({ min: size - 4 * 4096, max: size - 1 })), (length) => {
        writeFileSync(copy, readFileSync(whole).subarray(0, length));
        readable(copy, TICKS * PER_TICK);
      }),
      { numRuns: 25 },
    );
  });

  it("loses little when its last page is cut off", () => {
    const copy = join(folder, "last-page.db");
    writeFileSync(copy, readFileSync(whole).subarray(0, -4096));
    expect(readable(copy, TICKS * PER_TICK)).toBe("run");
    const report = reportOf(copy);
    expect(report.kind === "report" && report.summary.totals.requests).toBeGreaterThan((TICKS / 2) * PER_TICK);
  });

  it("opens or says why, flipped anywhere", () => {
    const copy = join(folder, "flipped.db");
    const size = statSync(whole).size;
    const flips = fc.array(fc.record({ at: fc.nat(size - 1), bit: fc.nat(7) }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(flips, (all) => {
        const bytes = readFileSync(whole);
        for (const { at, bit } of all) bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        writeFileSync(copy, bytes);
        readable(copy, TICKS * PER_TICK);
      }),
      { numRuns: 100 },
    );
  });

  it("notices a digit that changed on an otherwise good page", () => {
    const copy = join(folder, "digit.db");
    copyFileSync(whole, copy);
    const database = new DatabaseSync(copy);
    database.exec(`UPDATE tick SET snapshot = replace(snapshot, '"in":', '"in":9') WHERE id = ${TICKS}`);
    // And one that became a number that JavaScript does not have.
    database.exec(`UPDATE tick SET checksum = 8872785536418014578 WHERE id = ${TICKS - 1}`);
    database.close();
    const report = reportOf(copy);
    expect(report.kind === "report" && report.damage.join()).toContain("2 broken rows in table tick");
    // The workers' own rows still have it all.
    expect(report.kind === "report" && report.summary.totals.requests).toBe(TICKS * PER_TICK);
  });
});

describe("a file that is no run", () => {
  const cases: [what: string, code: string, make: (path: string) => void][] = [
    ["missing", "missing", () => undefined],
    ["empty", "empty", (path) => writeFileSync(path, "")],
    ["text", "foreign", (path) => writeFileSync(path, "name: shop\n".repeat(50))],
    ["another program's database", "foreign", (path) => new DatabaseSync(path).exec("CREATE TABLE a (b); VACUUM")],
    [
      "a newer Plimsoll's",
      "newer",
      (path) => {
        copyFileSync(whole, path);
        const database = new DatabaseSync(path);
        database.exec("PRAGMA user_version = 99");
        database.close();
      },
    ],
    [
      "a run without its plan",
      "damaged",
      (path) => {
        copyFileSync(whole, path);
        const database = new DatabaseSync(path);
        database.exec("DELETE FROM run");
        database.close();
      },
    ],
    ["a folder", "unreadable", (path) => mkdtempSync(path)],
  ];

  it.each(cases)("is said to be so: %s", (what, code, make) => {
    const path = join(folder, `no-run ${what.replaceAll(/\W/g, "-")} 100%?.db`);
    make(path);
    const given = what === "a folder" ? folder : path;
    const problem = openRun(given);
    expect(problem).toMatchObject({ kind: "problem", code, path: given });
    expect(problem.kind === "problem" && problem.message).toContain(given);
  });
});

describe("a disk that is full", () => {
  it("is said once, and the run goes on", () => {
    const path = join(folder, "full.db");
    // Files of this shell may have 64 KiB.
    const { stdout, status } = spawnSync(
      "bash",
      ["-c", `trap '' XFSZ; ulimit -f 64; exec "$0" "$1" "$2" 500`, process.execPath, writer, path],
      { encoding: "utf8" },
    );
    expect(status).toBe(0);
    const troubles = stdout.split("\n").filter((line) => line.startsWith("trouble "));
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toContain(path);
    expect(stdout).toContain(`made ${500 * PER_TICK}\n`);
    const report = reportOf(path);
    if (report.kind === "problem") throw new Error(report.message);
    expect(report.summary.totals.requests).toBeGreaterThan(0);
    expect(report.summary.totals.requests).toBeLessThan(500 * PER_TICK);
  });
});

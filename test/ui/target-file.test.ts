import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TargetFile } from "../../src/ui/target-file.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-targets-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const content = (file: TargetFile) => JSON.parse(readFileSync(file.path, "utf8"));

describe("targets.json", () => {
  it("names the server while it serves, and nobody afterwards", async () => {
    const file = new TargetFile(join(folder, "runs"));
    expect(await file.name("127.0.0.1:8089")).toBeUndefined();
    expect(content(file)).toEqual([{ targets: ["127.0.0.1:8089"] }]);
    expect(await file.clear()).toBeUndefined();
    expect(content(file)).toEqual([]);
    expect(readdirSync(join(folder, "runs"))).toEqual(["targets.json"]);
  });

  it("is never half written", async () => {
    const file = new TargetFile(folder);
    await file.name("127.0.0.1:1");
    let writing = true;
    const reader = (async () => {
      for (; writing; await setImmediate()) expect(content(file)).toHaveLength(1);
    })();
    for (let port = 2; port < 50; port++) await file.name(`127.0.0.1:${port}`);
    writing = false;
    await reader;
    expect(content(file)).toEqual([{ targets: ["127.0.0.1:49"] }]);
  });

  it("stays with a run that has named itself since", async () => {
    const [mine, other] = [new TargetFile(folder), new TargetFile(folder)];
    await mine.name("127.0.0.1:8089");
    await other.name("127.0.0.1:40123");
    expect(await mine.clear()).toBeUndefined();
    expect(content(mine)).toEqual([{ targets: ["127.0.0.1:40123"] }]);
  });

  it("is not missed when somebody removed it, and not made by a run that never named itself", async () => {
    const file = new TargetFile(folder);
    await file.clear();
    expect(readdirSync(folder)).toEqual([]);
    await file.name("127.0.0.1:8089");
    rmSync(file.path);
    expect(await file.clear()).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("that cannot be written is a problem with a sentence", async () => {
    writeFileSync(join(folder, "runs"), "a file where a folder should be");
    const problem = await new TargetFile(join(folder, "runs")).name("127.0.0.1:8089");
    expect(problem).toMatchObject({ kind: "problem" });
    expect(problem?.message).toContain(`Cannot write ${join(folder, "runs", "targets.json")}`);
  });
});

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { demoProgram, firstLine, startPracticeTarget } from "./practice-target.ts";

const run = (...args: string[]) => spawnSync(process.execPath, [demoProgram, ...args], { encoding: "utf8" });

describe("the practice target's process", () => {
  it("says its address in one line of JSON, and nothing else", async () => {
    const target = await startPracticeTarget();
    expect(target.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await target.stop();
  });

  it.each(["SIGTERM", "SIGINT"] as const)("ends on %s", async (signal) => {
    const target = await startPracticeTarget();
    const ended = once(target.process, "exit");
    target.process.kill(signal);
    expect(await ended).toEqual([0, null]);
  });

  it("ends when its stdin closes", async () => {
    const target = await startPracticeTarget();
    const ended = once(target.process, "exit");
    target.process.stdin?.end();
    expect(await ended).toEqual([0, null]);
  });

  it("does not outlive a parent that was killed", async () => {
    const starter = `
      import { spawn } from "node:child_process";
      spawn(process.execPath, [${JSON.stringify(demoProgram)}, "--port", "0", "--exit-with-parent"], {
        stdio: ["pipe", "inherit", "inherit"],
      });`;
    const parent = spawn(process.execPath, ["--input-type=module", "--eval", starter], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { url } = JSON.parse(await firstLine(parent.stdout)) as { url: string };
    expect((await fetch(`${url}/health`)).status).toBe(200);
    parent.kill("SIGKILL");
    await expect
      .poll(
        () =>
          fetch(`${url}/health`).then(
            () => "up",
            () => "down",
          ),
        { timeout: 4000 },
      )
      .toBe("down");
  });

  it("explains its flags", () => {
    const { status, stdout } = run("--help");
    expect(status).toBe(0);
    for (const flag of ["--pool N", "--hold-ms N", "--cpu-ms N", "--exit-with-parent"]) expect(stdout).toContain(flag);
  });

  it.each([
    [["--pool", "many"], '--pool: expected a whole number up to 10000, got "many"'],
    [["--pool", "1.5"], '--pool: expected a whole number up to 10000, got "1.5"'],
    [["--hold-ms=-1"], '--hold-ms: expected milliseconds up to 600000, got "-1"'],
    [["--port", "70000"], '--port: expected a whole number up to 65535, got "70000"'],
    [["--hold", "5"], "Unknown option '--hold'"],
  ])("refuses %j", (args, message) => {
    const { status, stdout, stderr } = run(...args);
    expect(status).toBe(104);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  });

  it("says that its port is taken", async () => {
    const target = await startPracticeTarget();
    try {
      const { status, stderr } = run("--port", new URL(target.url).port);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^cannot listen on 127\.0\.0\.1:\d+: listen EADDRINUSE.*\n$/);
    } finally {
      await target.stop();
    }
  });
});

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import type { Template } from "../../src/scenario/plan-request.ts";
import type { MetricMapping } from "../../src/scenario/plan-source.ts";
import type { CollectReason } from "../../src/target/collect-error.ts";
import { type Collector, createCollector } from "../../src/target/collector.ts";
import { mappingProblems } from "../../src/target/mapping-problems.ts";
import { failureOf, SECRET, testDeps } from "./conformance.ts";

const never = new AbortController().signal;
const node = process.execPath;
const closing: Collector[] = [];
afterEach(async () => {
  for (const collector of closing.splice(0)) await collector.close();
});

function collectorOf(command: Template[], froms: string[]): Collector {
  const metrics = froms.map((from, i): MetricMapping => ({ metric: `m${i}`, labels: {}, type: "gauge", from }));
  const source = { kind: "command", name: "own", command, metrics, everyMs: 1000, timeoutMs: 800 } as const;
  const collector = createCollector({ ...source, metrics }, testDeps().deps);
  closing.push(collector);
  return collector;
}

const script = (code: string): Template[] => [node, "-e", code];

describe("a command", () => {
  const outputs: [what: string, code: string, froms: string[], values: number[]][] = [
    ["a number", "console.log(' 42.5 ')", ["$"], [42.5]],
    ["JSON", 'console.log(\'{"a":{"b":3},"c":4}\')', ["$.a.b", "$.a.b / $.c"], [3, 0.75]],
    ["key=value", "console.log('depth=7\\nname = x\\nfree: 9')", ["$.depth", "$.free"], [7, 9]],
    [
      "keys that are no names here",
      "console.log('__proto__=5\\nconstructor=6')",
      ["$['__proto__']", "$['constructor']"],
      [5, 6],
    ],
  ];

  it.each(outputs)("gives %s", async (_, code, froms, values) => {
    const observations = await collectorOf(script(code), froms).collect(never);
    expect(observations.map(({ value }) => value)).toEqual(values);
  });

  const failures: [what: string, command: Template[], reason: CollectReason, message: string][] = [
    [
      "that fails",
      script("console.error('no such table\\nmore'); process.exit(3)"),
      "refused",
      "ended with code 3: no such table",
    ],
    ["that is none", ["/no/such/program"], "missing", "/no/such/program: there is no such program"],
    ["that says something else", script("console.log('hello')"), "parse", "no metric has a value"],
    ["that says nothing", script(""), "parse", "no metric has a value"],
    ["that never stops talking", script("setInterval(() => console.log('x'.repeat(1e5)), 0)"), "parse", "at most 1 MB"],
    ["that is killed", script("process.kill(process.pid, 'SIGTERM')"), "refused", "ended by SIGTERM"],
  ];

  it.each(failures)("%s is a gap", async (_, command, reason, message) => {
    const error = await failureOf(collectorOf(command, ["$"]));
    expect(error).toMatchObject({ reason, message: expect.stringContaining(message) });
  });

  it("that hangs is killed with what it has started", async () => {
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-command-"));
    const file = join(folder, "pid");
    const child = `require('fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1e6)`;
    const parent = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]); setInterval(() => {}, 1e6)`;
    const over = new AbortController();
    const failure = failureOf(collectorOf(script(parent), ["$"]), over.signal);
    while (!existsSync(file) || readFileSync(file, "utf8") === "") await new Promise(setImmediate);
    const pid = Number(readFileSync(file, "utf8"));
    over.abort();
    expect(await failure).toMatchObject({ reason: "timeout" });
    const isGone = () => {
      try {
        // A killed process whose parent is gone may wait for somebody to collect it.
        return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
      } catch {
        return true;
      }
    };
    while (!isGone()) await new Promise(setImmediate);
    rmSync(folder, { recursive: true });
  });

  it("is no shell's, and its secrets are not told", async () => {
    const secret = { kind: "secret" as const, name: "API_TOKEN" };
    const echo = script("console.error(process.argv[1], process.argv[2]); process.exit(1)");
    const error = await failureOf(collectorOf([...echo, "$(id); *", ["token ", secret]], ["$"]));
    expect(error.message).toContain("$(id); *");
    expect(error.message).not.toContain(SECRET);
  });
});

describe("a command in a scenario", () => {
  function planned(command: string, allowCommands: boolean) {
    const text = `watch:\n  own: { command: ${command}, metrics: { depth: $ } }\n`;
    const read = readScenario("s.yaml", text, {}, mappingProblems);
    if ("problems" in read) return read.problems.map(({ code, line }) => `${line} ${code}`);
    const options = { watchOnly: true, seed: 1, suffix: "0", startedAt: 0, version: "0", allowCommands };
    const made = makePlan(read.scenario, options);
    if ("problems" in made) return made.problems.map(({ code, line }) => `${line} ${code}`);
    const [source] = made.plan.sources;
    return source?.kind === "command" ? source.command : undefined;
  }

  it("is run only where that is allowed", () => {
    expect(planned("uptime", false)).toEqual(["2 commands-not-allowed"]);
    expect(planned("uptime", true)).toEqual(["uptime"]);
  });

  const words: [written: string, read: string[]][] = [
    [
      `docker exec db psql -c "select count(*) from t"`,
      ["docker", "exec", "db", "psql", "-c", "select count(*) from t"],
    ],
    [`"a 'b c' d'e'f"`, ["a", "b c", "def"]],
    [`[sh, -c, "a | b", 5]`, ["sh", "-c", "a | b", "5"]],
    [`"a | b"`, ["2 wrong-value"]],
    [`"a > file"`, ["2 wrong-value"]],
    [`"a $HOME"`, ["2 wrong-value"]],
    [`"a 'b"`, ["2 wrong-value"]],
    [`[]`, ["2 wrong-value"]],
  ];

  it.each(words)("%s", (written, read) => {
    expect(planned(written, true)).toEqual(read);
  });
});

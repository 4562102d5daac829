import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Summary } from "../../src/runs/summary.ts";
import { type PracticeTarget, startPracticeTarget } from "../demo/practice-target.ts";
import { automationOf, commandsOf, type GuideCommand, guides } from "../guides/commands.ts";
import { inLanes } from "./lanes.ts";
import { type Finished, Plimsoll, temporaryFolder } from "./plimsoll.ts";

/** The guides' durations and numbers of users are too many for a test; what is appended wins. */
const cut = ["--users", "12", "--spawn-rate", "12"];

/** A command of a guide as it is with Plimsoll, and what it must come to. */
interface Case {
  args: string[];
  /** A program that runs the scenario itself, in place of the command line. */
  program?: string;
  outcome:
    | { kind: "run"; html?: string; classes: string[] }
    /** Several runs, told together. */
    | { kind: "told"; says: RegExp[] }
    /** It ends at once with a sentence. */
    | { kind: "refused"; says: RegExp };
}

const exampleOf = (guide: string) => resolve(import.meta.dirname, `../../examples/${guide}/${guide}.yaml`);

/** What a shell, GitHub or the reader fills in. */
function filled(words: string[], url: string): string[] {
  return words.map((word) =>
    word
      .replace(/\$\{\{ secrets\.\w+ \}\}|\$LOAD_TEST_HOST|https?:\/\/(localhost|[\w.-]+\.(app|com))(:\d+)?/, url)
      .replace(/<master-ip>|MASTER_IP/, "127.0.0.1")
      .replace("/var/reports/", ""),
  );
}

/** How each tool's command is written with Plimsoll. */
const forms: { tool: RegExp; to(command: GuideCommand, url: string): Case }[] = [
  {
    tool: /^locust .*--(master|worker)\b/,
    to: ({ guide, words }, url) => ({
      args: withExample(guide, filled(words.slice(1), url)),
      outcome: { kind: "refused", says: /several machines/ },
    }),
  },
  { tool: /^locust /, to: ({ guide, words }, url) => locustForm(guide, words.slice(1), url) },
  {
    tool: /^python tests\/load\/scenarios\.py /,
    to: ({ guide, words }, url) => runForm(guide, ["run", `${guide}.yaml`, "--profile", words.at(-1) ?? ""], url),
  },
  { tool: /^python tests\/load\/benchmark\.py/, to: ({ guide, words }, url) => benchForm(guide, words, url) },
  { tool: /run_load_tests\.(sh|bat)$/, to: ({ guide }, url) => suiteForm(guide, url) },
  { tool: /^k6 run /, to: ({ guide, words }, url) => k6Form(guide, words.slice(1), url) },
  { tool: /^custom\.run\(/, to: ({ guide, words }, url) => programForm(guide, words.join(" "), url) },
  { tool: /^npx plimsoll -f /, to: ({ guide, words }, url) => locustForm(guide, words.slice(2), url) },
  {
    tool: /^(npx )?plimsoll run /,
    to: ({ guide, words }, url) => runForm(guide, words.slice(words.indexOf("run")), url),
  },
];

function locustForm(guide: string, words: string[], url: string): Case {
  const args = withExample(guide, filled(words, url));
  // What would wait for somebody to press Start does so by itself.
  const start = args.includes("--headless") ? [] : ["--autostart", "--autoquit", "0"];
  const html = args.find((arg) => arg.endsWith(".html"))?.replace("--html=", "");
  return {
    args: [...args, "--host", url, ...cut, "--run-time", "2s", ...start],
    outcome: {
      kind: "run",
      classes: args.filter((arg) => /^[A-Z]\w*User$/.test(arg)),
      ...(html === undefined ? {} : { html }),
    },
  };
}

function runForm(guide: string, words: string[], url: string): Case {
  const args = withExample(guide, filled(words, url));
  const { profiles } = parse(readFileSync(exampleOf(guide), "utf8")) as {
    profiles: Record<string, { users?: number }>;
  };
  // A profile of stages or of several loads has no place for a number of users.
  const ofUsers = profiles[args[args.indexOf("--profile") + 1] ?? ""]?.users !== undefined;
  const users = ofUsers ? cut : [];
  return { args: [...args, "--host", url, ...users, "--duration", "2s"], outcome: { kind: "run", classes: [] } };
}

/** `custom.run(users=750, spawn_rate=75, duration="30m")` */
function programForm(guide: string, call: string, url: string): Case {
  const asked = Object.fromEntries(
    [...call.matchAll(/(\w+)=("[^"]*"|\d+)/g)].map(([, name = "", value = ""]) => [
      name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      JSON.parse(value) as unknown,
    ]),
  );
  expect(Object.keys(asked)).toEqual(["users", "spawnRate", "duration"]);
  const settings = { ...asked, users: 12, spawnRate: 12, duration: "2s", host: url };
  const program = `
import { writeFileSync } from "node:fs";
import { run } from ${JSON.stringify(resolve(import.meta.dirname, "../../src/index.ts"))};
const { summary, exitCode } = await run(${JSON.stringify(exampleOf(guide))}, ${JSON.stringify(settings)});
writeFileSync("summary.json", JSON.stringify(summary));
process.exitCode = exitCode;
`;
  return { args: [], program, outcome: { kind: "run", classes: [] } };
}

function k6Form(guide: string, words: string[], url: string): Case {
  const args = words.map((word) => (word.endsWith(".js") ? exampleOf(guide) : word));
  if (args.includes("cloud")) return { args, outcome: { kind: "refused", says: /--out cloud: .*\/metrics/ } };
  // What a script has as its options is a profile of the example.
  const load = args.includes("--vus") ? ["--vus", "12"] : ["--profile", "baseline", ...cut];
  return { args: [...args, "--host", url, ...load, "--duration", "2s"], outcome: { kind: "run", classes: [] } };
}

function benchForm(guide: string, words: string[], url: string): Case {
  const host = words.length > 2 ? filled(words.slice(2), url) : ["--host", url];
  const says = [/^1\. \S.*\n {3}Concurrent Requests: 12\n {3}Mean: /m, /^Success Criteria:\n {2}P95 < 500ms: /m];
  const args = ["bench", exampleOf(guide), ...host, "--requests", "60", "--concurrent", "12"];
  return { args, outcome: { kind: "told", says } };
}

function suiteForm(guide: string, url: string): Case {
  const files = ["--html", "report_{u}users.html", "--csv", "stats_{u}users"];
  const args = ["suite", exampleOf(guide), "--host", url, "--duration", "1s", "--rest", "0s", ...files];
  return { args, outcome: { kind: "told", says: [/^ +\S +light /m, /^ +\S +spike /m, /exit code \d+\s*$/] } };
}

/** With the example in place of the file that stands after `-f` or `run`. */
function withExample(guide: string, words: string[]): string[] {
  return words.map((word, i) => (words[i - 1] === "-f" || words[i - 1] === "run" ? exampleOf(guide) : word));
}

const formOf = ({ words }: GuideCommand) => forms.find(({ tool }) => tool.test(words.join(" ")));

interface Ran extends Finished {
  guide: string;
  line: string;
  case: Case;
  folder: string;
  /** Requests that the target counted. */
  counted: number;
}

async function execute(command: GuideCommand): Promise<Ran> {
  const target = await startPracticeTarget("--weak", "none", "--ai-ms", "50");
  try {
    return await executeOn(target, command);
  } finally {
    await target.stop();
  }
}

async function executeOn(target: PracticeTarget, command: GuideCommand): Promise<Ran> {
  const form = formOf(command);
  if (form === undefined) throw new Error(`no form for ${command.words.join(" ")}`);
  const one = form.to(command, target.url);
  const folder = temporaryFolder();
  const summary = one.outcome.kind === "run" && one.program === undefined ? ["--summary", "summary.json"] : [];
  const program = join(folder, "custom.ts");
  if (one.program !== undefined) writeFileSync(program, one.program);
  // Where the example's services are beside the host, and that nobody is there to take traces.
  const env = { RAG_URL: target.url, GUARDRAILS_URL: target.url, OTEL_SDK_DISABLED: "true" };
  const finished = await new Plimsoll([...one.args, ...summary], {
    folder,
    env,
    ...(one.program === undefined ? {} : { program }),
  }).finished;
  const { total } = await target.requests();
  return { ...finished, guide: command.guide, line: command.words.join(" "), case: one, folder, counted: total };
}

describe("each command line of the guides, with the tool's name and its file replaced, runs", () => {
  it("are all known", () => {
    const all = guides.flatMap(commandsOf);
    expect(all.length).toBeGreaterThan(35);
    const unknown = all.filter((command) => formOf(command) === undefined).map(({ words }) => words.join(" "));
    expect(unknown).toEqual([]);
  });

  it("those of the examples too", { timeout: 300_000 }, async () => {
    const commands = guides.flatMap((guide) => {
      const ofGuide = commandsOf(guide).filter((command) => formOf(command) !== undefined);
      const lines = new Map([...ofGuide, ...automationOf(guide)].map((command) => [command.words.join(" "), command]));
      expect(lines.size, guide).toBeGreaterThan(0);
      return [...lines.values()];
    });
    // Whatever runs several profiles in turn takes longest, and so begins first.
    const suites = commands.filter(({ words }) => /run_load_tests|\bsuite\b/.test(words.join(" ")));
    const inOrder = [...new Set([...suites, ...commands])];
    for (const ran of await inLanes(5, inOrder, execute)) {
      const { guide, line, case: one, code, stdout, stderr, folder, counted } = ran;
      const said = `${guide}: ${line}\n${one.args.join(" ")}\n${stdout}\n${stderr}`;
      if (one.outcome.kind === "refused") {
        expect(code, said).toBe(104);
        expect(stderr).toMatch(one.outcome.says);
        expect(counted).toBe(0);
        continue;
      }
      if (one.outcome.kind === "told") {
        // So few requests are too few for a percentile.
        expect([0, 98, 99], said).toContain(code);
        for (const says of one.outcome.says) expect(stdout).toMatch(says);
        expect(counted, said).toBeGreaterThan(50);
        if (one.args.includes("--html")) {
          for (const file of ["report_100users.html", "stats_2000users_stats.csv"]) {
            expect(existsSync(join(folder, file)), said).toBe(true);
          }
        }
        continue;
      }
      expect(existsSync(join(folder, "summary.json")), said).toBe(true);
      const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary;
      expect(code, said).toBe(summary.verdict.exitCode);
      expect(["passed", "failed", "inconclusive"], said).toContain(summary.verdict.state);
      // Twelve users for two seconds are few, and a cache is cold then; anything else that breaks is wrong.
      const broken = summary.verdict.breaches.filter(
        (breach) => !/^(rate\(requests\)|avg\(cache_hit_ratio\))/.test(breach),
      );
      expect(broken, said).toEqual([]);
      // The target counts those that look at its health apart, and so what administrators ask.
      const ours = summary.requests
        .filter(({ user }) => user !== "AdminUser")
        .reduce((sum, { requests }) => sum + requests, 0);
      expect(ours, said).toBe(counted);
      expect(summary.totals.failures, said).toBe(0);
      expect(counted, said).toBeGreaterThan(5);
      const { classes, html } = one.outcome;
      if (classes.length > 0) expect([...new Set(summary.requests.map(({ user }) => user))]).toEqual(classes);
      if (html !== undefined) expect(existsSync(join(folder, html)), said).toBe(true);
    }
  });
});

import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { beforeAll, describe, expect, it } from "vitest";
import { EXIT_BUG, EXIT_USAGE } from "../src/cli/io.ts";
import { hereOf, k6Flags } from "../src/cli/k6-flags.ts";
import { flagGroups, locustFlags, usageOf, variableOf } from "../src/cli/locust/flags.ts";
import { program } from "../src/cli/program.ts";
import { usage as practiceTargetUsage, sizeNames, sizes } from "../src/demo/flags.ts";
import { weaknesses } from "../src/demo/weakness.ts";
import { failureKinds } from "../src/metrics/sample.ts";
import { SnapshotSum } from "../src/metrics/snapshot.ts";
import { type Metric, plimsollMetrics, targetMetrics } from "../src/metrics/vocabulary.ts";
import { openScenario } from "../src/prepare.ts";
import { RunFile } from "../src/runs/run-file.ts";
import { summarySchema } from "../src/runs/summary-schema.ts";
import { scenarioSchema } from "../src/scenario/json-schema.ts";
import { makePlan } from "../src/scenario/make-plan.ts";
import { readScenario } from "../src/scenario/parse.ts";
import { describeProblems } from "../src/scenario/problem.ts";
import { mappingProblems } from "../src/target/mapping-problems.ts";
import { knownNames } from "../src/target/recognise.ts";
import { parseThreshold } from "../src/verdict/threshold.ts";
import { exitCode } from "../src/verdict/verdict.ts";
import { ExampleWorker, observation, plan } from "./runs/example-run.ts";

const root = resolve(import.meta.dirname, "..");
const pages = globSync(["*.md", "docs/**/*.md", "examples/**/*.md"], { cwd: root }).toSorted();

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

const fence = /^```([^\n]*)\n(.*?)^```$/gms;

interface Fence {
  place: string;
  /** What stands after the marks: `yaml fragment`. */
  info: string;
  text: string;
}

function fences(page: string): Fence[] {
  const whole = read(page);
  return [...whole.matchAll(fence)].map(({ index, 1: info = "", 2: text = "" }) => {
    return { place: `${page}:${whole.slice(0, index).split("\n").length}`, info, text };
  });
}

function prose(page: string): string {
  return read(page).replaceAll(fence, "");
}

/** What stands in backticks. */
function codes(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

/** The rows of all tables of a page that have these columns. */
function rows(page: string, ...columns: string[]): string[][] {
  const found: string[][] = [];
  let header: string | undefined;
  for (const line of prose(page).split("\n")) {
    const cells = line.startsWith("|") ? line.slice(1, -1).split("|") : [];
    const texts = cells.map((cell) => cell.trim());
    if (cells.length === 0) header = undefined;
    else if (header === undefined) header = texts.join("|");
    else if (header === columns.join("|") && !line.startsWith("| ---")) found.push(texts);
  }
  return found;
}

describe("scenarios that are shown", () => {
  const environment = { SHOP_PASSWORD: "x", ADMIN_TOKEN: "x" };
  const host = "host: http://localhost:8000\n";
  const start = "    start: [{ get: /, capture: { order: $.id, product: $.product } }]\n";
  const users = `users:\n  Visitor:\n${start}    tasks: { Browse: { get: / } }\n`;

  /** `yaml` is a whole scenario, `yaml fragment` some of its top-level keys, `yaml step` a list of requests. */
  function whole({ info, text }: Fence): string {
    switch (info) {
      case "yaml":
        return text;
      case "yaml fragment":
        return host + (/^users:/m.test(text) ? "" : users) + text;
      case "yaml step":
        return `${host}users:\n  Visitor:\n${start}    tasks:\n      Browse:\n        steps:\n${text.replaceAll(/^/gm, " ".repeat(10))}`;
      default:
        throw new Error(`expected yaml, yaml fragment or yaml step, got ${info}`);
    }
  }

  const shown = pages.flatMap((page) => fences(page)).filter(({ info }) => info.startsWith("yaml"));
  const files = globSync("examples/**/*.yaml", { cwd: root });

  it.each([
    // Their feeds are beside the tests' own scenarios.
    ...shown.map((one) => [one.place, whole(one), "test/scenario/shown.yaml"] as const),
    ...files.map((path) => [path, read(path), path] as const),
  ])("%s is right", (place, text, path) => {
    const scenario = readScenario(join(root, path), text, environment, mappingProblems);
    if ("problems" in scenario) throw new Error(describeProblems(place, text, scenario.problems));
    for (const profile of scenario.scenario.profiles.map(({ name }) => name)) {
      const made = makePlan(scenario.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0", profile });
      expect("problems" in made && made.problems).toBe(false);
    }
  });

  it("are some in README and in the reference", () => {
    const places = new Set(shown.map(({ place }) => place.split(":")[0]));
    expect([...places]).toEqual(expect.arrayContaining(["README.md", "docs/scenario.md", "docs/thresholds.md"]));
    expect(files.length).toBeGreaterThan(1);
  });

  it("name thresholds that can be read, in the text too", () => {
    const limited = /^(p\d|avg|min|max|rate|ratio|count|last)[\w.]*\(.*\) .*[<>=]/;
    const thresholds = pages.flatMap((page) => codes(prose(page))).filter((code) => limited.test(code));
    expect(thresholds.length).toBeGreaterThan(5);
    expect(thresholds.filter((text) => "problem" in parseThreshold(text))).toEqual([]);
  });

  it("are some in TypeScript, which load and are right", async () => {
    const shown = fences("docs/programming.md").filter(({ text }) => text.includes("export default"));
    expect(shown.length).toBeGreaterThan(0);
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-docs-"));
    try {
      for (const [i, { place, text }] of shown.entries()) {
        const path = join(folder, `${i}.ts`);
        writeFileSync(path, text.replace('"plimsoll"', JSON.stringify(join(root, "src/index.ts"))));
        const opened = await openScenario(path, {});
        expect(opened.kind, opened.kind === "refused" ? `${place} ${opened.message}` : "").toBe("opened");
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("leave no key of the language without its description", () => {
    const keys = new Set(propertyNames(scenarioSchema()));
    expect(keys.size).toBeGreaterThan(40);
    const described = new Set(codes(prose("docs/scenario.md")));
    expect([...keys].filter((key) => !described.has(key))).toEqual([]);
  });
});

/** The names of all properties that a JSON Schema knows. */
function propertyNames(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => [
    ...(key === "properties" ? Object.keys(value) : []),
    ...propertyNames(value),
  ]);
}

describe("links", () => {
  /** As GitHub makes anchors of headings. */
  function anchors(path: string): Set<string> {
    const headings = [...prose(path).matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => text.toLowerCase());
    return new Set(headings.map((text) => text.replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-")));
  }

  const links = pages.flatMap((page) =>
    [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => ({ page, to })),
  );

  it("lead somewhere", () => {
    const local = links.filter(({ to }) => !/^[a-z]+:/.test(to));
    expect(local.length).toBeGreaterThan(40);
    const existing = new Set(globSync(["**/*", ".github/**/*"], { cwd: root, exclude: ["node_modules", "dist"] }));
    const broken = local.filter(({ page, to }) => {
      const [path = "", anchor] = to.split("#");
      const target = path === "" ? page : relative(root, resolve(root, dirname(page), path));
      return !existing.has(target) || (anchor !== undefined && !anchors(target).has(anchor));
    });
    expect(broken).toEqual([]);
  });
});

describe("metrics", () => {
  const page = "docs/metrics.md";

  it("are those of the vocabulary, with their types, labels and meanings", () => {
    const row = (prefix: string) => (entry: [name: string, metric: Metric]) => {
      const [name, { type, labels, help }] = entry;
      return [`\`${prefix}${name}\``, type, labels.join(", "), help];
    };
    const expected = [
      ...Object.entries<Metric>(plimsollMetrics).map(row("")),
      ...Object.entries<Metric>(targetMetrics).map(row("target_")),
    ];
    expect(rows(page, "name", "type", "labels", "meaning")).toEqual(expected);
  });

  it("of the load are all set somewhere", () => {
    const files = globSync("src/**/*.ts", { cwd: root }).filter((path) => !/vocabulary|^src\/dashboards/.test(path));
    const code = files.map(read).join("\n");
    const names = Object.keys(plimsollMetrics).filter((name) => !code.includes(name));
    expect(names).toEqual([]);
  });

  it("are recognised by the names that are listed, in this order", () => {
    const expected = Object.keys(targetMetrics).flatMap((metric) => {
      const own = [metric, `target_${metric}`];
      const names = knownNames.filter((known) => known.metric === metric);
      const from = names
        .filter((known) => !own.includes(known.from.replace(/^sum by \(.*\) \((.*)\)$/, "$1")))
        .map((known) => {
          const labels = Object.entries(known.labels).map(([label, value]) => ` ${label}=${value}`);
          return `\`${known.from}\`${labels.join(",")}`;
        });
      return from.length === 0 ? [] : [[`\`${metric}\``, from.join("; ")]];
    });
    expect(rows(page, "metric", "taken from")).toEqual(expected);
  });

  it("tell failures apart by the kinds that are listed", () => {
    expect(rows(page, "error_type", "meaning").map(([kind]) => kind)).toEqual(
      failureKinds.map((kind) => `\`${kind}\``),
    );
  });
});

describe("the summary", () => {
  interface Schema {
    properties?: Record<string, Schema>;
    items?: Schema;
    additionalProperties?: Schema | false;
    anyOf?: Schema[];
  }
  const schema = summarySchema as Schema;
  const page = "docs/summary.md";
  const reserved = ["findings", "loadLine"];

  function fields({ properties = {} }: Schema, path = ""): string[] {
    return Object.entries(properties).flatMap(([name, value]) => {
      const at = path + name;
      if (value.properties !== undefined && !reserved.includes(at)) return fields(value, `${at}.`);
      const { items, additionalProperties: entries } = value;
      if (items?.properties !== undefined && !reserved.includes(at)) return [`${at}[]`, ...fields(items, `${at}[].`)];
      if (entries && entries.properties !== undefined) return [`${at}.*`, ...fields(entries, `${at}.*.`)];
      return [at];
    });
  }

  it("has the fields that are described", () => {
    const latency = Object.keys(schema.properties?.["totals"]?.properties?.["latency"]?.anyOf?.[0]?.properties ?? {});
    const described = rows(page, "field", "meaning").flatMap(([field = ""]) => codes(field));
    expect(described.toSorted()).toEqual([...fields(schema), ...latency].toSorted());
  });

  it("and the scenario have schemas in the package, under the names that are told", () => {
    const { exports } = JSON.parse(read("package.json")) as { exports: Record<string, string> };
    const told = pages.flatMap((one) => codes(prose(one))).filter((code) => /^plimsoll\/.*\.json$/.test(code));
    expect(told.length).toBeGreaterThan(0);
    expect(told.filter((name) => exports[name.replace("plimsoll", ".")] === undefined)).toEqual([]);
  });
});

describe("the run file", () => {
  const page = "docs/run-file.md";
  let database: DatabaseSync;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-docs-"));
    const runFile = new RunFile(join(folder, "run.db"), (message) => {
      throw new Error(message);
    });
    runFile.start(plan);
    const worker = new ExampleWorker("0");
    const sum = new SnapshotSum();
    for (let at = 1000; at <= 4000; at += 1000) {
      worker.request("list", at, 20);
      sum.take(worker.snapshot(at));
      const observations = [observation("db_pool_utilization_ratio", at / 4000, at)];
      const events = [{ at, kind: "stage", message: `at ${at}` }] as const;
      runFile.write({ snapshot: sum.total(at), observations, events: [...events], thresholds: [] });
    }
    await runFile.stop({ state: "passed", warnings: [] });
    database = new DatabaseSync(join(folder, "run.db"), { readOnly: true });
    return () => {
      database.close();
      rmSync(folder, { recursive: true });
    };
  });

  it.each(["table", "view"])("has each %s that is described, with its columns", (kind) => {
    let name = "";
    const described = rows(page, kind, "column", "what it holds").map(([first = "", column = ""]) => {
      name = codes(first)[0] ?? name;
      return `${name}.${codes(column)[0]}`;
    });
    const columns = database.prepare(
      "SELECT m.name || '.' || c.name AS name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c WHERE m.type = ?",
    );
    expect(described).toEqual(columns.all(kind).map((row) => row["name"]));
  });

  it.each(fences(page).filter(({ info }) => info === "sql"))("answers $place", ({ text }) => {
    const answer = database.prepare(text).all();
    expect(answer.length).toBeGreaterThan(0);
    expect(answer.some((row) => Object.values(row).every((value) => value === null))).toBe(false);
  });
});

describe("the practice target", () => {
  const page = "docs/practice-target.md";

  it("has the weak spots and the sizes that are described, with these defaults", () => {
    const spots = rows(page, "`--weak`", "sizes", "it carries", "which shows as").map(([spot = ""]) => codes(spot)[0]);
    expect(spots).toEqual(Object.keys(weaknesses));
    const described = rows(page, "flag", "default", "meaning").map(([flag = "", value]) => [codes(flag)[0], value]);
    const expected = sizeNames.map((name) => [`--${name}`, String(sizes[name].value)]);
    expect(described).toEqual([...expected, ["--unsafe", ""]]);
  });
});

describe("the command line", () => {
  const page = "docs/cli.md";
  /** Flags of other programs that the pages name. */
  const others = new Set([
    "--build",
    "--enable-feature",
    // Of `npm run accuracy`.
    "--real",
    ...(practiceTargetUsage.match(/--[a-z-]+/g) ?? []),
    ...k6Flags.flatMap(({ flags }) => flags.match(/--[a-z-]+/g) ?? []),
  ]);

  async function help(...command: string[]): Promise<string> {
    let text = "";
    const output = { write: (more: string) => (text += more) };
    const io = { environment: {}, stdout: output, stderr: output, onSignal: () => () => {}, wallClock: () => 0 };
    expect(await program({ ...io, argv: [...command, "--help"] })).toBe(0);
    return text;
  }

  /** What stands first in each line of a part of a help text. */
  function entries(text: string, part: "Options" | "Commands"): string[] {
    const [, lines = ""] = new RegExp(`^${part}:\n((?: .*\n)+)`, "m").exec(text) ?? [];
    return [...lines.matchAll(/^ {2}(\S.*?)(?: {2}|$)/gm)].map(([, entry = ""]) => entry);
  }

  it("has the commands and flags that are described, and no others", async () => {
    const commands = entries(await help(), "Commands").map((entry) => entry.split(" ")[0]);
    const described = rows(page, "command", "what it does").map(([command = ""]) => command.split(/[ `]+/)[2]);
    expect(described.toSorted()).toEqual(commands.toSorted());

    const flags = rows(page, "flag", "default", "meaning").map(([flag = ""]) => codes(flag)[0] ?? "");
    expect(flags).toEqual(entries(await help("run"), "Options"));
    const ofRunAlone = flags.filter((flag) => /--(profile|host)\b/.test(flag));
    expect([...ofRunAlone, ...entries(await help("demo"), "Options")]).toEqual(flags);
    const ofWatch = rows(page, "flag of `watch`", "default", "meaning").map(([flag = ""]) => codes(flag)[0] ?? "");
    expect([...ofWatch, ...flags.slice(flags.findIndex((flag) => flag.startsWith("--label")))]).toEqual(
      entries(await help("watch"), "Options"),
    );
    const ofSuite = rows(page, "flag of `suite`", "default", "meaning").map(([flag = ""]) => codes(flag)[0] ?? "");
    expect([...ofSuite, ...flags.slice(flags.findIndex((flag) => flag.startsWith("--label")))]).toEqual(
      entries(await help("suite"), "Options"),
    );
    const ofFind = rows("docs/find.md", "flag of `find`", "default", "meaning").map(
      ([flag = ""]) => codes(flag)[0] ?? "",
    );
    expect([...ofFind, ...flags.slice(flags.findIndex((flag) => flag.startsWith("--label")))]).toEqual(
      entries(await help("find"), "Options"),
    );
    for (const command of ["bench", "check", "init", "rules"]) {
      const own = rows(page, `flag of \`${command}\``, "default", "meaning").map(([flag = ""]) => codes(flag)[0] ?? "");
      expect([...own, "-h, --help"]).toEqual(entries(await help(command), "Options"));
    }
    const ofReport = entries(await help("report"), "Options");
    expect(flags.filter((flag) => ofReport.includes(flag))).toEqual(ofReport);
  });

  it("takes Locust's flags as they are described, and no others", () => {
    const flags = flagGroups.flatMap((group) => locustFlags.filter((flag) => flag.group === group));
    const expected = flags.map((flag) => [codeOf(usageOf(flag)), codeOf(variableOf(flag)), flag.meaning]);
    const described = rows("docs/locust.md", "Locust's flag", "variable", "here");
    expect(described.map((cells) => cells.map((cell) => cell.replaceAll("\\<", "<")))).toEqual(expected);
  });

  it("takes k6's flags as they are described, and no others", () => {
    const described = rows("docs/k6.md", "k6's flag", "variable", "here");
    expect(described).toEqual(k6Flags.map((flag) => [codeOf(flag.flags), codeOf(flag.variable), hereOf(flag)]));
  });

  function codeOf(text: string | undefined): string {
    return text === undefined ? "–" : `\`${text}\``;
  }

  it("knows each flag that any page names", async () => {
    const commands = [
      [],
      ["run"],
      ["check"],
      ["bench"],
      ["suite"],
      ["init"],
      ["demo"],
      ["report"],
      ["watch"],
      ["find"],
      ["compare"],
      ["runs"],
      ["runs", "prune"],
      ["rules"],
      ["dashboards"],
    ];
    const texts = await Promise.all(commands.map((command) => help(...command)));
    const known = new Set([...texts.join("\n").matchAll(/--[a-z][a-z-]*/g)].map(([flag]) => flag));
    // The benchmark's page shows the command lines of other programs.
    const ours = pages.filter((page) => page !== "docs/performance.md");
    const unknown = ours.flatMap((one) =>
      [...read(one).matchAll(/(?<![\w-])--[a-z][a-z-]*/g)]
        .map(([flag]) => flag)
        .filter((flag) => !known.has(flag) && !others.has(flag))
        .map((flag) => `${one}: ${flag}`),
    );
    expect(unknown).toEqual([]);
  });

  it("ends with the codes that are described", () => {
    const verdicts = [
      exitCode({ state: "failed", breaches: [], warnings: [] }),
      exitCode({ state: "stopped", reasons: [], warnings: [] }),
      exitCode({ state: "inconclusive", reasons: [], warnings: [] }),
      exitCode({ state: "failed", breaches: [], warnings: [], cause: "exception" }),
      exitCode({ state: "passed", warnings: [] }),
    ];
    expect(rows(page, "code", "meaning").map(([code]) => Number(code))).toEqual([...verdicts, EXIT_USAGE, EXIT_BUG]);
    const ofSummary = rows("docs/summary.md", "state", "exit code", "when; the first that holds");
    expect(ofSummary.map(([, code]) => Number(code))).toEqual(verdicts);
  });
});

import { globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/**
 * Who may import whom. A room is a folder of src/, or a file in it; `room/file` admits that file alone. Third parties are
 * packages; Node's own modules are free, but for those that a room is given by name.
 */
const table: Record<string, { rooms: string[]; packages: string[] }> = {
  metrics: { rooms: [], packages: [] },
  // A time is written in a scenario as in a threshold, and one did-you-mean serves both.
  scenario: {
    rooms: [
      "metrics",
      "own-files",
      "verdict/threshold",
      "verdict/k6-threshold",
      "verdict/quantity",
      "verdict/spelling",
    ],
    packages: ["yaml", "zod", "json-p3", "csv-parse"],
  },
  client: { rooms: ["metrics", "scenario"], packages: ["undici", "tough-cookie", "json-p3"] },
  load: { rooms: ["client", "scenario", "metrics"], packages: ["json-p3"] },
  target: { rooms: ["metrics", "scenario"], packages: ["undici", "json-p3", "@redis/client", "postgres"] },
  verdict: { rooms: ["metrics", "scenario/plan"], packages: ["simple-statistics"] },
  runs: { rooms: ["metrics", "verdict", "scenario/plan"], packages: ["simple-statistics"] },
  search: { rooms: ["metrics", "verdict", "scenario/plan"], packages: [] },
  sinks: {
    rooms: [
      "metrics",
      "verdict",
      "runs",
      "scenario/plan",
      "scenario/plan-request",
      "scenario/plan-source",
      "scenario/flow",
    ],
    packages: ["prom-client", "@opentelemetry/*"],
  },
  cluster: { rooms: ["load", "scenario", "metrics", "client", "own-files"], packages: [] },
  ui: { rooms: ["metrics", "verdict", "runs", "run", "own-files"], packages: ["express", "preact", "uplot", "vite"] },
  dashboards: { rooms: ["metrics", "verdict/threshold"], packages: ["@grafana/grafana-foundation-sdk", "yaml"] },
  // Nothing of Grafana's kit, which is no dependency of the package.
  rules: {
    rooms: ["metrics", "scenario", "verdict", "dashboards/promql", "sinks/prometheus-labels"],
    packages: ["yaml"],
  },
  demo: { rooms: [], packages: ["express", "prom-client"] },
  run: {
    rooms: ["metrics", "scenario", "client", "load", "target", "verdict", "runs", "search", "sinks", "cluster"],
    packages: [],
  },
  prepare: { rooms: ["scenario", "metrics", "target"], packages: [] },
  version: { rooms: ["own-files"], packages: [] },
  "own-files": { rooms: [], packages: [] },
  garbage: { rooms: [], packages: [] },
  "vite.config": { rooms: [], packages: ["vite"] },
  embed: { rooms: ["scenario", "load", "verdict", "runs", "run", "prepare", "version"], packages: [] },
  index: { rooms: ["scenario", "verdict", "runs", "embed"], packages: [] },
  cli: {
    rooms: [
      "metrics",
      "scenario",
      "client",
      "load",
      "target",
      "verdict",
      "runs",
      "search",
      "sinks",
      "cluster",
      "ui",
      "dashboards",
      "rules",
      "demo",
      "run",
      "prepare",
      "version",
      "own-files",
    ],
    packages: ["commander"],
  },
  main: { rooms: ["cli", "garbage"], packages: [] },
};

const src = resolve(import.meta.dirname, "../src");

interface Import {
  file: string;
  specifier: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), "utf8");
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s*"([^"]+)"|import\(\s*"([^"]+)"\s*\)|(?:^|\n)\s*import\s+"([^"]+)"/g;
  return [...text.matchAll(pattern)].map((match) => ({ file, specifier: match[1] ?? match[2] ?? match[3] ?? "" }));
}

/** `metrics/histogram.ts` is in room `metrics`, `run.ts` in room `run`. */
function roomOf(file: string): string {
  return file.split("/")[0]?.replace(/\.ts$/, "") ?? "";
}

function violation({ file, specifier }: Import): string | undefined {
  const room = roomOf(file);
  const rules = table[room];
  if (rules === undefined) return `${file}: room "${room}" is not in the table`;
  if (specifier.startsWith(".")) {
    const to = relative(src, resolve(src, dirname(file), specifier));
    if (roomOf(to) === room) return undefined;
    const allowed = rules.rooms.some((name) => to === `${name}.ts` || to.startsWith(`${name}/`));
    return allowed ? undefined : `${file}: ${room} may not import ${to}`;
  }
  if (isBuiltin(specifier)) {
    if (specifier === "node:sqlite" && room !== "runs") return `${file}: only runs may import node:sqlite`;
    return undefined;
  }
  const name = specifier.startsWith("@") ? specifier.split("/").slice(0, 2).join("/") : (specifier.split("/")[0] ?? "");
  const allowed = rules.packages.some(
    (one) => one === name || (one.endsWith("/*") && name.startsWith(one.slice(0, -1))),
  );
  return allowed ? undefined : `${file}: ${room} may not import the package ${name}`;
}

const files = globSync("**/*.{ts,tsx}", { cwd: src });

describe("architecture", () => {
  it("keeps the import table", () => {
    expect(files.length).toBeGreaterThan(10);
    expect(files.flatMap(importsOf).map(violation).filter(Boolean)).toEqual([]);
  });

  it("finds a forbidden import", () => {
    expect(violation({ file: "metrics/sample.ts", specifier: "../load/user.ts" })).toContain(
      "may not import load/user.ts",
    );
    expect(violation({ file: "load/user.ts", specifier: "express" })).toContain("may not import the package express");
    expect(violation({ file: "scenario/parse.ts", specifier: "../verdict/threshold.ts" })).toBeUndefined();
    expect(violation({ file: "scenario/parse.ts", specifier: "../verdict/judge.ts" })).toContain("may not import");
  });

  it("leaves process.exit and the environment to the entry points", () => {
    const entries = ["main.ts", "index.ts", "cluster/thread.ts", "demo/main.ts"];
    const offenders = files
      .filter((file) => !entries.includes(file))
      .filter((file) => /process\.(exit|env)\b/.test(readFileSync(join(src, file), "utf8")));
    expect(offenders).toEqual([]);
  });

  it("reads the wall clock in one place: everything else counts from the run's start", () => {
    const offenders = files
      .filter((file) => !["main.ts", "index.ts"].includes(file) && !file.startsWith("demo/"))
      .filter((file) => /\bDate\.now\b|new Date\(\)/.test(readFileSync(join(src, file), "utf8")));
    expect(offenders).toEqual([]);
  });

  it("has no timer but the Clock's", () => {
    const offenders = files
      .filter((file) => file !== "metrics/clock.ts" && !file.startsWith("demo/"))
      .filter((file) => /\b(setTimeout|setInterval)\(/.test(readFileSync(join(src, file), "utf8")));
    expect(offenders).toEqual([]);
  });
});

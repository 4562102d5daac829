import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { targetMetrics } from "../../src/metrics/vocabulary.ts";
import { root } from "./dashboard.ts";

interface Rule {
  record: string;
  expr: string;
  labels?: Record<string, string>;
}

const file = parse(readFileSync(resolve(root, "prometheus/rules/normalise.yml"), "utf8")) as {
  groups: { name: string; rules: Rule[] }[];
};
const rules = file.groups.flatMap((group) => group.rules);
const tests = readFileSync(resolve(root, "prometheus/rules.test/normalise.yml"), "utf8");

describe("rules that normalise", () => {
  it.each(
    rules.map(({ record, expr, labels = {} }) => [record, expr, labels] as const),
  )("%s from %s has the vocabulary's name and labels", (record, expr, labels) => {
    const metric = record.replace(/^target_/, "") as keyof typeof targetMetrics;
    const known: readonly string[] = [...(targetMetrics[metric]?.labels ?? []), "target", "source"];
    expect(Object.hasOwn(targetMetrics, metric)).toBe(true);
    expect(Object.keys(labels).filter((label) => !known.includes(label))).toEqual([]);
    const [, by = ""] = /^\w+ by \(([^)]*)\)/.exec(expr) ?? [];
    expect(by.split(", ").filter((label) => label !== "" && !known.includes(label))).toEqual([]);
  });

  it("give no series twice", () => {
    const keys = rules.map(({ record, labels }) => `${record} ${JSON.stringify(labels)}`);
    expect(keys.filter((key, i) => keys.indexOf(key) !== i && !key.includes("undefined"))).toEqual([]);
  });

  it("have a test for each exporter", () => {
    const sources = new Set(rules.flatMap(({ labels }) => labels?.["source"] ?? []));
    expect([...sources].filter((source) => !tests.includes(`source="${source}"`))).toEqual([]);
    expect(sources.size).toBe(8);
  });
});

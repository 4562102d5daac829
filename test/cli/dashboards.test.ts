import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { type DashboardJson, root } from "../dashboards/dashboard.ts";
import { queryText } from "../dashboards/expressions.ts";
import { plimsoll } from "./in-process.ts";

const shipped = readdirSync(resolve(root, "grafana/dashboards"));

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "plimsoll-dashboards-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

it("writes the dashboards as they are shipped, also over older ones", async () => {
  const at = join(folder(), "grafana");
  await plimsoll(["dashboards", at]);
  writeFileSync(join(at, "overview.json"), "old");
  const { code, stdout } = await plimsoll(["dashboards", at]);
  expect([code, stdout.trim().split("\n").sort()]).toEqual([0, shipped.map((name) => join(at, name)).sort()]);
  for (const name of shipped) {
    expect(readFileSync(join(at, name), "utf8")).toBe(readFileSync(resolve(root, "grafana/dashboards", name), "utf8"));
  }
});

it("makes a scenario's own, beside the shipped ones, which open on its newest run", async () => {
  const at = folder();
  const scenario = join(at, "s.yaml");
  writeFileSync(
    scenario,
    'name: The "shop"\nhost: http://localhost:8000\nusers: { One: { tasks: { Read: { get: / } } } }\n',
  );
  const { code } = await plimsoll(["dashboards", join(at, "boards"), scenario]);
  expect(code).toBe(0);
  const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as DashboardJson;
  const boards = shipped.map((name) => ({
    own: read(join(at, "boards", `the-shop-${name}`)),
    of: read(resolve(root, "grafana/dashboards", name)),
  }));
  expect(boards.length).toBeGreaterThan(1);
  expect(new Set(boards.flatMap(({ own, of }) => [own.uid, of.uid])).size).toBe(2 * boards.length);
  for (const { own, of } of boards) {
    // Grafana takes no longer ones.
    expect(own.uid.length).toBeLessThanOrEqual(40);
    expect([own.title, own.tags]).toEqual([`The "shop": ${of.title}`, [...of.tags, "the-shop"]]);
    expect(own.links.map(({ tags }) => tags)).toEqual(of.links.map(({ tags }) => [...tags, "the-shop"]));
    // A panel leads to the scenario's own dashboards, too.
    const panels = JSON.stringify(own.panels);
    const led = [...panels.matchAll(/"\/d\/([\w-]+)/g)].map(([, uid = ""]) => uid);
    expect(led.filter((uid) => boards.every((one) => one.own.uid !== uid))).toEqual([]);
    const back = boards.reduce((text, one) => text.replaceAll(`/d/${one.own.uid}?`, `/d/${one.of.uid}?`), panels);
    expect(JSON.parse(back)).toEqual(of.panels);
    const chosen = own.templating.list.find(({ name }) => name === "scenario");
    expect(chosen?.current).toEqual({ text: ['The "shop"'], value: ['The "shop"'] });
    const runs = own.templating.list.find(({ name }) => name === "run_id");
    expect(runs && queryText(runs)).toBe('label_values(plimsoll_run_info{scenario="The \\"shop\\""}, run_id)');
    const other = own.templating.list.find(({ name }) => name === "baseline");
    if (other !== undefined) expect(queryText(other)).toContain('plimsoll_run_info{scenario="The \\"shop\\""}[30d]');
  }
});

it("says what is wrong with the scenario, and where it cannot write", async () => {
  const at = folder();
  expect((await plimsoll(["dashboards", at, join(at, "none.yaml")])).code).toBe(104);
  writeFileSync(join(at, "file"), "");
  const { code, stderr } = await plimsoll(["dashboards", join(at, "file")]);
  expect([code, stderr]).toEqual([104, expect.stringContaining("Cannot write")]);
});

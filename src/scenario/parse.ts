import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { readHost } from "./address.ts";
import type { Environment } from "./environment.ts";
import { readFeeds } from "./feed.ts";
import { requestsOf } from "./flow.ts";
import { readHttp } from "./http-settings.ts";
import { readMetrics } from "./metrics.ts";
import { loadModule } from "./module.ts";
import { readOnce } from "./once.ts";
import type { TracePlan } from "./plan.ts";
import type { Problem } from "./problem.ts";
import { readProfile } from "./profile.ts";
import { Reader } from "./reader.ts";
import type { Scenario } from "./scenario.ts";
import { readSource as readYaml, Source, type SourceNode } from "./source.ts";
import { AnyName, capturedIn, hasCode } from "./steps.ts";
import { checkStructure } from "./structure.ts";
import { type Names, readThresholds } from "./thresholds.ts";
import { readClass, type ScenarioClass } from "./user-class.ts";
import { nodesOf } from "./value-source.ts";
import type { GivenVariable } from "./variables.ts";
import { type MappingCheck, ownMetrics, readSource, type ScenarioSource } from "./watch.ts";

/**
 * Reads a scenario file. `path` is where it came from, for its default name; `environment` is what `${…}` is filled in
 * from. `checkMappings` (`target/mapping-problems.ts`) looks at where `watch:` takes its metrics from. Gives all
 * problems at once, in the order of the file.
 */
export function readScenario(
  path: string,
  text: string,
  environment: Environment,
  checkMappings?: MappingCheck,
): { scenario: Scenario } | { problems: Problem[] } {
  const source = new Source(text);
  const read = readYaml(source);
  if ("problems" in read) return read;
  return understand(new Reader(source, environment, dirname(path)), read.root, path, checkMappings);
}

/**
 * Reads a scenario that a module exports by default; Node strips the types of TypeScript. Throws what the module throws.
 * `text` is the module's, for the places of problems.
 */
export async function readModule(
  path: string,
  text: string,
  environment: Environment,
  checkMappings?: MappingCheck,
): Promise<{ scenario: Scenario } | { problems: Problem[] }> {
  const module = pathToFileURL(resolve(path)).href;
  return readValue(await loadModule(module), { path, text, module }, environment, checkMappings);
}

/** Reads a scenario that is a value; `module` is the URL of the one whose default export it is. */
export function readValue(
  value: unknown,
  { path, text, module }: { path: string; text: string; module: string },
  environment: Environment,
  checkMappings?: MappingCheck,
): { scenario: Scenario } | { problems: Problem[] } {
  const source = new Source(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const params = { expected: "export default defineScenario({ … })" };
    return { problems: [source.problem("no-scenario", { offset: 0, length: 1, path: "" }, params)] };
  }
  const nodes = nodesOf(value, source, module);
  if ("problems" in nodes) return nodes;
  return understand(new Reader(source, environment, dirname(path)), nodes.root, path, checkMappings);
}

/** Reads a scenario's nodes. */
function understand(
  reader: Reader,
  root: SourceNode,
  path: string,
  checkMappings: MappingCheck = () => [],
): { scenario: Scenario } | { problems: Problem[] } {
  checkStructure(reader, root);
  const scenario = toScenario(reader, root, { path, checkMappings });
  const { problems } = reader;
  return problems.length > 0 ? { problems } : { scenario };
}

function toScenario(
  reader: Reader,
  root: SourceNode,
  { path, checkMappings }: { path: string; checkMappings: MappingCheck },
): Scenario {
  if (root.kind === "map" && reader.get(root, "users") === undefined && reader.get(root, "watch") === undefined) {
    const expected = "a map of user classes, or watch: with what to look at";
    reader.report("missing-key", { ...root, length: 1 }, { key: "users", expected });
  }
  const host = readHost(reader, reader.get(root, "host"));
  const ofSetup = capturedIn(reader, reader.get(root, "setup"));
  const setup = readOnce(reader, reader.get(root, "setup"), new Set());
  const feeds = readFeeds(reader, reader.get(root, "feeds"), ofSetup);
  // Only users have rows: setup and teardown belong to none.
  const fromSetup = ofSetup.map((name) => [name, { kind: "variable" }] as const);
  const fromFeeds = feeds.map(({ name, columns }) => [name, { kind: "feed", ...(columns && { columns }) }] as const);
  reader.give(new Map<string, GivenVariable>([...fromSetup, ...fromFeeds]));
  const classes = reader
    .named(reader.get(root, "users"))
    .map((entry) => readClass(reader, entry, { afterCode: hasCode(reader.get(root, "setup")) }));
  reader.give(new Map());
  const teardown = readOnce(
    reader,
    reader.get(root, "teardown"),
    hasCode(reader.get(root, "setup")) ? new AnyName() : new Set(ofSetup),
  );
  const classNames = classes.map(({ name }) => name);
  const watch = reader.named(reader.get(root, "watch"));
  const sources = watch
    .map((entry) => readSource(reader, entry, checkMappings, dirname(path)))
    .filter((one) => one !== undefined);
  const metrics = readMetrics(reader, reader.get(root, "metrics"));
  const names = { ...namesOf(classes, sources), custom: metrics };
  const thresholds = (node: SourceNode | undefined) => readThresholds(reader, node, names);
  const traces = readTraces(reader, reader.get(root, "traces"));
  return {
    name: reader.string(reader.get(root, "name")) ?? nameOf(path),
    ...(host === undefined ? {} : { host }),
    feeds: feeds.flatMap(({ feed }) => feed ?? []),
    classes,
    setup,
    teardown,
    profiles: reader.named(reader.get(root, "profiles")).map((entry) => ({
      ...readProfile(reader, entry, classNames),
      thresholds: thresholds(reader.get(entry.value, "thresholds")),
    })),
    metrics,
    thresholds: thresholds(reader.get(root, "thresholds")),
    sources,
    ...(traces === undefined ? {} : { traces }),
    http: readHttp(reader, root),
    labels: readLabels(reader, reader.get(root, "labels")),
  };
}

function nameOf(path: string): string {
  const file = path.split(/[\\/]/u).at(-1) ?? "";
  return file.replace(/\.(ya?ml|[cm]?[jt]s)$/iu, "") || "scenario";
}

function namesOf(classes: ScenarioClass[], sources: ScenarioSource[]): Omit<Names, "custom"> {
  const steps = classes.flatMap(({ start, stop, tasks }) => [
    ...start,
    ...stop,
    ...tasks.flatMap((task) => task.steps),
  ]);
  return {
    metrics: new Set(sources.flatMap(ownMetrics)),
    filters: new Map([
      ["user", new Set(classes.map(({ name }) => name))],
      // The steps of `start:` and `stop:` are counted under these tasks.
      ["task", new Set(["start", "stop", ...classes.flatMap(({ tasks }) => tasks.map(({ name }) => name))])],
      [
        "tag",
        new Set(classes.flatMap(({ tags = [], tasks }) => [...tags, ...tasks.flatMap((task) => task.tags ?? [])])),
      ],
      ["request", new Set(requestsOf(steps).map(({ name }) => name))],
    ]),
  };
}

function readTraces(reader: Reader, node: SourceNode | undefined): TracePlan | undefined {
  if (node?.kind !== "map") return undefined;
  const slowerThanMs = reader.duration(reader.get(node, "slowerThan"), 0);
  return {
    sample: reader.share(reader.get(node, "sample")) ?? 0,
    ...(slowerThanMs === undefined ? {} : { slowerThanMs }),
    failed: reader.boolean(reader.get(node, "failed")) ?? false,
  };
}

function readLabels(reader: Reader, node: SourceNode | undefined): Record<string, string> {
  const labels: [string, string][] = [];
  for (const { key, keyPlace, value } of reader.named(node)) {
    const text = reader.string(value);
    if (!/^[A-Za-z_]\w*$/u.test(key)) {
      reader.report("bad-key", keyPlace, { key, expected: "a label's name: letters, digits and _" });
    } else if (text !== undefined) labels.push([key, text]);
  }
  return Object.fromEntries(labels);
}

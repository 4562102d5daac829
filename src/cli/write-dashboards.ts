import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ownFile } from "../own-files.ts";
import { serviceOf } from "../rules/objective.ts";
import { type Io, UsageError } from "./io.ts";
import { writeOutput } from "./output-file.ts";
import { openScenario } from "./scenario-file.ts";

/** What is changed of a dashboard's classic JSON. */
interface Dashboard {
  uid: string;
  title: string;
  tags: string[];
  links: { tags: string[] }[];
  templating: { list: Variable[] };
}

interface Variable {
  name: string;
  definition?: string;
  query?: string | { query: string };
  current?: { text: string[]; value: string[] };
}

/** Grafana's limit for the name of a dashboard in addresses. */
const LONGEST_UID = 40;

/** Writes the dashboards of the package; a scenario's are others, beside them. Throws a UsageError where it cannot. */
export async function writeDashboards(io: Io, folder: string, file: string | undefined): Promise<void> {
  const scenario = file === undefined ? undefined : (await openScenario(io, file)).scenario.name;
  const shipped = ownFile("../grafana/dashboards/");
  const prefix = scenario === undefined ? "" : `${serviceOf(scenario)}-`;
  for (const name of readdirSync(shipped).filter((one) => one.endsWith(".json"))) {
    const text = readFileSync(new URL(name, shipped), "utf8");
    const path = join(folder, prefix + name);
    const problem = await writeOutput(path, scenario === undefined ? text : ofScenario(text, scenario));
    if (problem !== undefined) throw new UsageError(problem);
    io.stdout.write(`${path}\n`);
  }
}

/**
 * A dashboard that is of one scenario's runs: the newest of them is what it opens on. Its charts draw the limits of the
 * scenario's thresholds in any case, which a run shows on /metrics.
 */
function ofScenario(text: string, scenario: string): string {
  const tag = serviceOf(scenario);
  const hash = createHash("sha256").update(scenario).digest("hex").slice(0, 8);
  const ownUid = (uid: string) => `${uid.slice(0, LONGEST_UID - 1 - hash.length)}-${hash}`;
  const linked = text.replaceAll(/(?<="\/d\/)plimsoll-[a-z-]+/g, ownUid);
  const dashboard = JSON.parse(linked) as Dashboard;
  dashboard.uid = ownUid(dashboard.uid);
  dashboard.title = `${scenario}: ${dashboard.title}`;
  dashboard.tags = [...dashboard.tags, tag];
  // From one of the scenario's to another of the scenario's.
  for (const link of dashboard.links) link.tags = [...link.tags, tag];
  for (const variable of dashboard.templating.list) {
    if (variable.name === "scenario") variable.current = { text: [scenario], value: [scenario] };
    narrow(variable, scenario);
  }
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

/** A variable for runs offers those of the scenario alone. */
function narrow(variable: Variable, scenario: string): void {
  const ofScenario = `plimsoll_run_info{scenario=${JSON.stringify(scenario)}}`;
  const narrowed = (query: string) => query.replaceAll(/\bplimsoll_run_info(?![\w{])/g, () => ofScenario);
  if (variable.definition !== undefined) variable.definition = narrowed(variable.definition);
  if (typeof variable.query === "string") variable.query = narrowed(variable.query);
  else if (variable.query !== undefined) variable.query.query = narrowed(variable.query.query);
}

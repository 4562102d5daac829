import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { comparison } from "./comparison.ts";
import { generator } from "./generator.ts";
import { loadVsServer } from "./load-vs-server.ts";
import { normalisingRules } from "./normalise.ts";
import { overview } from "./overview.ts";
import { requests } from "./requests.ts";
import { ruleFile } from "./rules.ts";
import { slo } from "./slo.ts";
import { soak } from "./soak.ts";
import { target } from "./target.ts";

/** Every generated file: its path below the repository's root, and its text. */
export function generated(): Map<string, string> {
  const dashboards = [overview(), loadVsServer(), requests(), generator(), soak(), slo(), target(), comparison()];
  return new Map([
    ...dashboards.map((one): [string, string] => [dashboardPath(one), `${JSON.stringify(one, undefined, 2)}\n`]),
    ["prometheus/rules/plimsoll.yml", ruleFile()],
    ["prometheus/rules/normalise.yml", normalisingRules()],
  ]);
}

function dashboardPath({ uid }: Dashboard): string {
  return `grafana/dashboards/${uid?.replace(/^plimsoll-/, "")}.json`;
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, "../..");
  for (const [path, text] of generated()) {
    mkdirSync(dirname(resolve(root, path)), { recursive: true });
    writeFileSync(resolve(root, path), text);
    process.stdout.write(`${path}\n`);
  }
}

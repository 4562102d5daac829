import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { type PracticeTarget, startPracticeTarget } from "../demo/practice-target.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

/** With users as a locustfile has them. */
export const scenario = `
name: habits
users:
  Reader:
    weight: 3
    wait: 1s
    tasks:
      List: { weight: 3, tags: [read], get: /api/tasks?limit=1 }
      Health: { weight: 1, get: /health }
  Admin:
    wait: 1s
    tasks:
      Latest: { get: /api/tasks?limit=2 }
`;

/** A folder in which Plimsoll is started as Locust is, with the scenario where Locust looks for its file. */
export interface Ground {
  folder: string;
  plimsoll(args: string[], env?: Record<string, string>): Plimsoll;
  summary(): Summary;
}

export function ground(text = scenario): Ground {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "locustfile.yaml"), text);
  return {
    folder,
    plimsoll: (args, env = {}) => new Plimsoll(args, { folder, env: { HOME: folder, ...env } }),
    summary: () => JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as Summary,
  };
}

/** With a practice target, which does not outlive its test. */
export async function loaded(text = scenario): Promise<Ground & { target: PracticeTarget }> {
  const target = await startPracticeTarget();
  onTestFinished(() => target.stop());
  return { target, ...ground(text) };
}

import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

export interface ScenarioFile {
  name: string;
  text: string;
}

const bad = join(import.meta.dirname, "../bad");

function read(path: string): ScenarioFile {
  return { name: basename(path), text: readFileSync(path, "utf8") };
}

/** Files that are wrong. The first line of each says where and how: `# 7:5 unknown-key, 9:1 feeds`. */
export const badFiles: ScenarioFile[] = readdirSync(bad).map((name) => read(join(bad, name)));

export const goodFiles: ScenarioFile[] = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => read(join(import.meta.dirname, name)));

/** What the files may find in their environment. */
export const environment: Record<string, string> = {
  WORD: "many",
  USERS: "5",
  API_TOKEN: "canary-token",
  ADMIN_KEY: "canary-key",
  LOGIN_URL: "http://somebody:canary-login@localhost/",
  LOAD_TEST_PASSWORD: "canary-password",
};

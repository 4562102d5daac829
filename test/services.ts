import { accessSync, constants, globSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Programs that integration tests drive for real, with the Debian package that has each. */
const packages = {
  prometheus: "prometheus",
  promtool: "prometheus",
  nginx: "nginx-light",
  chromium: "chromium",
  "redis-server": "redis-server",
  "redis-cli": "redis-tools",
  postgres: "postgresql",
  initdb: "postgresql",
  psql: "postgresql-client",
  "rabbitmq-server": "rabbitmq-server",
  "nats-server": "nats-server",
  "prometheus-node-exporter": "prometheus-node-exporter",
  faketime: "faketime",
  locust: "(pip install locust)",
  script: "bsdutils",
  "compose-go": "(go install github.com/compose-spec/compose-go/v2/cmd@latest)",
} as const;

export type Program = keyof typeof packages;

/**
 * Where a program is, or undefined if this machine lacks it; then the tests that need it are left out, and said so. With
 * CI=true its absence is an error: CI leaves nothing out.
 */
export function program(name: Program): string | undefined {
  const path = onPath(name);
  if (path === undefined && process.env.CI === "true")
    throw new Error(`CI needs ${name}: install ${packages[name]} (.ci/run does)`);
  return path;
}

/** PostgreSQL's own programs, of several versions the newest: those on the PATH are Debian's wrappers, and slow. */
const postgresql = globSync("/usr/lib/postgresql/*/bin").toSorted().toReversed();

/** Where any program is, if it is on the PATH or where Debian keeps it. */
export function onPath(name: string): string | undefined {
  for (const folder of [...postgresql, ...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder: look in the next.
    }
  }
  return undefined;
}

/** One line for each program that is missing here. */
export function leftOut(): string[] {
  return (Object.keys(packages) as Program[])
    .filter((name) => process.env.CI !== "true" && program(name) === undefined)
    .map((name) => `tests that need ${name} (package ${packages[name]})`);
}

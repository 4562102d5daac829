import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onPath } from "../../services.ts";
import type { Command, Load, OpenCommand, OpenLoad, Peer } from "./peer.ts";
import { said } from "./version.ts";

const checks = `
  check(response, {
    "status is 200": (r) => r.status === 200,
    "ok is true": (r) => r.json("ok") === true,
  });`;

function script(url: string, after: string): string {
  return `import http from "k6/http";
import { check, sleep } from "k6";
export default function () {
  const response = http.get(${JSON.stringify(url)});${after}
}
`;
}

function arrivals({ perSecond, seconds, users }: OpenLoad): string {
  return `export const options = {
  summaryTrendStats: ["p(90)", "p(99)"],
  scenarios: {
    open: {
      executor: "constant-arrival-rate",
      rate: ${perSecond},
      duration: "${seconds}s",
      preAllocatedVUs: ${users},
    },
  },
};
`;
}

interface Exported {
  metrics: { http_req_duration: Record<"p(90)" | "p(99)", number>; dropped_iterations?: { count: number } };
}

function open(program: string, load: OpenLoad): OpenCommand {
  const file = join(load.folder, "script.js");
  const exported = join(load.folder, "k6.json");
  writeFileSync(file, arrivals(load) + script(load.url, ""));
  return {
    program,
    args: ["run", "--quiet", "--no-usage-report", "--summary-mode=legacy", "--summary-export", exported, file],
    figures() {
      const { metrics } = JSON.parse(readFileSync(exported, "utf8")) as Exported;
      const { "p(90)": p90, "p(99)": p99 } = metrics.http_req_duration;
      return { p90: p90 / 1000, p99: p99 / 1000, dropped: metrics.dropped_iterations?.count ?? 0 };
    },
  };
}

function command(program: string, { url, folder }: Load, after: string, args: string[]): Command {
  const file = join(folder, "script.js");
  writeFileSync(file, script(url, after));
  return { program, args: ["run", "--quiet", "--no-usage-report", ...args, file] };
}

function k6(name: string, after: string): Peer {
  return {
    name,
    program: onPath("k6"),
    install: "go install go.k6.io/k6@latest",
    version: (program) => said(program, ["version"], /k6(?:\.\w+)? v(\S+)/),
    loop: (program, load) => command(program, load, after, ["-u", `${load.users}`, "-d", `${load.seconds}s`]),
    idle: (program, load) =>
      command(program, load, `sleep(${load.seconds});`, ["-u", `${load.users}`, "-i", `${load.users}`]),
    once: (program, load) => command(program, load, after, ["-u", "1", "-i", "1"]),
    open,
  };
}

export const k6Plain = k6("k6, no check", "");
export const k6Checked = k6("k6, status and JSON check", checks);

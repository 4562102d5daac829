import { readFileSync } from "node:fs";
import type { ClassChange } from "../../scenario/class-change.ts";
import { timespanMs } from "../../ui/timespan.ts";
import { label, listenAddress, duration as ownDuration, positiveInteger, processes, rate } from "../flags.ts";
import type { OutputFlags } from "../output-flags.ts";
import type { LocustArguments } from "./arguments.ts";
import { type LogLevel, logLevels } from "./log.ts";

/** What a bare `plimsoll …` was asked for, read and checked. */
export interface LocustSettings {
  file: string | undefined;
  profile: string | undefined;
  classes: readonly string[];
  host: string | undefined;
  users: number | undefined;
  spawnRate: number | undefined;
  runTimeMs: number | undefined;
  stopTimeoutMs: number | undefined;
  processes: number | undefined;
  tags: readonly string[];
  excludeTags: readonly string[];
  equalWeights: boolean;
  classChanges: readonly ClassChange[];
  /** At once, or when the page says so. */
  start: "headless" | "autostart" | "page";
  /** Undefined: the page stays until a signal. */
  autoquitMs: number | undefined;
  /** As somebody asked for it. */
  listen: { host: string; port: number } | undefined;
  metricsListen: { host: string; port: number } | undefined;
  token: string | undefined;
  lingerMs: number | undefined;
  csv: { prefix: string; fullHistory: boolean } | undefined;
  html: string | undefined;
  json: boolean;
  /** Without `.json`. */
  jsonFile: string | undefined;
  outputs: OutputFlags;
  runs: string;
  seed: number | undefined;
  labels: Record<string, string>;
  /** Whether the table is printed while the load runs. */
  liveTable: boolean;
  allowCommands: boolean;
  resetStats: boolean;
  exitCodeOnError: number;
  log: { level: LogLevel; file: string | undefined; quiet: boolean };
}

/** Reads what was given; what is wrong with it is added to the arguments' problems. */
export function settingsOf(given: LocustArguments): LocustSettings {
  const headless = given.has("headless") && !given.has("headful");
  const autostart = given.has("autostart");
  const autoquit = given.read("autoquit", wholeNumber);
  const prefix = given.text("csv");
  const fullHistory = given.has("csv-full-history");
  const problem = (text: string) => void given.problems.push(text);
  if (fullHistory && prefix === undefined) problem("--csv-full-history needs --csv.");
  if (autoquit !== undefined && autoquit >= 0 && !autostart) problem("--autoquit needs --autostart.");
  const webHost = given.text("web-host");
  const webPort = given.read("web-port", (text) => listenAddress(text).port);
  const token = given.text("web-token");
  const everywhere = token === undefined ? "127.0.0.1" : "0.0.0.0";
  const listen = { host: webHost === "*" ? everywhere : (webHost ?? "127.0.0.1"), port: webPort ?? 8089 };
  return {
    file: given.text("locustfile"),
    profile: given.text("profile"),
    classes: given.classes,
    host: given.text("host"),
    users: given.read("users", positiveInteger),
    spawnRate: given.read("spawn-rate", rate),
    runTimeMs: given.read("run-time", aboveZero),
    stopTimeoutMs: given.read("stop-timeout", timespan),
    processes: given.read("processes", processes),
    tags: given.list("tags"),
    excludeTags: given.list("exclude-tags"),
    equalWeights: given.has("equal-weights"),
    classChanges: given.list("config-users").flatMap((text) => readClassChanges(text, problem)),
    start: headless ? "headless" : autostart ? "autostart" : "page",
    autoquitMs: autoquit === undefined || autoquit < 0 ? undefined : autoquit * 1000,
    listen: webHost === undefined && webPort === undefined ? undefined : listen,
    metricsListen: given.read("metrics-listen", listenAddress),
    token,
    lingerMs: given.read("linger", ownDuration),
    csv: prefix === undefined ? undefined : { prefix, fullHistory },
    html: given.text("html"),
    json: given.has("json"),
    jsonFile: given.text("json-file"),
    outputs: outputsOf(given),
    runs: given.text("runs") ?? "runs",
    seed: given.read("seed", positiveInteger),
    labels: readLabels(given.list("label"), problem),
    liveTable: !given.has("only-summary") && (headless || given.has("print-stats")),
    allowCommands: given.has("allow-commands"),
    resetStats: given.has("reset-stats"),
    exitCodeOnError: given.read("exit-code-on-error", exitCodeNumber) ?? 1,
    log: {
      level: given.read("loglevel", logLevel) ?? "INFO",
      file: given.text("logfile"),
      quiet: given.has("skip-log-setup"),
    },
  };
}

function outputsOf(given: LocustArguments): OutputFlags {
  const [summary, junit, markdown] = [given.text("summary"), given.text("junit"), given.text("markdown")];
  return {
    ...(summary === undefined ? {} : { summary }),
    ...(junit === undefined ? {} : { junit }),
    ...(markdown === undefined ? {} : { markdown }),
  };
}

/** Locust's times, in milliseconds. */
export function timespan(text: string): number {
  const ms = timespanMs(text);
  if (ms === undefined) throw new Error("expected a time such as 300, 300s, 20m, 3h or 1h30m");
  return ms;
}

function aboveZero(text: string): number {
  const ms = timespan(text);
  if (ms === 0) throw new Error("expected a time above 0; leave it out to run until it is stopped");
  return ms;
}

function wholeNumber(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new Error("expected a whole number of seconds");
  return Number(text);
}

function exitCodeNumber(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 255) throw new Error("expected a whole number from 0 to 255");
  return Number(text);
}

function logLevel(text: string): LogLevel {
  const level = logLevels.find((one) => one === text.toUpperCase());
  if (level === undefined) throw new Error(`expected one of ${logLevels.join(", ")}`);
  return level;
}

function readLabels(texts: readonly string[], problem: (text: string) => void): Record<string, string> {
  let labels: Record<string, string> = {};
  for (const text of texts) {
    try {
      labels = label(text, labels);
    } catch (error) {
      problem(`--label: ${(error as Error).message} Got ${JSON.stringify(text)}.`);
    }
  }
  return labels;
}

/** JSON, or the name of a file with it: one class, or a list of them. */
function readClassChanges(text: string, problem: (text: string) => void): ClassChange[] {
  const isJson = /^\s*[[{]/.test(text);
  let value: unknown;
  try {
    value = JSON.parse(isJson ? text : readFileSync(text, "utf8"));
  } catch (error) {
    problem(`--config-users: ${isJson ? "is no JSON" : `cannot read ${text} as JSON`}: ${(error as Error).message}`);
    return [];
  }
  return [value].flat().flatMap((one) => readClassChange(one, problem) ?? []);
}

function readClassChange(value: unknown, report: (text: string) => void): ClassChange | undefined {
  const problem = (text: string) => report(`--config-users: ${text}, got ${JSON.stringify(value)}`);
  if (typeof value !== "object" || value === null || !("user_class_name" in value)) {
    problem('expected {"user_class_name": "…", "weight": 2}');
    return undefined;
  }
  const {
    user_class_name: name,
    weight,
    fixed_count: fixedCount,
    host,
    tasks,
    ...rest
  } = value as Record<string, unknown>;
  if (typeof name !== "string") problem("expected a class's name in user_class_name");
  const unknown = Object.keys(rest);
  if (unknown.length > 0)
    problem(`expected weight, fixed_count, host and tasks alone; ${unknown.join(", ")} belongs in the scenario`);
  const isWeight = typeof weight === "number" && weight > 0 && Number.isFinite(weight);
  if (weight !== undefined && !isWeight) problem("expected a weight above 0");
  const isCount = Number.isInteger(fixedCount) && Number(fixedCount) >= 0;
  if (fixedCount !== undefined && !isCount) problem("expected a whole number as fixed_count");
  if (host !== undefined && typeof host !== "string") problem("expected a URL as host");
  const areTasks = Array.isArray(tasks) && tasks.every((task) => typeof task === "string") && tasks.length > 0;
  if (tasks !== undefined && !areTasks) problem("expected a list of task names");
  return {
    name: String(name),
    ...(isWeight ? { weight } : {}),
    ...(isCount ? { fixedCount: Number(fixedCount) } : {}),
    ...(typeof host === "string" ? { host } : {}),
    ...(areTasks ? { tasks } : {}),
  };
}

import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { Stage } from "../scenario/plan.ts";
import { duration, label, positiveInteger } from "./flags.ts";

/**
 * The flags of `k6 run` by their names, and what they are here. Source: `k6 run --help` of k6 2.2 and its documentation,
 * "Options reference".
 */
export interface K6Flag {
  /** As commander has it: `-u, --vus <n>`. */
  flags: string;
  /** What else may set it; k6's own name. */
  variable?: `K6_${string}`;
  /** `taken`: it does what it does in k6. `nothing`: it is taken and there is nothing to do. `refused`: it ends with `here`. */
  kind: "taken" | "nothing" | "refused";
  /** For people: what it does here; or, of one that is refused, what to do instead. */
  here: string;
  parse?: (text: string, before: never) => unknown;
}

/** What `k6 run`'s flags say, read. */
export interface K6Flags {
  vus?: number;
  iterations?: number;
  stage?: Stage[];
  env?: Record<string, string>;
  tag?: Record<string, string>;
  out?: string[];
  summaryExport?: string;
  thresholds?: boolean;
  setup?: boolean;
  teardown?: boolean;
  insecureSkipTlsVerify?: boolean;
  maxRedirects?: number;
  quiet?: boolean;
}

const outputs =
  "json=FILE is --summary FILE, csv=FILE is --csv FILE, web-dashboard is the page; of others a sentence says what to do";
const everySummary = "--summary FILE has the whole summary, the console what people look for first";

export const k6Flags: readonly K6Flag[] = [
  {
    flags: "-u, --vus <n>",
    variable: "K6_VUS",
    kind: "taken",
    here: "so many users, all from the start; alone, they run as many tasks as they are, together",
    parse: positiveInteger,
  },
  {
    flags: "-i, --iterations <n>",
    variable: "K6_ITERATIONS",
    kind: "taken",
    here: "so many tasks, shared by the users; --duration is the most that they may take (10m)",
    parse: positiveInteger,
  },
  {
    flags: "-s, --stage <time:n>",
    variable: "K6_STAGES",
    kind: "taken",
    here: "linearly to n users within the time, such as 30s:20, from --vus or 1; may be given several times",
    parse: stages,
  },
  {
    flags: "-e, --env <key=value>",
    kind: "taken",
    here: "a variable of the environment, which the scenario may name; may be given several times",
    parse: label,
  },
  { flags: "--tag <key=value>", kind: "taken", here: "as --label", parse: label },
  { flags: "-o, --out <output>", variable: "K6_OUT", kind: "taken", here: outputs, parse: several },
  {
    flags: "--summary-export <file>",
    variable: "K6_SUMMARY_EXPORT",
    kind: "taken",
    here: "writes the figures in the form of k6's summary export",
  },
  {
    flags: "--no-thresholds",
    variable: "K6_NO_THRESHOLDS",
    kind: "taken",
    here: "judges nothing: no threshold, and no failed request, fails the run",
  },
  { flags: "--no-setup", variable: "K6_NO_SETUP", kind: "taken", here: "leaves out setup:" },
  { flags: "--no-teardown", variable: "K6_NO_TEARDOWN", kind: "taken", here: "leaves out teardown:" },
  {
    flags: "--insecure-skip-tls-verify",
    variable: "K6_INSECURE_SKIP_TLS_VERIFY",
    kind: "taken",
    here: "looks at no certificate of the target",
  },
  {
    flags: "--max-redirects <n>",
    variable: "K6_MAX_REDIRECTS",
    kind: "taken",
    here: "how many redirects are followed where a request does not say (10)",
    parse: wholeNumber,
  },
  { flags: "-q, --quiet", kind: "taken", here: "prints the end alone, not how the run goes" },

  { flags: "--discard-response-bodies", kind: "nothing", here: "bodies that nothing looks at are not kept" },
  { flags: "--no-usage-report", kind: "nothing", here: "nothing is reported" },
  { flags: "--no-color", kind: "nothing", here: "NO_COLOR=1 takes the colours off" },
  { flags: "-v, --verbose", kind: "nothing", here: "what happens is printed, and kept in the run file" },
  { flags: "--throw", kind: "nothing", here: "a request that failed is counted, and ends its task" },

  { flags: "--rps <n>", kind: "refused", here: "a profile of arrivals keeps a rate: arrivals: 100/s" },
  { flags: "--paused", kind: "refused", here: "plimsoll -f FILE waits for Start on the page" },
  { flags: "-a, --address <address>", kind: "refused", here: "--listen 127.0.0.1:8089 says where the page is served" },
  { flags: "-c, --config <file>", kind: "refused", here: "profiles and labels stand in the scenario" },
  {
    flags: "--http-debug [how]",
    kind: "refused",
    here: "plimsoll check FILE --once shows each request and what came of it",
  },
  { flags: "--summary-mode <mode>", kind: "refused", here: everySummary },
  { flags: "--summary-trend-stats <list>", kind: "refused", here: everySummary },
  { flags: "--summary-time-unit <unit>", kind: "refused", here: "figures carry their unit; files are in seconds" },
  { flags: "--new-machine-readable-summary", kind: "refused", here: "--summary FILE is ours, with a schema" },
  { flags: "--system-tags <list>", kind: "refused", here: "series are kept by user class, task, request and method" },
  { flags: "--execution-segment <from:to>", kind: "refused", here: "one Plimsoll fills this machine's cores" },
  { flags: "--execution-segment-sequence <list>", kind: "refused", here: "one Plimsoll fills this machine's cores" },
  {
    flags: "--traces-output <output>",
    kind: "refused",
    here: "traces: in the scenario, and OTEL_EXPORTER_OTLP_ENDPOINT",
  },
  {
    flags: "--secret-source <source>",
    kind: "refused",
    here: "a variable named …SECRET, TOKEN, KEY or PASSWORD is a secret",
  },
  { flags: "--user-agent <text>", kind: "refused", here: "headers: { user-agent: … } of a user class" },
  { flags: "--no-connection-reuse", kind: "refused", here: "a user keeps its connections" },
  {
    flags: "--no-vu-connection-reuse",
    kind: "refused",
    here: "a user keeps its connections for its life",
  },
  { flags: "--min-iteration-duration <time>", kind: "refused", here: "wait: { pacing: 10s } of a user class" },
  { flags: "--batch <n>", kind: "refused", here: "parallel: in a task says what goes at once" },
  { flags: "--batch-per-host <n>", kind: "refused", here: "parallel: in a task says what goes at once" },
  { flags: "--dns <how>", kind: "refused", here: "names are looked up by the system, and kept for 30 s" },
  { flags: "--blacklist-ip <range>", kind: "refused", here: "a run asks the hosts of its scenario alone" },
  { flags: "--block-hostnames <pattern>", kind: "refused", here: "a run asks the hosts of its scenario alone" },
  { flags: "--local-ips <range>", kind: "refused", here: "the system chooses the address" },
  {
    flags: "--console-output <file>",
    kind: "refused",
    here: "a scenario has no console; its checks are in the summary",
  },
  { flags: "--log-output <where>", kind: "refused", here: "send the output elsewhere: > FILE" },
  { flags: "--log-format <format>", kind: "refused", here: "--summary FILE is for programs" },
  { flags: "--compatibility-mode <mode>", kind: "refused", here: "a scenario in TypeScript is run by Node itself" },
  { flags: "--include-system-env-vars", kind: "refused", here: "a scenario reads what of the environment it names" },
];

/** What a flag means, for people. */
export function hereOf({ kind, here }: K6Flag): string {
  if (kind === "taken") return here;
  return `${kind === "nothing" ? "nothing to do" : "not taken"}: ${here}`;
}

/** `-d` and `--linger` are there already, as flags of ours. */
const EXECUTION = ["duration", "iterations", "stage"] as const;

export function addK6Flags(command: Command): Command {
  for (const { flags, kind, here, parse } of k6Flags) {
    const option = new Option(flags, here).helpGroup("k6's flags:");
    if (parse !== undefined) option.argParser(parse as (text: string, before: unknown) => unknown);
    command.addOption(kind === "taken" ? option : option.hideHelp());
  }
  return command;
}

/**
 * Fills in what `K6_…` variables say and no flag does, and gives a sentence for each flag that is not taken. A duration,
 * iterations or stages that were given as flags take the place of all three in the environment, as in k6.
 */
export function readK6(command: Command, environment: Record<string, string | undefined>): string[] {
  const problems: string[] = [];
  const isGiven = (name: string) => command.getOptionValueSource(name) === "cli";
  const hasExecution = EXECUTION.some(isGiven);
  const ours: K6Flag = {
    flags: "-d, --duration <time>",
    variable: "K6_DURATION",
    kind: "taken",
    here: "",
    parse: duration,
  };
  for (const flag of [...k6Flags, ours]) {
    const { flags, variable, kind, parse } = flag;
    const option = new Option(flags);
    const name = option.attributeName();
    if (kind === "refused" && isGiven(name)) problems.push(`${option.long}: ${hereOf(flag)}.`);
    const text = variable === undefined ? undefined : environment[variable];
    if (kind !== "taken" || text === undefined || text === "" || isGiven(name)) continue;
    if (hasExecution && EXECUTION.some((one) => one === name)) continue;
    try {
      const isSwitch = !option.required && !option.optional;
      const value = isSwitch ? isTrue(text) : ((parse as ((text: string) => unknown) | undefined)?.(text) ?? text);
      command.setOptionValueWithSource(name, option.negate ? !value : value, "env");
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      problems.push(`${variable}=${text}: ${error.message}`);
    }
  }
  return problems;
}

/** `30s:20`, or several with commas; without a number the level stays. */
function stages(text: string, before: Stage[] = []): Stage[] {
  const list = [...before];
  for (const one of text.split(",")) {
    const [, time = "", users] = /^([^:]+)(?::(\d+))?$/.exec(one.trim()) ?? [];
    if (!/^\d/.test(time)) throw new InvalidArgumentError("Expected a time and a number of users, such as 30s:20.");
    const ms = /^0+(s|m|h|ms)?$/.test(time) ? 0 : duration(time);
    const held = { users: list.at(-1)?.users ?? 1, overMs: 0, forMs: ms };
    list.push(users === undefined ? held : { users: Number(users), overMs: ms, forMs: 0 });
  }
  return list;
}

function several(text: string, before: string[] = []): string[] {
  return [...before, text];
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Expected a whole number.");
  return Number(text);
}

function isTrue(text: string): boolean {
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw new InvalidArgumentError("Expected true or false.");
}

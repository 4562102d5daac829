/**
 * The flags of the bare form, `plimsoll [flags] [UserClass …]`: Locust 2.46's, by its names, and after them Plimsoll's own.
 * Source: `locust --help` and Locust's documentation, "Configuration".
 */
export interface LocustFlag {
  long: `--${string}`;
  short?: `-${string}`;
  /** What stands for its value in the help; a switch has none. */
  argument?: string;
  /** Takes every value up to the next flag. */
  many?: true;
  /** May be given several times, with a value each time. */
  repeated?: true;
  /** The variable behind `LOCUST_` and `PLIMSOLL_`, where it is not the flag's name in capitals; null: there is none. */
  variable?: string | null;
  /** It counts on the command line alone: whoever can write a file beside the scenario, or a variable, cannot set it. */
  typed?: true;
  group: FlagGroup;
  /** For people: what it does here; or, of one that does nothing here, what to do instead. */
  meaning: string;
  /** It is not taken: `meaning` says what to do instead. */
  refused?: true;
}

export const flagGroups = ["load", "page", "figures", "log", "scenario", "own", "refused"] as const;
export type FlagGroup = (typeof flagGroups)[number];

const groupTitles: Record<FlagGroup, string> = {
  load: "The load",
  page: "The page",
  figures: "Figures",
  log: "Log",
  scenario: "The scenario",
  own: "Plimsoll's own",
  refused: "Locust's that are not taken, and what to do instead",
};

const machines =
  "one Plimsoll fills this machine's cores (--processes); several machines cannot share a run yet: start one on each, and let Prometheus add them up";

const table = [
  {
    long: "--locustfile",
    short: "-f",
    argument: "<file>",
    group: "scenario",
    meaning: "the scenario; by default plimsoll.yaml, scenario.yaml or locustfile.yaml here",
  },
  {
    long: "--config",
    argument: "<file>",
    variable: null,
    group: "scenario",
    meaning: "flags from a file, after ~/.locust.conf, ./pyproject.toml, ./locust.conf and ./plimsoll.conf",
  },
  {
    long: "--profile",
    argument: "<name>",
    variable: null,
    group: "scenario",
    meaning: "the profile of the scenario to run; Locust's, which only names a group of runs, is --label",
  },
  {
    long: "--list",
    short: "-l",
    variable: null,
    group: "scenario",
    meaning: "print the scenario's user classes and end",
  },
  {
    long: "--show-task-ratio",
    variable: null,
    group: "scenario",
    meaning: "print how often each task will run and end",
  },
  { long: "--show-task-ratio-json", variable: null, group: "scenario", meaning: "the same as JSON" },
  {
    long: "--config-users",
    argument: "<json or file>",
    many: true,
    group: "scenario",
    meaning: 'change user classes: [{"user_class_name": "A", "weight": 2}]; weight, fixed_count, host and tasks',
  },
  {
    long: "--equal-weights",
    variable: null,
    group: "scenario",
    meaning: "all classes and tasks weigh the same, whatever the scenario says",
  },
  {
    long: "--host",
    short: "-H",
    argument: "<url>",
    group: "load",
    meaning: "the service to load, in place of the scenario's host",
  },
  {
    long: "--users",
    short: "-u",
    argument: "<n>",
    group: "load",
    meaning: "how many users, in place of the profile's",
  },
  {
    long: "--spawn-rate",
    short: "-r",
    argument: "<n>",
    group: "load",
    meaning: "users started a second: 10 or 0.5",
  },
  {
    long: "--run-time",
    short: "-t",
    argument: "<time>",
    group: "load",
    meaning: "how long, spawning included: 300, 300s, 20m, 1h30m; by default the profile's, or until stopped",
  },
  {
    long: "--stop-timeout",
    short: "-s",
    argument: "<time>",
    group: "load",
    meaning: "how long users may take at the end to finish what they have begun (default: 30s; 0 breaks it off)",
  },
  {
    long: "--processes",
    argument: "<n>",
    group: "load",
    meaning: "worker threads; -1 for one a core (default: one a core, less one)",
  },
  {
    long: "--headless",
    group: "page",
    meaning: "start at once and end with the load; without it the page waits for Start",
  },
  { long: "--headful", group: "page", meaning: "takes a --headless back, as of a configuration file" },
  { long: "--autostart", group: "page", meaning: "start at once, and leave the page open when the load has ended" },
  {
    long: "--autoquit",
    argument: "<seconds>",
    group: "page",
    meaning: "with --autostart: end so many seconds after the load (default -1: stay)",
  },
  {
    long: "--web-host",
    argument: "<ip>",
    group: "page",
    meaning: "where the page is served (default: 127.0.0.1); another than a loopback address needs --web-token",
  },
  { long: "--web-port", short: "-P", argument: "<port>", group: "page", meaning: "its port (default: 8089)" },
  {
    long: "--class-picker",
    variable: "USERCLASS_PICKER",
    group: "page",
    meaning: "taken, and does nothing: the page always offers the user classes to choose from",
  },
  {
    long: "--csv",
    argument: "<prefix>",
    group: "figures",
    meaning: "write <prefix>_stats.csv, _stats_history.csv, _failures.csv and _exceptions.csv; makes their folder",
  },
  { long: "--csv-full-history", group: "figures", meaning: "with --csv: a row for each request name each second, too" },
  {
    long: "--html",
    argument: "<file>",
    group: "figures",
    meaning:
      "write a report; {u}, {r} and {t} in its name, and in that of --csv and --json-file, become users, spawn rate and run time",
  },
  { long: "--json", variable: null, group: "figures", meaning: "print the figures as JSON to stdout at the end" },
  {
    long: "--json-file",
    argument: "<name>",
    variable: null,
    group: "figures",
    meaning: "write them to <name>.json, in place of the tables at the end",
  },
  { long: "--print-stats", group: "figures", meaning: "print the table each 2 s without --headless, too" },
  { long: "--only-summary", group: "figures", meaning: "print the table at the end only" },
  {
    long: "--reset-stats",
    group: "figures",
    meaning: "figures and thresholds count from when all users were started",
  },
  {
    long: "--exit-code-on-error",
    argument: "<code>",
    group: "figures",
    meaning: "the exit code when a request failed and the scenario has no thresholds (default: 1)",
  },
  {
    long: "--loglevel",
    short: "-L",
    argument: "<level>",
    group: "log",
    meaning: "DEBUG, INFO, WARNING, ERROR or CRITICAL (default: INFO)",
  },
  { long: "--logfile", argument: "<file>", group: "log", meaning: "log lines go there, not to stderr" },
  {
    long: "--skip-log-setup",
    group: "log",
    meaning: "no log lines: with --json nothing but the JSON is printed to stdout",
  },
  { long: "--version", short: "-V", variable: null, group: "log", meaning: "print the version" },
  { long: "--help", short: "-h", variable: null, group: "log", meaning: "print this" },
  {
    long: "--tags",
    short: "-T",
    argument: "<tag>",
    many: true,
    group: "scenario",
    meaning: "only tasks with one of these tags",
  },
  {
    long: "--exclude-tags",
    short: "-E",
    argument: "<tag>",
    many: true,
    group: "scenario",
    meaning: "no task with one of these tags",
  },
  { long: "--seed", argument: "<n>", group: "own", meaning: "repeats another run's random choices" },
  {
    long: "--label",
    argument: "<key=value>",
    repeated: true,
    group: "own",
    meaning: "kept with the run, such as --label group=nightly; may be given several times",
  },
  { long: "--runs", argument: "<folder>", group: "own", meaning: "where run files go (default: runs)" },
  { long: "--summary", argument: "<file>", group: "own", meaning: "write the summary as JSON" },
  { long: "--junit", argument: "<file>", group: "own", meaning: "write the verdict as JUnit XML" },
  { long: "--markdown", argument: "<file>", group: "own", meaning: "write the summary as Markdown" },
  {
    long: "--metrics-listen",
    argument: "<address>",
    group: "own",
    meaning: "serve /metrics alone there too, also to other machines",
  },
  {
    long: "--web-token",
    argument: "<token>",
    group: "own",
    meaning: "let in whoever has this token, also from other machines; better in the variable",
  },
  {
    long: "--linger",
    argument: "<time>",
    group: "own",
    meaning: "after the end, wait at most this long for a scraper seen once",
  },
  {
    long: "--allow-commands",
    variable: null,
    typed: true,
    group: "own",
    meaning: "let the scenario's sources run the commands that it names; on the command line alone",
  },
  { long: "--master", variable: "MODE_MASTER", group: "refused", refused: true, meaning: machines },
  { long: "--worker", variable: "MODE_WORKER", group: "refused", refused: true, meaning: machines },
  { long: "--expect-workers", argument: "<n>", group: "refused", refused: true, meaning: machines },
  { long: "--expect-workers-max-wait", argument: "<n>", group: "refused", refused: true, meaning: machines },
  {
    long: "--master-host",
    argument: "<host>",
    variable: "MASTER_NODE_HOST",
    group: "refused",
    refused: true,
    meaning: machines,
  },
  {
    long: "--master-port",
    argument: "<port>",
    variable: "MASTER_NODE_PORT",
    group: "refused",
    refused: true,
    meaning: machines,
  },
  { long: "--master-bind-host", argument: "<ip>", group: "refused", refused: true, meaning: machines },
  { long: "--master-bind-port", argument: "<port>", group: "refused", refused: true, meaning: machines },
  {
    long: "--enable-rebalancing",
    variable: null,
    group: "refused",
    refused: true,
    meaning: "leave it out: a worker that is lost is replaced anyway, its share with it",
  },
  {
    long: "--expect-slaves",
    variable: null,
    group: "refused",
    refused: true,
    meaning: "Locust renamed it --expect-workers long ago; here, one Plimsoll fills this machine's cores (--processes)",
  },
  {
    long: "--slave",
    variable: null,
    group: "refused",
    refused: true,
    meaning: "Locust renamed it --worker long ago; here, one Plimsoll fills this machine's cores (--processes)",
  },
  {
    long: "--web-login",
    group: "refused",
    refused: true,
    meaning: "leave it out: set PLIMSOLL_WEB_TOKEN, and whoever has the token is let in",
  },
  {
    long: "--web-auth",
    argument: "<user:password>",
    variable: null,
    group: "refused",
    refused: true,
    meaning: "leave it out: set PLIMSOLL_WEB_TOKEN, and whoever has the token is let in",
  },
  {
    long: "--tls-cert",
    argument: "<file>",
    group: "refused",
    refused: true,
    meaning: "leave it out: put a proxy with TLS before the page, or come by ssh -L 8089:127.0.0.1:8089",
  },
  {
    long: "--tls-key",
    argument: "<file>",
    group: "refused",
    refused: true,
    meaning: "leave it out: put a proxy with TLS before the page, or come by ssh -L 8089:127.0.0.1:8089",
  },
  {
    long: "--web-base-path",
    argument: "<path>",
    group: "refused",
    refused: true,
    meaning: "leave it out: the page is at /",
  },
  {
    long: "--web-host-display-name",
    argument: "<name>",
    group: "refused",
    refused: true,
    meaning: "leave it out: the page is at the address that is printed",
  },
  {
    long: "--build-path",
    argument: "<folder>",
    group: "refused",
    refused: true,
    meaning: "leave it out: it is of Locust's own page",
  },
  {
    long: "--legacy-ui",
    variable: null,
    group: "refused",
    refused: true,
    meaning: "leave it out: there is one page",
  },
  {
    long: "--otel",
    variable: "ENABLE_OPENTELEMETRY",
    group: "refused",
    refused: true,
    meaning: "write traces: { sample: 1% } into the scenario and set OTEL_EXPORTER_OTLP_ENDPOINT",
  },
] as const satisfies readonly LocustFlag[];

/** The name of a flag that is taken, without its hyphens. */
export type FlagName = TakenName<(typeof table)[number]>;
type TakenName<Flag> = Flag extends { refused: true } ? never : Flag extends { long: `--${infer Name}` } ? Name : never;

export const locustFlags: readonly LocustFlag[] = table;

/** `LOCUST_USERS` without its prefix, or undefined if a flag has no variable. */
export function variableOf({ long, variable }: LocustFlag): string | undefined {
  if (variable !== undefined) return variable ?? undefined;
  return long.slice(2).toUpperCase().replaceAll("-", "_");
}

/** `-u, --users <n>` */
export function usageOf({ long, short, argument, many }: LocustFlag): string {
  const names = short === undefined ? long : `${short}, ${long}`;
  return argument === undefined ? names : `${names} ${argument}${many ? " …" : ""}`;
}

/** What `plimsoll --help` says of the bare form. */
export function locustHelp(): string {
  const width = Math.max(...locustFlags.filter(({ refused }) => !refused).map((flag) => usageOf(flag).length));
  const groups = flagGroups.map((group) => {
    const flags = locustFlags.filter((flag) => flag.group === group);
    const lines = flags.map((flag) => `  ${usageOf(flag).padEnd(width)}  ${flag.meaning}`);
    return `${groupTitles[group]}:\n${lines.join("\n")}\n`;
  });
  return [
    "Without a command, as Locust: plimsoll [flags] [UserClass …]\n",
    ...groups,
    "Each flag can be a variable, LOCUST_USERS or PLIMSOLL_USERS, or a line of a configuration file, users = 100.",
  ].join("\n");
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Clock, monotonicMs, SystemClock, sleepUntil } from "../../metrics/clock.ts";
import { TargetFile } from "../../ui/target-file.ts";
import { nearest } from "../../verdict/spelling.ts";
import { version } from "../../version.ts";
import { ThreadArchive } from "../archive.ts";
import { type Io, UsageError } from "../io.ts";
import { followKeys, openInBrowser } from "../keys.ts";
import { LoadSession } from "../load-session.ts";
import { openScenario } from "../scenario-file.ts";
import { type Addresses, serve } from "../serving.ts";
import { Signals } from "../signals.ts";
import { printTaskRatio, taskRatioJson } from "../task-ratio.ts";
import { LocustArguments } from "./arguments.ts";
import { Log } from "./log.ts";
import { planFor } from "./plan.ts";
import { type LocustSettings, settingsOf } from "./settings.ts";

export interface LocustForm {
  /** What commands there are, for those who misspelt one. */
  commands: readonly string[];
  showHelp(): void;
}

/** What is looked for without `-f`. */
const defaultNames = ["plimsoll", "scenario", "locustfile"].flatMap((name) => [`${name}.yaml`, `${name}.yml`]);

/**
 * `plimsoll [flags] [UserClass …]`: Locust's form. Gives the exit code; throws a UsageError for flags or a scenario that are
 * wrong.
 */
export async function locustForm(io: Io, { commands, showHelp }: LocustForm): Promise<number> {
  const given = new LocustArguments(io.argv, { environment: io.environment, configFiles: configFiles(io) });
  if (given.has("help")) {
    showHelp();
    return 0;
  }
  if (given.has("version")) {
    io.stdout.write(`${version()}\n`);
    return 0;
  }
  const settings = settingsOf(given);
  const file = given.classes.find((name) => /\.(ya?ml|ts|py)$/.test(name));
  const meant = settings.file === undefined ? nearest(io.argv[0] ?? "", commands) : undefined;
  if (meant !== undefined) given.problems.unshift(`There is no command ${io.argv[0]}. Did you mean '${meant}'?`);
  else if (file !== undefined) {
    given.problems.push(`${file}: a user class was expected; give the scenario with -f ${file}.`);
  }
  if (given.problems.length > 0) throw new UsageError(`${given.problems.join("\n")}\nSee plimsoll --help.`);
  const scenario = await openScenario(io, scenarioPath(settings.file));
  if (given.has("list")) {
    const names = scenario.scenario.classes.map(({ name }) => `    ${name}\n`);
    io.stdout.write(`Available Users:\n${names.join("")}`);
    return 0;
  }
  const clock = new SystemClock(monotonicMs());
  const startedAt = io.wallClock();
  const log = new Log(io.stderr, () => startedAt + clock.now(), settings.log);
  const session = new LoadSession(io, scenario, settings, log);
  if (given.has("show-task-ratio") || given.has("show-task-ratio-json")) {
    const plan = planFor(io, scenario, settings, { users: settings.users ?? 1 }).plan;
    io.stdout.write(given.has("show-task-ratio") ? printTaskRatio(plan) : taskRatioJson(plan));
    return 0;
  }
  log.say("INFO", "main", `Starting Plimsoll ${version()}`);
  return new Surroundings(io, settings, log, session, clock).run();
}

/** Locust's, and one of our own that wins over it. */
function configFiles({ environment }: Io): string[] {
  const home = environment["HOME"] ?? environment["USERPROFILE"];
  return [
    ...(home === undefined ? [] : [join(home, ".locust.conf")]),
    "pyproject.toml",
    "locust.conf",
    "plimsoll.conf",
  ];
}

/** The scenario that was asked for, or the one that lies here. */
function scenarioPath(asked: string | undefined): string {
  if (asked === undefined) {
    const found = defaultNames.find((name) => existsSync(name));
    if (found !== undefined) return found;
    throw new UsageError(
      `There is no scenario here: looked for ${defaultNames.join(", ")}.\nGive one with -f FILE, let plimsoll init write a first one, or see it work: plimsoll demo. See plimsoll --help.`,
    );
  }
  if (asked === "-") throw new UsageError("-f - asks a master for the scenario, and there is none: give a file.");
  if (/^https?:\/\//i.test(asked)) {
    throw new UsageError(`-f ${asked}: a scenario is read from a file: fetch it first, then give the file.`);
  }
  if (asked.endsWith(".py")) throw new UsageError(pythonProblem(asked));
  const inside = defaultNames.map((name) => join(asked, name)).find((path) => existsSync(path));
  if (inside !== undefined) return inside;
  if (asked.includes(",") && !existsSync(asked)) {
    throw new UsageError(`-f ${asked}: give one scenario; user classes of several belong into one file.`);
  }
  return asked;
}

function pythonProblem(asked: string): string {
  const beside = [".yaml", ".yml"].map((ending) => asked.replace(/\.py$/, ending)).find((path) => existsSync(path));
  const hint =
    beside === undefined
      ? "Write its user classes and tasks as YAML, and give that file; docs/locust.md shows how, line by line."
      : `${beside} lies beside it: give that one.`;
  return `-f ${asked}: Plimsoll runs scenarios in YAML, not Python. ${hint}`;
}

/** What stands around the runs: servers, signals, and when to end. */
class Surroundings {
  readonly #io: Io;
  readonly #settings: LocustSettings;
  readonly #log: Log;
  readonly #session: LoadSession;
  readonly #clock: Clock;
  readonly #quit = new AbortController();

  constructor(io: Io, settings: LocustSettings, log: Log, session: LoadSession, clock: Clock) {
    this.#io = io;
    this.#settings = settings;
    this.#log = log;
    this.#session = session;
    this.#clock = clock;
  }

  async run(): Promise<number> {
    const { runs, lingerMs, start } = this.#settings;
    const session = this.#session;
    const { page, servers } = await this.#serve();
    const targets = new TargetFile(runs);
    const unlisted = await targets.name(page.address);
    if (unlisted !== undefined) session.note(unlisted.message);
    const signals = new Signals({
      stop: (who) => {
        session.stop(who);
        this.#quit.abort();
      },
      abort: () => session.abort(),
    });
    const release = this.#io.onSignal((signal) => signals.handle(signal));
    const keys = { change: (by: number) => session.change(by), openPage: () => openInBrowser(page.url) };
    const releaseKeys = followKeys(this.#io, keys);
    try {
      const refused = start === "page" ? undefined : session.start({});
      if (refused !== undefined) throw new UsageError(refused.message);
      await session.idle;
      await this.#stay();
      await session.idle;
      const hurried = signals.loadEnded();
      if (start !== "headless") this.#log.say("INFO", "main", `Shutting down (exit code ${session.exitCode})`);
      const lingering = { signal: hurried, ...(lingerMs === undefined ? {} : { capMs: lingerMs }) };
      await Promise.all(servers.map((server) => server.linger(lingering)));
    } finally {
      releaseKeys();
      release();
      await Promise.all([targets.clear(), ...servers.map((server) => server.close())]);
    }
    return session.exitCode;
  }

  async #serve() {
    const { start, listen, metricsListen, runs, token } = this.#settings;
    const session = this.#session;
    const served = {
      metrics: (accept: string | undefined) => session.metrics(accept),
      title: () => session.title,
      viewed: session.viewed,
      figures: session.figures,
      archive: new ThreadArchive(runs),
      runFile: () => session.runFile(),
      control: session,
      onError: (error: unknown) => session.note(`An answer of the server failed: ${String(error)}`),
    };
    const addresses: Addresses = { listen, metricsListen, token };
    const serving = await serve(this.#io, served, addresses);
    const { url } = serving.page;
    const enter = this.#io.onKey === undefined ? "" : ", press enter to open your default browser.";
    const what =
      start === "headless" ? `Serving /metrics at ${url}/metrics` : `Starting web interface at ${url}${enter}`;
    this.#log.say("INFO", "main", what);
    return serving;
  }

  /** Until there is nothing to wait for: a signal, or `--autoquit`. */
  async #stay(): Promise<void> {
    const { start, autoquitMs } = this.#settings;
    if (start === "headless" || this.#quit.signal.aborted) return;
    if (start === "autostart" && autoquitMs !== undefined) {
      await sleepUntil(this.#clock, this.#clock.now() + autoquitMs, this.#quit.signal);
      if (!this.#quit.signal.aborted) this.#log.say("INFO", "main", "--autoquit time reached, shutting down");
      return;
    }
    if (start === "autostart") {
      this.#log.say("INFO", "main", "--autoquit not specified, leaving web ui running indefinitely");
    }
    await sleepUntil(this.#clock, Number.MAX_SAFE_INTEGER, this.#quit.signal);
  }
}

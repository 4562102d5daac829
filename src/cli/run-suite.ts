import { monotonicMs, SystemClock, sleepUntil } from "../metrics/clock.ts";
import { duration } from "../metrics/units.ts";
import type { Opened } from "../prepare.ts";
import type { Summary } from "../runs/summary.ts";
import { printSuite } from "../sinks/console-suite.ts";
import { suiteMarkdown } from "../sinks/suite-markdown.ts";
import { version } from "../version.ts";
import { type Io, UsageError, wantsColor } from "./io.ts";
import { outputName, writeOutput } from "./output-file.ts";
import type { OutputFlags } from "./output-flags.ts";
import { openScenario, planOf } from "./scenario-file.ts";
import { session, sessionOf } from "./session.ts";
import type { SuiteFlags } from "./suite.ts";

const STOPPED = 105;
/** Of several exit codes the first of these counts: failed, stopped, inconclusive, threw. */
const order = [99, STOPPED, 98, 107];

/**
 * Runs profiles in turn, each as `plimsoll run` does. Gives the exit code of all together; throws a UsageError before any is run
 * if one of them cannot be.
 */
export async function runSuite(io: Io, file: string, asked: readonly string[], flags: SuiteFlags): Promise<number> {
  const opened = await openScenario(io, file);
  const profiles = asked.length > 0 ? asked : opened.scenario.profiles.map(({ name }) => name);
  if (profiles.length === 0) throw new UsageError(`${file} has no profiles: plimsoll run runs it.`);
  checkNames(flags, profiles);
  for (const profile of profiles) planned(io, opened, profile, flags);
  const summaries: Summary[] = [];
  let stopped = false;
  for (const [i, profile] of profiles.entries()) {
    if (i > 0) stopped = !(await rested(io, flags.rest));
    if (stopped) break;
    const prepared = planned(io, opened, profile, flags);
    const outputs = outputsOf(flags, opened, profile, prepared.plan);
    const { code, summary } = await session(io, prepared, sessionOf(io, flags, outputs));
    summaries.push(summary);
    if (code === STOPPED || (flags.stopOnFailure === true && code !== 0)) break;
  }
  const notRun = profiles.slice(summaries.length);
  const codes = summaries.map(({ verdict }) => verdict.exitCode);
  const exitCode = order.find((code) => codes.includes(code) || (stopped && code === STOPPED)) ?? Math.max(...codes);
  printSuite(summaries, notRun, exitCode, io.stdout, { color: wantsColor(io) });
  await write(io, flags.markdown, () => suiteMarkdown(summaries, notRun, exitCode));
  const all = { version: 1, exitCode, notRun, runs: summaries };
  await write(io, flags.json, () => `${JSON.stringify(all, null, 2)}\n`);
  return exitCode;
}

function planned(io: Io, opened: Opened, profile: string, { host, duration: durationMs, ...flags }: SuiteFlags) {
  return planOf(io, opened, {
    version: version(),
    profile,
    labels: flags.label,
    seed: flags.seed,
    ...(host === undefined ? {} : { host }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(flags.allowCommands === undefined ? {} : { allowCommands: flags.allowCommands }),
  });
}

/** What a profile writes for itself; the Markdown is one of all. */
const templates = ["html", "csv", "summary", "junit"] as const;

/** Names that are the same for all would be written over by each. */
function checkNames(flags: SuiteFlags, profiles: readonly string[]): void {
  const same = templates.filter((one) => flags[one] !== undefined && !/\{(profile|u|r|t)\}/.test(flags[one]));
  if (same.length === 0 || profiles.length < 2) return;
  const names = same.map((one) => `--${one} ${flags[one]}`).join(", ");
  throw new UsageError(`${names}: each profile writes its own; say where with {profile}, {u}, {r} or {t} in the name.`);
}

function outputsOf(
  flags: SuiteFlags,
  { scenario }: Opened,
  profile: string,
  plan: Parameters<typeof outputName>[1],
): OutputFlags {
  const loads = scenario.profiles.find(({ name }) => name === profile)?.loads ?? [];
  // Those of the profile, also where a duration cuts it short.
  const shape = loads.length === 1 && loads[0]?.shape.kind === "users" ? loads[0].shape : undefined;
  const given = { users: shape?.users, spawnRate: shape?.spawnRate, runTimeMs: flags.duration };
  const named = templates.flatMap((one) => {
    const name = flags[one];
    return name === undefined ? [] : [[one, outputName(name.replaceAll("{profile}", profile), plan, given)]];
  });
  return { ...Object.fromEntries(named), ...(flags.csvFullHistory === true ? { csvFullHistory: true } : {}) };
}

/** False if somebody ended the suite meanwhile. */
async function rested(io: Io, ms: number): Promise<boolean> {
  if (ms === 0) return true;
  io.stdout.write(`Resting for ${duration(ms / 1000)}.\n`);
  const ended = new AbortController();
  const release = io.onSignal(() => ended.abort());
  await sleepUntil(new SystemClock(monotonicMs()), ms, ended.signal);
  release();
  return !ended.signal.aborted;
}

async function write(io: Io, path: string | undefined, text: () => string): Promise<void> {
  const problem = path === undefined ? undefined : await writeOutput(path, text());
  if (problem !== undefined) io.stderr.write(`${problem}\n`);
}

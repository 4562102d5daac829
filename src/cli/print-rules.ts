import { openSloFile } from "../rules/openslo.ts";
import { ruleFile, type Written } from "../rules/rule-file.ts";
import { slothFile } from "../rules/sloth.ts";
import type { RuleSubject } from "../rules/subject.ts";
import { windows } from "../rules/windows.ts";
import { coveredBy } from "../scenario/coverage.ts";
import { usualProfile } from "../scenario/profile-choice.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { mergedThresholds } from "../scenario/thresholds.ts";
import { plain } from "../sinks/console-screen.ts";
import { nearest } from "../verdict/spelling.ts";
import { type Io, UsageError } from "./io.ts";
import { writeOutput } from "./output-file.ts";
import type { RuleFlags } from "./rules.ts";
import { openScenario } from "./scenario-file.ts";

/** Prints or writes the rules of a scenario, and says what could not become one. Throws a UsageError where there is none. */
export async function printRules(io: Io, file: string, flags: RuleFlags): Promise<void> {
  const { scenario } = await openScenario(io, file);
  const subject = subjectOf(scenario, flags.profile);
  if (subject.thresholds.length === 0 && subject.notDriven.length === 0) {
    throw new UsageError(`${file} has no thresholds: rules are made of these. Add some under thresholds:.`);
  }
  const written = fileOf(subject, flags, commandOf(file, flags));
  if (flags.output === undefined) io.stdout.write(written.text);
  else {
    const problem = await writeOutput(flags.output, written.text);
    if (problem !== undefined) throw new UsageError(problem);
    io.stdout.write(`${flags.output} is written: ${written.holds}.\n`);
  }
  const { leftOut } = written;
  if (leftOut.length > 0) io.stderr.write(`Not in it:\n${leftOut.map((one) => `  ${plain(one)}\n`).join("")}`);
}

/** As a run has it: with a profile, or the only one, or the one named `default`; else the scenario's thresholds alone. */
function subjectOf({ name, thresholds, classes, profiles }: Scenario, wanted: string | undefined): RuleSubject {
  const profile = wanted === undefined ? usualProfile(profiles) : profiles.find((one) => one.name === wanted);
  if (wanted !== undefined && profile === undefined) {
    const names = profiles.map((one) => one.name);
    const known = names.length === 0 ? "it has none" : `one of ${names.join(", ")}`;
    const near = nearest(wanted, names);
    throw new UsageError(
      `Expected a profile of ${name} (${known}), got ${wanted}.${near === undefined ? "" : ` Did you mean ${near}?`}`,
    );
  }
  const all = mergedThresholds(thresholds, profile?.thresholds ?? []);
  const driven = classes.filter(
    (one) => profile?.loads.some((load) => load.classes?.includes(one.name) ?? true) ?? true,
  );
  const covered = coveredBy(all, driven, classes);
  return { scenario: name, thresholds: covered, classes, notDriven: all.filter((one) => !covered.includes(one)) };
}

function fileOf(subject: RuleSubject, { format, window }: RuleFlags, command: string): Written {
  switch (format) {
    case "prometheus":
      return ruleFile(subject, windows[window], command);
    case "sloth":
      return slothFile(subject, command);
    case "openslo":
      return openSloFile(subject, windows[window], command);
  }
}

/** As somebody would type it again. */
function commandOf(file: string, { profile, window, format }: RuleFlags): string {
  const flags = [
    ...(profile === undefined ? [] : ["--profile", profile]),
    ...(window === "test" ? [] : ["--window", window]),
    ...(format === "prometheus" ? [] : ["--format", format]),
  ];
  return ["plimsoll rules", file, ...flags].join(" ");
}

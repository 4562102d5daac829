import { Command, CommanderError } from "commander";
import { version } from "../version.ts";
import { benchCommand } from "./bench.ts";
import { checkCommand } from "./check.ts";
import { compareCommand } from "./compare.ts";
import { dashboardsCommand } from "./dashboards.ts";
import { demoCommand } from "./demo.ts";
import { findCommand } from "./find.ts";
import { initCommand } from "./init.ts";
import { CodeError, EXIT_BUG, EXIT_THREW, EXIT_USAGE, type Io, UsageError } from "./io.ts";
import { locustFlags, locustHelp } from "./locust/flags.ts";
import { reportCommand } from "./report.ts";
import { rulesCommand } from "./rules.ts";
import { runCommand } from "./run.ts";
import { runsCommand } from "./runs.ts";
import { suiteCommand } from "./suite.ts";
import { watchCommand } from "./watch.ts";

/** Everything that does not begin with a command, or ask for help or the version alone. */
function isLocustForm([first, ...more]: readonly string[], commands: readonly string[]): boolean {
  const alone = more.length === 0 && ["-h", "--help", "-V", "--version"].includes(first ?? "");
  return !alone && !commands.includes(first ?? "");
}

/** `runs prune`: a command as it is typed. */
function pathOf(command: Command): string {
  const { parent } = command;
  return parent === null || parent.parent === null ? command.name() : `${pathOf(parent)} ${command.name()}`;
}

/** Where a flag of Locust's was given to a command: which form has it. */
function locustHint(error: string): string {
  const [, name] = /unknown option '(--?[\w-]+)/.exec(error) ?? [];
  if (name === undefined) return "";
  const flag = locustFlags.find(({ long, short, refused }) => !refused && (long === name || short === name));
  if (flag === undefined) return "";
  const instead = flag.long === "--run-time" ? " A command has --duration." : "";
  return `${name} is of Locust's form, which has no command: plimsoll -f FILE ${flag.long}.${instead}\n`;
}

/** A command sets the exit code when it has one to give. */
export interface Exit {
  code: number;
}

/** The command line: argv to exit code. Only a bug of our own prints a stack. */
export async function program(io: Io): Promise<number> {
  const exit: Exit = { code: 0 };
  const command = new Command("plimsoll")
    .description("Loads a service, watches its health on the same clock, and says how much load it safely carries.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print what a command takes")
    .addHelpText(
      "after",
      "\nExit codes: 0 passed, 99 failed, 105 stopped, 98 inconclusive, 104 scenario or flags wrong, 107 its code threw, 1 our bug.",
    )
    .showHelpAfterError("See --help.");
  const makers = [
    runCommand,
    benchCommand,
    suiteCommand,
    findCommand,
    checkCommand,
    watchCommand,
    initCommand,
    demoCommand,
    reportCommand,
    compareCommand,
    runsCommand,
    rulesCommand,
    dashboardsCommand,
  ];
  for (const make of makers) command.addCommand(make(io, exit));
  for (const one of [command, ...command.commands, ...command.commands.flatMap((of) => of.commands)]) {
    one.exitOverride().showHelpAfterError(`See plimsoll ${one === command ? "" : `${pathOf(one)} `}--help.`);
    one.configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(text + locustHint(text)),
    });
  }
  const commands = [...command.commands.map((one) => one.name()), "help"];
  command.addHelpText("after", `\n${locustHelp()}`);
  try {
    if (isLocustForm(io.argv, commands)) {
      const { locustForm } = await import("./locust/form.ts");
      return await locustForm(io, { commands, showHelp: () => command.outputHelp() });
    }
    await command.parseAsync(io.argv, { from: "user" });
    return exit.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (error instanceof UsageError) {
      io.stderr.write(`${error.message}\n`);
      return EXIT_USAGE;
    }
    if (error instanceof CodeError) {
      io.stderr.write(`${error.message}\n`);
      return EXIT_THREW;
    }
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.stderr.write(`This is a bug of Plimsoll's own; please report it with what follows.\n${stack}\n`);
    return EXIT_BUG;
  }
}

import { Command } from "commander";
import { duration } from "./flags.ts";
import { type Io, UsageError } from "./io.ts";
import type { Exit } from "./program.ts";
import { addSessionFlags, type SessionFlags } from "./session-flags.ts";

interface WatchFlags extends SessionFlags {
  profile?: string;
  host?: string;
  duration?: number;
  discover?: string;
}

export function watchCommand(io: Io, exit: Exit): Command {
  const command = new Command("watch")
    .description("Watches the target's health without a load of its own, while something else loads it.")
    .argument("[file]", "a scenario, of which watch: and the thresholds on the target count")
    .option("--discover <url>", "look at a service, and print the watch: block for what is recognised there")
    .option("-p, --profile <name>", "the profile whose thresholds count, too")
    .option("-H, --host <url>", "the service that relative addresses are below")
    .option("-d, --duration <time>", "how long: 30s, 5m, 1h30m (default: until Ctrl-C)", duration);
  return addSessionFlags(command).action(async (file: string | undefined, flags: WatchFlags) => {
    if ((file === undefined) === (flags.discover === undefined)) {
      throw new UsageError("Give a scenario to watch by, or --discover with the address of a service.");
    }
    if (flags.discover !== undefined) {
      const { discoverAt } = await import("./discover.ts");
      io.stdout.write(await discoverAt(flags.discover));
      return;
    }
    const { runScenario } = await import("./run-scenario.ts");
    exit.code = await runScenario(io, file ?? "", [], { ...flags, watchOnly: true });
  });
}

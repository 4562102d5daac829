#!/usr/bin/env node
import { program } from "./cli/program.ts";

// A reader that went away (`plimsoll … | head`) ends the output, not the run.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

const code = await program({
  argv: process.argv.slice(2),
  environment: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  onSignal(fn) {
    const signals = ["SIGINT", "SIGTERM"] as const;
    for (const signal of signals) process.on(signal, fn);
    return () => {
      for (const signal of signals) process.off(signal, fn);
    };
  },
  wallClock: Date.now,
});

// What was written to a pipe must have left before the process does.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));

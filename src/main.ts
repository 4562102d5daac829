#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { tuneGarbageCollection } from "./garbage.ts";

tuneGarbageCollection();
// A folder that only this user writes to, as code comes out of it. Where it cannot be made there is no cache, and no harm.
enableCompileCache(join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "plimsoll"));
const { program } = await import("./cli/program.ts");

// A reader that went away (`plimsoll … | head`) ends the output, not the run.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

const { stdin } = process;

/**
 * Whether keys are ours to read. A job in the background would be stopped by the system for it (SIGTTIN, SIGTTOU): its process
 * group is not the terminal's. Source: proc(5), /proc/pid/stat, fields pgrp and tpgid.
 */
function hasKeyboard(): boolean {
  if (!stdin.isTTY) return false;
  try {
    const fields = readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[2] === fields[5];
  } catch {
    // Not Linux: nobody says.
    return true;
  }
}

/** Key by key, without an Enter; what Ctrl-C does stays as it is. */
function onKey(fn: (key: string) => void): () => void {
  const take = (keys: string) => {
    for (const key of keys) {
      if (key === "\u0003") process.kill(process.pid, "SIGINT");
      else fn(key);
    }
  };
  stdin.setRawMode(true).setEncoding("utf8").on("data", take).resume();
  return () => void stdin.off("data", take).setRawMode(false).pause();
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: stdin, output: process.stdout });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

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
  ...(hasKeyboard() ? { onKey, ask } : {}),
  wallClock: Date.now,
});

// What was written to a pipe must have left before the process does.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));

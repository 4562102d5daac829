import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRun } from "../../src/runs/open-run.ts";
import { RunFile } from "../../src/runs/run-file.ts";
import { describeSink } from "../sinks/conformance.ts";
import { sorted } from "./example-run.ts";

describeSink("RunFile", () => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-"));
  const path = join(folder, "run.db");
  const troubles: string[] = [];
  return {
    sink: new RunFile(path, (message) => troubles.push(message)),
    counted: () => {
      if (troubles.length > 0) throw new Error(troubles.join());
      const run = openRun(path);
      if (run.kind === "problem") throw new Error(run.message);
      using stored = run;
      return sorted(stored.finalSnapshot()).series;
    },
    dispose: () => rmSync(folder, { recursive: true }),
  };
});

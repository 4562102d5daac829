import { Command } from "commander";
import type { Io } from "./io.ts";
import type { Exit } from "./program.ts";

export function dashboardsCommand(io: Io, _exit: Exit): Command {
  return new Command("dashboards")
    .description("Writes the Grafana dashboards into a folder; with a scenario, ones that open on its runs.")
    .argument("<folder>", "where they go; made if it is not there")
    .argument("[file]", "the scenario: YAML, or TypeScript")
    .action(async (folder: string, file: string | undefined) => {
      const { writeDashboards } = await import("./write-dashboards.ts");
      await writeDashboards(io, folder, file);
    });
}

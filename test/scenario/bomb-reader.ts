import { readFileSync } from "node:fs";
import { readScenario } from "../../src/scenario/parse.ts";

/**
 * A process that reads the scenario at its first argument and says on its standard output what it cost: CPU time in
 * microseconds and the most memory, in kilobytes, both beyond what the process had before.
 */
const [path = ""] = process.argv.slice(2);
const text = readFileSync(path, "utf8");
const memoryBefore = process.resourceUsage().maxRSS;
const before = process.cpuUsage();
const read = readScenario(path, text, {});
const { user, system } = process.cpuUsage(before);
const kilobytes = process.resourceUsage().maxRSS - memoryBefore;
const codes = "problems" in read ? read.problems.map(({ code }) => code) : [];
process.stdout.write(JSON.stringify({ microseconds: user + system, kilobytes, codes }));

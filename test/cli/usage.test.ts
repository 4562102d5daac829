import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { plimsoll } from "./in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "plimsoll-usage-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string) => join(folder, name);
const scenario = file("shop.yaml");
writeFileSync(
  scenario,
  `
host: http://127.0.0.1:9
users:
  Visitor:
    tasks: { look: { get: /look } }
profiles:
  light: { users: 5, duration: 1s }
  heavy: { users: 50, duration: 1s }
watch:
  spool: { command: uptime, metrics: { depth: $ } }
`,
);
mkdirSync(file("load"));
writeFileSync(file("load/locustfile.yaml"), "host: http://127.0.0.1:9\nusers: { A: { tasks: { T: { get: / } } } }\n");

describe("what a newcomer types is answered with what to type instead", () => {
  const wrong: [args: string[], says: RegExp][] = [
    [["run"], /missing required argument 'file'\n+See plimsoll run --help\./],
    [["run", scenario, "--headless"], /--headless is of Locust's form.*plimsoll -f FILE --headless/],
    [["run", scenario, "-t", "10s"], /-t is of Locust's form.*--run-time.*A command has --duration\./],
    [["run", file("shp.yaml")], /^There is no scenario \S*shp\.yaml\. Did you mean \S*shop\.yaml\?\n$/],
    [["run", file("nowhere/s.yaml")], /^There is no scenario \S*s\.yaml\.\n$/],
    [["check", file("load")], /load is a folder: give a scenario in it, such as \S*load\/locustfile\.yaml\.\n$/],
    [
      ["run", scenario],
      /name one\n {2}expected one of light, heavy\n {2}--profile light runs it; --users 10 runs so many/,
    ],
    [["runn", scenario], /^There is no command runn\. Did you mean 'run'\?\nSee plimsoll --help\.\n$/],
    [[scenario], /a user class was expected; give the scenario with -f \S*shop\.yaml/],
    [
      ["-f", scenario, "-u", "1", "--allow-commands", "--tags", "read"],
      /no task has this tag "read"\n {2}the scenario has none/,
    ],
  ];

  it.each(wrong)("%j", async (args, says) => {
    const { code, stdout, stderr } = await plimsoll(args);
    expect([code, stdout]).toEqual([104, ""]);
    expect(stderr).toMatch(says);
  });

  it("in Locust's form, before anything is served", async () => {
    const { code, stderr } = await plimsoll(["-f", scenario, "--headless", "-u", "1", "Vistor"]);
    expect(code).toBe(104);
    expect(stderr).toContain("did you mean Visitor?");
    expect(stderr).not.toContain("Serving");
  });
});

describe("Locust's form", () => {
  it("takes the scenario of a folder", async () => {
    const { code, stdout } = await plimsoll(["-f", file("load"), "--list"]);
    expect([code, stdout]).toEqual([0, "Available Users:\n    A\n"]);
  });

  it("runs a scenario's commands only where the command line allows it", async () => {
    const args = ["-f", scenario, "-u", "1", "--show-task-ratio"];
    const refused = await plimsoll(args);
    expect([refused.code, refused.stderr]).toEqual([104, expect.stringContaining("give --allow-commands")]);
    expect((await plimsoll([...args, "--allow-commands"])).code).toBe(0);
    // What lies beside the scenario may be as foreign as the scenario itself.
    writeFileSync(file("own.conf"), "allow-commands = true\n");
    const configured = await plimsoll([...args, "--config", file("own.conf")]);
    expect([configured.code, configured.stderr]).toEqual([
      104,
      expect.stringContaining("own.conf:1: --allow-commands"),
    ]);
    const environment = { PLIMSOLL_ALLOW_COMMANDS: "true", LOCUST_ALLOW_COMMANDS: "true" };
    expect((await plimsoll(args, { environment })).code).toBe(104);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { LocustArguments } from "../../../src/cli/locust/arguments.ts";
import { parseConfig } from "../../../src/cli/locust/config.ts";
import { locustFlags, variableOf } from "../../../src/cli/locust/flags.ts";
import { settingsOf, timespan } from "../../../src/cli/locust/settings.ts";

const folder = mkdtempSync(join(tmpdir(), "plimsoll-locust-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function read(line: string | string[], environment: Record<string, string> = {}, configFiles: string[] = []) {
  const argv = typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line;
  const given = new LocustArguments(argv, { environment, configFiles });
  return { ...settingsOf(given), problems: given.problems };
}

describe("the command line", () => {
  const wanted = { host: "http://localhost:8000", users: 50, spawnRate: 5, runTimeMs: 60_000, start: "headless" };

  it.each([
    "-f f.yaml --host http://localhost:8000 --users 50 --spawn-rate 5 --run-time 1m --headless OddiyaUser",
    "-f f.yaml --host=http://localhost:8000 OddiyaUser --users=50 --spawn-rate=5 --run-time=1m --headless",
    "OddiyaUser -f f.yaml -H http://localhost:8000 -u 50 -r 5 -t 60 --headless",
    "-ff.yaml -Hhttp://localhost:8000 -u50 -r5 -t1m OddiyaUser --headless",
    "-f=f.yaml -H=http://localhost:8000 -u=50 -r=5 -t=60s --headless -- OddiyaUser",
    "--locustf f.yaml --hos http://localhost:8000 --user 50 --spawn 5 --run-t 60s --headles OddiyaUser",
  ])("is read as Locust reads it: %s", (line) => {
    expect(read(line)).toMatchObject({ ...wanted, file: "f.yaml", classes: ["OddiyaUser"], problems: [] });
  });

  it("gives a list all that follows, up to the next flag", () => {
    expect(read("A --tags read write -E slow admin --headless B")).toMatchObject({
      classes: ["A", "B"],
      tags: ["read", "write"],
      excludeTags: ["slow", "admin"],
    });
    expect(read("--tags")).toMatchObject({ tags: [], problems: [] });
  });

  it("takes a negative number for a value", () => {
    expect(read("--processes -1 --autostart --autoquit -1")).toMatchObject({
      processes: -1,
      autoquitMs: undefined,
      problems: [],
    });
  });

  it.each([
    ["--user-count 5", "There is no flag --user-count."],
    ["--headles s", ""],
    ["--spwan-rate 5", "There is no flag --spwan-rate. Did you mean '--spawn-rate'?"],
    ["--web 80", "--web could be --web-host or --web-port"],
    ["--users", "--users needs a value: --users <n>"],
    ["--users --headless", "--users needs a value"],
    ["--users many", '--users: expected a whole number from 1, got "many"'],
    ["--headless=5", '--headless takes no value, got "5"'],
    ["--run-time 1d", '--run-time: expected a time such as 300, 300s, 20m, 3h or 1h30m, got "1d"'],
    ["--run-time 0", "--run-time: expected a time above 0"],
    ["--csv-full-history", "--csv-full-history needs --csv."],
    ["--autoquit 5", "--autoquit needs --autostart."],
    ["--loglevel LOUD", "--loglevel: expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL"],
    ["--exit-code-on-error 300", "--exit-code-on-error: expected a whole number from 0 to 255"],
    ["--web-port 99999", "--web-port: expected an address"],
    ["--label nonsense", "--label: Expected key=value."],
    ["--config nowhere.conf", "--config: there is no file nowhere.conf"],
    ["--web-auth a:b", "--web-auth: leave it out"],
    ["--slave", "--slave: Locust renamed it"],
    ["--master --expect-workers 4", "--master, --expect-workers: one Plimsoll fills this machine's cores"],
    ["--worker --master-host=10.0.0.1", "--worker, --master-host: one Plimsoll fills"],
  ])("%s: %s", (line, problem) => {
    const { problems } = read(line);
    if (problem === "") expect(problems).toEqual([]);
    else expect(problems.join("\n")).toContain(problem);
  });

  it("tells everything that is wrong at once", () => {
    expect(read("--uesrs 5 -r fast --worker").problems).toHaveLength(3);
  });

  it("never throws, whatever stands there", () => {
    const word = fc.oneof(
      fc.constantFrom(...locustFlags.map(({ long }) => long), "-u", "-f", "--", "-", "=", "--=", "-1"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
        expect(Array.isArray(read(argv).problems)).toBe(true);
      }),
    );
  });
});

describe("times", () => {
  it.each([
    ["0", 0],
    ["20", 20],
    ["300s", 300],
    ["3m", 180],
    ["2h", 7200],
    ["1h20m", 4800],
    ["3h30m10s", 12_610],
    ["90m90s", 5490],
  ])("%s is %d s, as in Locust", (text, seconds) => {
    expect(timespan(text)).toBe(seconds * 1000);
  });

  it.each(["", "1d", "1.5h", "500ms", "1h 30m", "m", "1m1h", "-5", "5 m", "h"])("%j is none, as in Locust", (text) => {
    expect(() => timespan(text)).toThrow("expected a time");
  });
});

describe("where flags come from", () => {
  it("each has its variables, with Locust's odd names", () => {
    const odd = Object.fromEntries(
      ["--class-picker", "--master", "--worker", "--master-host", "--master-port", "--otel", "--json"].map((long) => {
        const flag = locustFlags.find((one) => one.long === long);
        return [long, flag && variableOf(flag)];
      }),
    );
    expect(odd).toEqual({
      "--class-picker": "USERCLASS_PICKER",
      "--master": "MODE_MASTER",
      "--worker": "MODE_WORKER",
      "--master-host": "MASTER_NODE_HOST",
      "--master-port": "MASTER_NODE_PORT",
      "--otel": "ENABLE_OPENTELEMETRY",
      "--json": undefined,
    });
    const environment = {
      LOCUST_LOCUSTFILE: "f.yaml",
      LOCUST_USERS: "5",
      LOCUST_SPAWN_RATE: "0.5",
      LOCUST_RUN_TIME: "10s",
      LOCUST_HEADLESS: "true",
      LOCUST_TAGS: "read write",
      LOCUST_USER_CLASSES: "A B",
      LOCUST_CONFIG_USERS: '[{"user_class_name": "A", "weight": 3}]',
    };
    expect(read("", environment)).toMatchObject({
      file: "f.yaml",
      users: 5,
      spawnRate: 0.5,
      runTimeMs: 10_000,
      start: "headless",
      tags: ["read", "write"],
      classes: ["A", "B"],
      classChanges: [{ name: "A", weight: 3 }],
      problems: [],
    });
    expect(read("C", environment).classes).toEqual(["C"]);
    expect(read("", { LOCUST_HEADLESS: "0" }).start).toBe("page");
    expect(read("", { LOCUST_MODE_MASTER: "1" }).problems[0]).toContain("--master (LOCUST_MODE_MASTER): one Plimsoll");
    expect(read("", { LOCUST_USERS: "x" }).problems).toEqual([
      'LOCUST_USERS: --users: expected a whole number from 1, got "x"',
    ]);
  });

  it("files come first, then --config, LOCUST_, PLIMSOLL_, the command line", () => {
    const first = file("first.conf", "users = 1\n");
    const second = file("second.conf", "users: 2\n");
    const asked = file("asked.conf", "users 3\n");
    expect(read("", {}, [join(folder, "absent.conf"), first]).users).toBe(1);
    expect(read("", {}, [first, second]).users).toBe(2);
    expect(read(["--config", asked], {}, [first, second]).users).toBe(3);
    expect(read(["--config", asked], { LOCUST_USERS: "4" }, [first]).users).toBe(4);
    expect(read("", { LOCUST_USERS: "4", PLIMSOLL_USERS: "5" }, [first]).users).toBe(5);
    expect(read("-u 6", { LOCUST_USERS: "4", PLIMSOLL_USERS: "5" }, [first]).users).toBe(6);
  });

  it("a later place can turn a switch off", () => {
    const on = file("on.conf", "headless = true\n");
    expect(read("", {}, [on]).start).toBe("headless");
    expect(read("", { LOCUST_HEADLESS: "false" }, [on]).start).toBe("page");
    expect(read("--headful", {}, [on]).start).toBe("page");
  });
});

describe("a configuration file", () => {
  it("is read as Locust reads it", () => {
    const text = [
      "# a comment",
      "; another",
      "---",
      "[a section]",
      "locustfile = locust_files/my_locust_file.yaml",
      "headless = true",
      "only-summary",
      "--print-stats",
      'host: "http://localhost:8000"  # where it is',
      "users 100",
      "tags = [Critical, Normal]",
      'exclude-tags = ["a b", c]',
      "html =",
      "",
    ].join("\r\n");
    const { lines, problems } = parseConfig("x.conf", text);
    expect(problems).toEqual([]);
    expect(Object.fromEntries(lines.map(({ key, values }) => [key, values]))).toEqual({
      locustfile: ["locust_files/my_locust_file.yaml"],
      headless: ["true"],
      "only-summary": ["true"],
      "print-stats": ["true"],
      host: ["http://localhost:8000"],
      users: ["100"],
      tags: ["Critical", "Normal"],
      "exclude-tags": ["a b", "c"],
      html: [""],
    });
    expect(lines.at(-1)?.place).toBe("x.conf:13");
  });

  it("of a pyproject.toml its table, whatever else is there", () => {
    const text = [
      "[project]",
      'users = "none of ours"',
      "[tool.locust] # ours",
      'host = "http://localhost:8000"',
      "tags = [",
      '  "read",',
      '  "write",',
      "]",
      "users = 100",
      "[tool.ruff]",
      "unknown = true",
    ].join("\n");
    const path = file("pyproject.toml", text);
    expect(read("", {}, [path])).toMatchObject({ host: "http://localhost:8000", tags: ["read", "write"], users: 100 });
    const { problems } = read("", {}, [file("other.toml", text.replace("users = 100", "usres = 100"))]);
    expect(problems).toEqual([expect.stringContaining("other.toml:9: there is no flag usres.")]);
  });

  it.each([
    ["= 5", ':1: expected a flag\'s name and its value, such as users = 100; got "= 5"'],
    ["usres = 5", ":1: there is no flag usres. Did you mean 'users'?"],
    ["\nusers = many", ':2: --users: expected a whole number from 1, got "many"'],
    ["headless = perhaps", ':1: --headless: expected true or false, got "perhaps"'],
    ["master = true", ":1): one Plimsoll fills"],
  ])("%j: %s", (text, problem) => {
    const path = file("bad.conf", text);
    expect(read("", {}, [path]).problems.join("\n")).toContain(`${path}${problem}`);
  });
});

describe("--config-users", () => {
  it("takes JSON or a file, one class or several", () => {
    const path = file(
      "users.json",
      '[{"user_class_name": "B", "fixed_count": 2, "host": "http://localhost:1", "tasks": ["x"]}]',
    );
    expect(read(["--config-users", '{"user_class_name": "A", "weight": 2}', path])).toMatchObject({
      classChanges: [
        { name: "A", weight: 2 },
        { name: "B", fixedCount: 2, host: "http://localhost:1", tasks: ["x"] },
      ],
      problems: [],
    });
  });

  it.each([
    ["{", "is no JSON"],
    ["nowhere.json", "cannot read nowhere.json as JSON"],
    ["[5]", 'expected {"user_class_name": "…", "weight": 2}'],
    ['{"user_class_name": "A", "wieght": 2}', "wieght belongs in the scenario"],
    ['{"user_class_name": "A", "weight": 0}', "expected a weight above 0"],
    ['{"user_class_name": "A", "fixed_count": 1.5}', "expected a whole number as fixed_count"],
    ['{"user_class_name": "A", "host": 5}', "expected a URL as host"],
    ['{"user_class_name": "A", "tasks": []}', "expected a list of task names"],
  ])("%s: %s", (text, problem) => {
    expect(read(["--config-users", text]).problems.join("\n")).toContain(problem);
  });
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { program } from "../services.ts";
import { inLanes } from "./lanes.ts";
import { ground, loaded, scenario } from "./locust-ground.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

describe("Locust's form", () => {
  it("finds the scenario, takes variables and a configuration file, and names its files", async () => {
    const { target, folder, plimsoll } = await loaded();
    writeFileSync(
      join(folder, "locust.conf"),
      "headless = true\nusers = 1\nspawn-rate = 4\nonly-summary\nweb-port: 0\n",
    );
    const env = { LOCUST_USERS: "2", PLIMSOLL_USERS: "3", LOCUST_HOST: target.url, LOCUST_USER_CLASSES: "Admin" };
    const outputs = ["--html", "reports/report_{u}users_{r}_{t}.html", "--csv", "reports/stats_{u}users", "--json"];
    const { code, stdout, stderr } = await plimsoll(["-t", "2s", ...outputs], env).finished;
    expect([0, 98], stderr).toContain(code);
    expect(stderr).toContain('All users spawned: {"Admin": 3} (3 total users)');
    expect(stderr).toContain(`Shutting down (exit code ${code})`);
    expect(stderr.match(/^Type +Name/gm)).toHaveLength(2);
    expect(readdirSync(join(folder, "reports")).toSorted()).toEqual([
      "report_3users_4_2.html",
      "stats_3users_exceptions.csv",
      "stats_3users_failures.csv",
      "stats_3users_stats.csv",
      "stats_3users_stats_history.csv",
    ]);
    const { total } = await target.requests();
    expect(JSON.parse(stdout)).toMatchObject([{ name: "Latest", method: "GET", num_requests: total, num_failures: 0 }]);
    const html = readFileSync(join(folder, "reports/report_3users_4_2.html"), "utf8");
    expect(html).toContain("Latest");
    expect(html).toMatch(/<title>[^<]+ – Plimsoll<\/title>/);
  });

  it("without thresholds, failed requests end it with the code asked for", async () => {
    const { target, plimsoll } = await loaded(scenario.replace("/health", "/nowhere"));
    // So many that one of them meets the page that is not there: a quarter of what each does.
    const args = ["--headless", "-H", target.url, "-u", "20", "-r", "20", "-t", "3s", "-P", "0", "Reader"];
    const asked = [
      [[], "1"],
      [["--exit-code-on-error", "7"], "7"],
      [["--exit-code-on-error=0"], "0|98"],
    ] as const;
    const runs = await Promise.all(asked.map(([flags]) => plimsoll([...args, ...flags]).finished));
    for (const [i, [flags, code]] of asked.entries()) {
      const run = runs[i];
      expect(String(run?.code), `${flags}\n${run?.stderr}`).toMatch(new RegExp(`^(${code})$`));
      expect(run?.stderr).toMatch(/Error report\n# occurrences +Error\n-+\|-+\n\d+ +GET Health: 404/);
    }
  });

  it("with thresholds they decide, and a run without an end may be stopped", async () => {
    const judged = `${scenario}thresholds: [ratio(errors) < 1%]\n`;
    // Three quarters of what a Reader does: that none of its dozen requests meets it is not to be expected.
    const { target, plimsoll } = await loaded(judged.replace("/api/tasks?limit=1", "/nowhere"));
    const common = ["--headless", "-H", target.url, "-u", "4", "-r", "10", "-P", "0"];
    const failing = plimsoll([...common, "-t", "3s", "Reader"]);
    const endless = plimsoll([...common, "Admin"]);
    await endless.printed(/All users spawned/);
    endless.process.kill("SIGINT");
    const { code, stderr } = await endless.finished;
    expect([0, 98], stderr).toContain(code);
    expect(stderr).toContain("No run time limit set, use CTRL+C to interrupt");
    expect((await failing.finished).code).toBe(99);
  });

  it("waits for Start, runs as often as it is asked to, and ends with a signal", async () => {
    const { target, plimsoll } = await loaded();
    // What looks at /metrics once, as this test does, is not waited for.
    const session = plimsoll(["-H", target.url, "-u", "2", "-P", "0", "--class-picker", "--linger", "1ms"]);
    const [url = ""] = await session.printed(/http:\/\/127\.0\.0\.1:\d+/);
    const swarm = async (fields: Record<string, string>) => {
      const response = await fetch(`${url}/swarm`, { method: "POST", body: new URLSearchParams(fields) });
      return (await response.json()) as { success: boolean; message: string };
    };
    const metric = async (name: RegExp) => name.exec(await (await fetch(`${url}/metrics`)).text())?.[0];
    expect((await target.requests()).total).toBe(0);
    expect(await swarm({ user_count: "3", spawn_rate: "10", run_time: "2s", user_classes: "Admin" })).toMatchObject({
      success: true,
      message: "Swarming started",
    });
    await session.printed(/\{"Admin": 3\} \(3 total users\)[\s\S]*Run file:/);
    expect(await swarm({ user_classes: "Nobody" })).toMatchObject({ success: false });
    expect(await swarm({ spawn_rate: "10" })).toMatchObject({ success: true });
    await session.printed(/\(2 total users\)/);
    expect(await swarm({ user_count: "6", spawn_rate: "10" })).toMatchObject({ success: true });
    await session.printed(/\(6 total users\)/);
    expect(await metric(/^plimsoll_users\{.*\} 6$/m)).toBeDefined();
    expect(await (await fetch(`${url}/stop`)).json()).toEqual({ success: true, message: "Test stopped" });
    await session.printed(/Stopped by the page[\s\S]*Run file:/);
    session.process.kill("SIGINT");
    const { code, stderr } = await session.finished;
    expect([0, 98], stderr).toContain(code);
    expect(stderr.match(/Run file:/g)).toHaveLength(2);
  });

  it("--autostart starts at once, --autoquit ends it", async () => {
    const { target, plimsoll } = await loaded();
    const args = ["-H", target.url, "-u", "2", "-t", "2s", "-P", "0", "--autostart", "--autoquit", "0"];
    const { code, stderr } = await plimsoll(args).finished;
    expect([0, 98], stderr).toContain(code);
    expect(stderr).toMatch(/--run-time limit reached, stopping test[\s\S]*--autoquit time reached, shutting down/);
  });

  it("tags, weights and changed classes choose what runs", async () => {
    const { target, plimsoll } = await loaded();
    const common = ["--headless", "-H", target.url, "-u", "4", "-r", "20", "-t", "2s", "-P", "0", "--only-summary"];
    const changes =
      '[{"user_class_name": "Admin", "fixed_count": 3}, {"user_class_name": "Reader", "tasks": ["List"]}]';
    const [tagged, changed, equal] = await Promise.all([
      plimsoll([...common, "Reader", "--tags", "read"]).finished,
      plimsoll([...common, "--config-users", changes]).finished,
      plimsoll([...common, "--equal-weights"]).finished,
    ]);
    expect(tagged.stderr).not.toMatch(/^GET +Health/m);
    expect(changed.stderr).toContain('All users spawned: {"Reader": 1, "Admin": 3} (4 total users)');
    expect(changed.stderr).not.toMatch(/^GET +Health/m);
    expect(equal.stderr).toContain('All users spawned: {"Reader": 2, "Admin": 2} (4 total users)');
  });

  it("tells what a scenario has without running it", async () => {
    const { plimsoll } = ground();
    const [list, ratio] = await Promise.all([
      plimsoll(["--list"]).finished,
      plimsoll(["-H", "http://x", "--show-task-ratio-json"]).finished,
    ]);
    expect(list).toMatchObject({ code: 0, stdout: "Available Users:\n    Reader\n    Admin\n", stderr: "" });
    expect(JSON.parse(ratio.stdout)).toEqual({
      per_class: {
        Reader: { ratio: 0.75, tasks: { List: { ratio: 0.75 }, Health: { ratio: 0.25 } } },
        Admin: { ratio: 0.25, tasks: { Latest: { ratio: 1 } } },
      },
      total: {
        Reader: { ratio: 0.75, tasks: { List: { ratio: 0.5625 }, Health: { ratio: 0.1875 } } },
        Admin: { ratio: 0.25, tasks: { Latest: { ratio: 0.25 } } },
      },
    });
  });

  const refused: [args: string[], message: string][] = [
    [["-f", "locustfile.py"], "locustfile.yaml lies beside it: give that one."],
    [["-f", "absent.yaml"], "There is no scenario absent.yaml."],
    [["-f", "a.py,b.py"], "Plimsoll runs scenarios in YAML, not Python."],
    [["-f", "http://host/locustfile.py"], "a scenario is read from a file"],
    [["-f", "-"], "and there is none: give a file."],
    [["rnu", "locustfile.yaml"], "There is no command rnu. Did you mean 'run'?"],
    [["--headless", "-H", "http://x", "Raeder"], "Raeder"],
    [["--headless", "-u", "5"], "there is no host"],
    [["--master", "--expect-workers", "4"], "several machines cannot share a run yet"],
    [["-H", "http://x", "--web-host", "0.0.0.0"], "only this machine may reach the page"],
    [["--uesrs", "5"], "There is no flag --uesrs. Did you mean '--users'?"],
  ];

  it("says what it refuses, and why", async () => {
    const { folder, plimsoll } = ground();
    writeFileSync(join(folder, "locustfile.py"), "from locust import FastHttpUser\n");
    const all = await inLanes(3, refused, ([args]) => plimsoll(args).finished);
    for (const [i, [args, message]] of refused.entries()) {
      const { code, stdout, stderr } = all[i] ?? {};
      expect([args, code, stdout]).toEqual([args, 104, ""]);
      expect(stderr).toContain(message);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  });

  it("looks for a scenario, and says where", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "empty"));
    const { code, stderr } = await new Plimsoll([], { folder: join(folder, "empty") }).finished;
    expect(code).toBe(104);
    expect(stderr).toContain("There is no scenario here: looked for plimsoll.yaml");
  });
});

const terminal = program("script");

describe.runIf(terminal)("keys at a terminal", () => {
  it("w, W, s and S change the number of users; Ctrl-C ends the run as ever", async () => {
    const { target, folder } = await loaded();
    const main = resolve(import.meta.dirname, "../../src/main.ts");
    const command = `'${process.execPath}' '${main}' --headless -H ${target.url} -u 2 -P 0 --only-summary Admin`;
    const session = spawn(terminal ?? "", ["-qefc", command, "/dev/null"], {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, TERM: "xterm", SHELL: "/bin/sh" },
    });
    onTestFinished(() => void session.kill("SIGKILL"));
    let text = "";
    const printed = async (pattern: RegExp) => {
      while (!pattern.test(text)) text += String((await once(session.stdout, "data"))[0]);
    };
    await printed(/\(2 total users\)/);
    session.stdin.write("W");
    await printed(/Ramping to 12 users at a rate of 100\.00[\s\S]*\(12 total users\)/);
    session.stdin.write("sw");
    await printed(/Ramping to 11 users[\s\S]*Ramping to 12 users[\s\S]*\(12 total users\)/);
    session.stdin.write("SS");
    await printed(/Ramping to 0 users[\s\S]*\(0 total users\)/);
    session.stdin.write("\u0003");
    await printed(/Stopped by SIGINT/);
    const [code] = (await once(session, "exit")) as [number];
    expect([0, 98], text).toContain(code);
  });
});

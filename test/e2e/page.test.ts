import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Watcher } from "../../src/runs/view-sink.ts";
import { htmlReport } from "../../src/sinks/html.ts";
import type { Answer, Archive, Question } from "../../src/ui/archive.ts";
import { readPageFiles } from "../../src/ui/page-files.ts";
import { startServer } from "../../src/ui/server.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { apiSources } from "../ui/api-sources.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { accessibility, chromiumPath, launch, opened } from "./browser.ts";
import { hostile, hostileRun } from "./hostile-run.ts";
import { longRun, secondOf } from "./long-run.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

const scenario = `
name: shop
host: http://localhost:9
users:
  Reader:
    weight: 3
    wait: 100ms
    tasks:
      List: { weight: 3, tags: [read], get: /api/tasks?limit=1 }
      Missing: { tags: [bad], get: /nothing }
  Admin:
    wait: 100ms
    tasks:
      Latest: { tags: [read], get: /api/tasks?limit=2 }
profiles:
  light: { users: 4, spawnRate: 10/s, duration: 5m }
  open: { arrivals: 20/s, duration: 5m }
watch:
  app: { prometheus: /metrics }
thresholds:
  - p95(latency) target < 100ms critical < 10s
`;

let browser: Browser;

describe.skipIf(chromiumPath === undefined)("in Chromium", () => {
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  /** Everything here comes soon, but on a busy machine. */
  function eventually<T>(look: () => Promise<T>) {
    return expect.poll(look, { timeout: 20_000, interval: 20 });
  }

  /** Resolves once the charts are there. */
  async function drawn(page: Page): Promise<void> {
    await page.locator(".plot canvas").nth(3).waitFor();
  }

  async function figure(page: Page, name: string): Promise<string> {
    return page
      .locator(".headline div", { has: page.getByText(name, { exact: true }) })
      .locator("dd")
      .first()
      .innerText();
  }

  async function until(page: Page, name: string, wanted: RegExp): Promise<void> {
    await eventually(() => figure(page, name)).toMatch(wanted);
  }

  it("the page starts, shows, changes and stops runs, opens a past one and compares two", async () => {
    const target = await startPracticeTarget();
    onTestFinished(() => target.stop());
    const folder = temporaryFolder();
    writeFileSync(join(folder, "plimsoll.yaml"), scenario);
    const run = new Plimsoll(["--web-port", "0", "--html", "report.html"], { folder, env: { HOME: folder } });
    const [url] = await run.printed(/http:\/\/127\.0\.0\.1:\d+/);
    const { page, close } = await opened(browser, `${url}/`);
    const start = page.getByRole("button", { name: "Start", exact: true });
    expect(await accessibility(page)).toEqual([]);

    // Users, with other numbers than the profile's, by the keyboard alone.
    await page.getByLabel("Host").fill(target.url);
    await page.getByLabel("Users", { exact: true }).fill("3");
    await page.getByLabel("Duration in seconds").fill("120");
    await page.getByLabel("Duration in seconds").press("Enter");
    await until(page, "State", /running/);
    await until(page, "Users", /^3$/);
    await until(page, "Time", /of 2:00/);
    // Whether the limits hold stands first, before the end: here nothing can break them.
    await until(page, "Limits", /hold|missed/);
    expect(await page.locator("main section h2").first().innerText()).toMatch(
      /limits? holds? so far|No critical limit/,
    );
    await page.getByLabel("to", { exact: true }).fill("6");
    await page.getByRole("button", { name: "Change" }).click();
    await until(page, "Users", /^6$/);
    await page.getByLabel("Change").selectOption("arrivals");
    await page.getByLabel("to", { exact: true }).fill("5");
    await page.getByRole("button", { name: "Change" }).click();
    await eventually(() => page.getByRole("alert").innerText()).toContain("No load of arrivals");

    await drawn(page);
    expect(await accessibility(page)).toEqual([]);
    const table = page.getByRole("region", { name: "Statistics of requests" });
    const names = () => table.locator("tbody tr td:nth-child(2)").allInnerTexts();
    await table.getByRole("button", { name: "Name" }).click();
    const sorted = (await names()).map((name) => name.split(" ")[0]);
    expect(sorted).toEqual(["Latest", "List", "Missing"]);
    await table.getByRole("button", { name: "Name" }).click();
    expect((await names()).map((name) => name.split(" ")[0])).toEqual(sorted.toReversed());
    await page.getByRole("button", { name: "Reset statistics" }).click();
    await eventually(() => page.getByRole("alert").innerText()).toBe("");

    await page.getByRole("button", { name: "Stop" }).click();
    await eventually(() => page.locator(".verdict h2").innerText()).toContain("The run");
    for (const [title, ending] of [
      ["Report (HTML)", ".html"],
      ["Requests (CSV)", "requests.csv"],
      ["History (CSV)", "history.csv"],
      ["Run file", ".db"],
    ] as const) {
      const coming = page.waitForEvent("download");
      await page.getByRole("link", { name: title }).click();
      const download = await coming;
      expect(download.suggestedFilename()).toContain(ending);
      expect(readFileSync(await download.path()).length, title).toBeGreaterThan(100);
    }

    // What came of the run stands before the form for another.
    expect(await page.getByLabel("Profile").count()).toBe(0);
    await page.getByText("Start another run").click();
    // Arrivals, whose profile has no users to ask for.
    await page.getByLabel("Profile").selectOption("open");
    await page.getByLabel("Arrivals a second").fill("30");
    await start.click();
    await until(page, "State", /running/);
    await until(page, "RPS", /^(2[0-9]|3[0-9])(\.\d+)?\/s/);
    await page.getByRole("button", { name: "Stop" }).click();
    await eventually(() => figure(page, "State")).not.toMatch(/running|stopping/);

    await page.getByRole("link", { name: "Past runs" }).click();
    const links = page.getByRole("region", { name: "Runs that are kept" }).getByRole("link");
    await eventually(() => links.count()).toBe(2);
    expect(await accessibility(page)).toEqual([]);
    await links.last().click();
    await eventually(() => page.locator("main .title").innerText()).toContain("shop light");
    await drawn(page);
    await page.goBack();
    await page.getByRole("checkbox").nth(1).waitFor();
    for (const box of await page.getByRole("checkbox").all()) await box.check();
    await page.getByRole("link", { name: "Compare the two" }).click();
    await eventually(() => page.getByText("One run on a side cannot show").count()).toBe(1);
    const differences = page.getByRole("region", { name: "Differences" }).locator("tbody tr");
    await eventually(() => differences.count()).toBeGreaterThan(4);
    expect(await accessibility(page)).toEqual([]);
    await close(/status of 409/);

    run.process.kill("SIGINT");
    await run.finished;
    const report = await opened(browser, pathToFileURL(join(folder, "report.html")).href);
    await drawn(report.page);
    expect(await accessibility(report.page)).toEqual([]);
    await report.close();
  }, 80_000);

  it("whoever has the token logs in by the form, and nobody else", async () => {
    const url = await served({ ...longRun(30, 2, 5), token: "correct-horse-battery" });
    const { page, close } = await opened(browser, `${url}/`);
    await page.getByLabel("Token").fill("wrong-horse-battery");
    await page.getByLabel("Token").press("Enter");
    await eventually(() => page.getByRole("alert").innerText()).toContain("not the token");
    expect(await accessibility(page)).toEqual([]);
    await page.getByLabel("Token").fill("correct-horse-battery");
    await page.getByRole("button", { name: "Log in" }).click();
    await drawn(page);
    expect(await page.evaluate("document.cookie")).toBe("");
    await close(/status of 401/);
  });

  it("the report shows charts and tables where no script runs, and nothing is wrong with them", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "report.html");
    writeFileSync(path, htmlReport({ ...longRun(60, 3, 5), damage: [] }, readPageFiles()));
    const { page, close } = await opened(browser, pathToFileURL(path).href, { scripts: false });
    expect(await page.locator(".chart svg").count()).toBeGreaterThan(6);
    expect(await page.locator("table").count()).toBeGreaterThan(2);
    await close();
  });

  it("narrow screens scroll down, not sideways", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "report.html");
    const run = longRun(60, 3, 5);
    const claim = 'db_pool_utilization_ratio{pool="main",source="the-only-application"} was full';
    run.shown.standing.findings = [{ kind: "sign", claim, severity: "warning", evidence: [] }];
    run.shown.view.events.push({ at: 1, kind: "source", message: claim });
    writeFileSync(path, htmlReport({ ...run, damage: [] }, readPageFiles()));
    const { page, close } = await opened(browser, pathToFileURL(path).href, { reducedTo: 360 });
    await drawn(page);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    await close();
  });

  it.each([
    true,
    false,
  ])("what a target or a scenario said runs nowhere in the report (scripts: %s)", async (scripts) => {
    const path = join(temporaryFolder(), "report.html");
    const { shown, summary } = hostileRun();
    writeFileSync(path, htmlReport({ shown, summary, damage: [...hostile] }, readPageFiles()));
    const { page, close } = await opened(browser, pathToFileURL(path).href, { scripts });
    await eventually(() => page.locator(".chart").count()).toBeGreaterThan(4);
    await provoke(page);
    expect(await planted(page)).toEqual({ ran: undefined, elements: 0 });
    await close();
  });

  it("nor in the page, live or of a past run", async () => {
    const { shown } = hostileRun();
    const url = await served({ shown });
    for (const place of ["/", "/#/runs/x", "/#/runs", "/#/comparison/%3Cimg%20src=x%20onerror=planted=1%3E/x"]) {
      const { page, close } = await opened(browser, url + place);
      await eventually(() => page.locator("main > *").count()).toBeGreaterThan(0);
      await provoke(page);
      expect(await planted(page), place).toEqual({ ran: undefined, elements: 0 });
      // That there is no such run to compare is said with a 404.
      await close(/status of 404/);
    }
  });

  it("a report of two hours and 200 names opens like a small one, and weighs less than a megabyte", async () => {
    const folder = temporaryFolder();
    const took: number[] = [];
    for (const [name, run] of [
      ["small", longRun(60, 3, 45)],
      ["long", longRun(7200, 200, 45)],
    ] as const) {
      const path = join(folder, `${name}.html`);
      const html = htmlReport({ ...run, damage: [] }, readPageFiles());
      expect(Buffer.byteLength(html)).toBeLessThan(1_000_000);
      writeFileSync(path, html);
      const best: number[] = [];
      for (let i = 0; i < 2; i++) {
        const { page, close } = await opened(browser, pathToFileURL(path).href);
        await drawn(page);
        best.push(Number(await page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")));
        await close();
      }
      took.push(Math.min(...best));
    }
    const [small = 0, long = 0] = took;
    process.stdout.write(`a small report opens in ${small.toFixed(0)} ms, one of two hours in ${long.toFixed(0)} ms\n`);
    expect(long / small).toBeLessThan(10);
  });

  it("10,000 users and 200 names stay smooth", async () => {
    const { shown } = longRun(1800, 200, 45);
    shown.view.state = "running";
    const watchers = new Set<Watcher>();
    const url = await served({ shown, watchers });
    const { page, close } = await opened(browser, `${url}/`);
    await drawn(page);
    await page.evaluate(
      "globalThis.long = []; new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask' })",
    );
    const ticks = 8;
    for (let i = 1; i <= ticks; i++) {
      const tick = secondOf(1800 + i, 45);
      for (const watcher of watchers) watcher.tick(tick, shown.standing);
      const time = `30:${String(i).padStart(2, "0")}`;
      await eventually(() => figure(page, "Time")).toContain(time);
    }
    const long = (await page.evaluate("long")) as number[];
    process.stdout.write(
      `of ${ticks} seconds, ${long.length} held the page for more than 50 ms: ${long.map(Math.round).join(", ")}\n`,
    );
    // A second has room for one, however busy the machine.
    expect(long.filter((ms) => ms > 1000).length).toBeLessThan(ticks / 2);
    await close();
  });

  it("what nobody sees is not drawn, and is up to date when somebody comes to see it", async () => {
    const { shown } = longRun(60, 200, 45);
    shown.view.state = "running";
    shown.standing.verdict = null;
    const watchers = new Set<Watcher>();
    const url = await served({ shown, watchers });
    const { page, close } = await opened(browser, `${url}/`);
    await drawn(page);
    const cells = () =>
      page.locator("section", { has: page.getByRole("heading", { name: "Statistics" }) }).locator("tbody tr");
    await eventually(() => cells().count()).toBe(200);
    await page.evaluate(`
      globalThis.changed = 0;
      new MutationObserver((all) => { changed += all.length; }).observe(document.querySelector("#statistics").parentElement, { subtree: true, childList: true, characterData: true })`);
    for (const request of shown.standing.requests) request.requests += 1_000_000;
    for (const watcher of watchers) watcher.tick(secondOf(61, 45), shown.standing);
    await eventually(() => figure(page, "Time")).toContain("1:01");
    expect(await page.evaluate("changed")).toBe(0);
    await cells().last().scrollIntoViewIfNeeded();
    await eventually(() => cells().last().innerText()).toContain("1,000,051");
    await close();
  });
});

interface Served {
  shown: ReturnType<typeof longRun>["shown"];
  watchers?: Set<Watcher>;
  token?: string;
}

/** A server that shows a run, live and as the one that is kept. */
async function served({ shown, token, watchers = new Set() }: Served): Promise<string> {
  const archive: Archive = {
    ask: async <Q extends Question>(question: Q): Promise<Answer<Q>> => {
      const { run, state } = shown.view;
      const listed = [{ ...run, path: "x", durationMs: 1, state, bytes: 1 }];
      if (question.kind === "list") return { kind: "answer", answer: listed } as unknown as Answer<Q>;
      if (question.kind === "view") return { kind: "answer", answer: shown } as unknown as Answer<Q>;
      return { kind: "problem", message: hostile.join(" ") };
    },
  };
  const server = await startServer({
    ...apiSources(),
    token,
    archive,
    viewed: {
      shown: () => shown,
      watch: (watcher) => {
        watchers.add(watcher);
        return () => watchers.delete(watcher);
      },
    },
    listen: { host: "127.0.0.1", port: 0 },
    metrics: async () => ({ contentType: "text/plain", body: "" }),
    title: () => shown.view.run.scenario,
    clock: new VirtualClock(),
    onError: (error) => {
      throw error;
    },
  });
  if (server.kind === "problem") throw new Error(server.message);
  onTestFinished(() => server.close());
  return server.url;
}

/** Does what a reader does: unfolds, sorts, and goes over everything with the mouse. */
async function provoke(page: Page): Promise<void> {
  await page.evaluate(`
    for (const fold of document.querySelectorAll("details")) fold.open = true;
    for (const button of document.querySelectorAll("th button")) button.click();
    for (const element of document.querySelectorAll("body *")) {
      for (const kind of ["mouseover", "mouseenter", "focus"]) element.dispatchEvent(new Event(kind));
    }`);
  await page.mouse.move(300, 400);
}

/** Whether any of it ran, and what of it became an element. */
async function planted(page: Page): Promise<{ ran: unknown; elements: number }> {
  const elements = await page
    .locator("[onerror], [onload], [onmouseover], iframe, object, embed, base, [href^='javascript']")
    .count();
  return { ran: await page.evaluate("globalThis.planted"), elements };
}

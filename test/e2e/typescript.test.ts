import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Summary } from "../../src/runs/summary.ts";
import { exitCodeOf, Plimsoll, temporaryFolder } from "./plimsoll.ts";

/** A service that counts what it is asked; a login gives the number of those before. */
async function service(): Promise<{ url: string; counts: Map<string, number> }> {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const name = `${request.method} ${(request.url ?? "").replace(/\d+/g, "N")} ${request.headers.authorization ?? "-"}`;
    const before = counts.get(name) ?? 0;
    counts.set(name, before + 1);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ token: `t${before % 2}`, items: [before] }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, counts };
}

const shop = `import { defineScenario } from "plimsoll";

export default defineScenario({
  metrics: { orders: "counter", lucky: "rate", first_byte_seconds: "trend" },
  setup: async ({ http, capture }) => {
    const response = await http.post("/setup");
    capture("shop", response.json<{ items: number[] }>().items.length);
  },
  users: {
    Buyer: {
      headers: { authorization: "Bearer {{ token }}" },
      start: async ({ http, capture }) => {
        const login = await http.post("/login", { json: { name: "load" } });
        capture("token", login.json<{ token: string }>().token);
      },
      tasks: {
        Look: { get: "/shops/{{ shop }}/items" },
        Order: async ({ http, check, metrics, variable, random }) => {
          const order = await http.post(\`/orders/\${Math.floor(random() * 1000)}\`, { expect: { status: 200 } });
          check("has items", order.json<{ items: unknown[] }>().items.length === Number(variable("shop")));
          metrics.orders.add();
          metrics.lucky.add(order.ok);
          metrics.first_byte_seconds.add(order.durationMs / 1000);
        },
      },
    },
  },
  profiles: { p: { users: 4, iterations: 400 } },
  thresholds: ["ratio(errors) == 0", "ratio(checks) == 100%", "count(orders) > 50", "rate(lucky) == 100%", "p50(first_byte_seconds) < 10s"],
});
`;

it("a TypeScript scenario: each worker imports it, and its own metrics are everywhere", async () => {
  const { url, counts } = await service();
  const folder = temporaryFolder();
  writeFileSync(join(folder, "shop.ts"), shop);
  const args = [
    "run",
    "shop.ts",
    "--host",
    url,
    "--processes",
    "2",
    "--listen",
    "127.0.0.1:0",
    "--summary",
    "s.json",
    "--linger",
    "20s",
  ];
  const plimsoll = new Plimsoll(args, { folder });
  const at = await plimsoll.url();
  // A scraper that came once is waited for at the end.
  await fetch(`${at}/metrics`);
  await plimsoll.printed(/Run file/);
  const metrics = await (await fetch(`${at}/metrics`)).text();
  const { code, stdout, stderr } = await plimsoll.finished;
  const summary = JSON.parse(readFileSync(join(folder, "s.json"), "utf8")) as Summary;
  expect(code, stdout + stderr).toBe(exitCodeOf(summary));

  const orders = [...counts]
    .filter(([name]) => name.startsWith("POST /orders/N Bearer t"))
    .reduce((sum, [, n]) => sum + n, 0);
  const looks = [...counts]
    .filter(([name]) => name.startsWith("GET /shops/N/items Bearer t"))
    .reduce((sum, [, n]) => sum + n, 0);
  expect(orders + looks).toBe(400);
  expect(counts.get("POST /login -")).toBe(4);
  expect(counts.get("POST /setup -")).toBe(1);
  expect(summary.requests.map(({ task, name }) => `${task} ${name}`).toSorted()).toEqual([
    "Look Look",
    "Order POST /orders/:id",
    "start POST /login",
  ]);
  expect(metrics).toMatch(new RegExp(`^plimsoll_custom_orders_total\\{.*\\} ${orders}$`, "m"));
  expect(metrics).toMatch(new RegExp(`^plimsoll_custom_lucky_total\\{.*result="true"\\} ${orders}$`, "m"));
  expect(metrics).toMatch(new RegExp(`^plimsoll_custom_first_byte_seconds_count\\{.*\\} ${orders}$`, "m"));
  expect(metrics).toMatch(
    new RegExp(`^plimsoll_checks_total\\{.*check="has items",outcome="success"\\} ${orders}$`, "m"),
  );
  expect(summary.thresholds.find(({ expression }) => expression.startsWith("count(orders)"))?.value).toBe(orders);
});

it("code that throws: the run goes on and ends with 107; a module that throws ends before it", async () => {
  const { url, counts } = await service();
  const folder = temporaryFolder();
  const task = `async ({ http }) => { await http.get("/a"); throw new Error("no such table"); }`;
  const scenario = (users: string) =>
    `export default { users: ${users}, profiles: { p: { users: 2, iterations: 20 } }, thresholds: ["ratio(errors) == 0"] };\n`;
  writeFileSync(join(folder, "throws.mjs"), scenario(`{ U: { tasks: { T: ${task} } } }`));
  writeFileSync(join(folder, "early.ts"), `const missing: string[] = JSON.parse("{");\n${scenario("{}")}`);
  writeFileSync(join(folder, "wrong.ts"), scenario(`{ U: { wheight: 1, tasks: { T: ${task} } } }`));
  const run = (file: string) =>
    new Plimsoll(["run", file, "--host", url, "--listen", "127.0.0.1:0", "--linger", "1ms"], { folder }).finished;

  const threw = await run("throws.mjs");
  expect(counts.get("GET /a -")).toBe(20);
  // A machine that is too busy for the generator makes it inconclusive, which comes first.
  expect([107, 98]).toContain(threw.code);
  expect(threw.stdout).toContain("Error: no such table");
  expect(threw.stdout).toContain("broke off 20 times");

  const early = await run("early.ts");
  expect(early.code).toBe(107);
  expect(early.stderr).toContain("early.ts threw while it was loaded");
  expect(early.stderr).toMatch(/SyntaxError[\s\S]*early\.ts:1/);

  const wrong = await run("wrong.ts");
  expect(wrong.code).toBe(104);
  expect(wrong.stderr).toContain("did you mean weight?");
});

it("a program runs scenarios: by value, by path, until it aborts", async () => {
  const { url, counts } = await service();
  const folder = temporaryFolder();
  writeFileSync(join(folder, "shop.ts"), shop);
  const index = resolve(import.meta.dirname, "../../src/index.ts");
  writeFileSync(
    join(folder, "program.ts"),
    `import { defineScenario, run } from ${JSON.stringify(index)};
import shop from "./shop.ts";

const host = ${JSON.stringify(url)};
const plain = defineScenario({ users: { U: { wait: "10ms", tasks: { T: { get: "/plain" } } } }, thresholds: ["ratio(errors) == 0"] });
const results: unknown[] = [];
const keep = ({ verdict, summary, findings, exitCode }: Awaited<ReturnType<typeof run>>) =>
  results.push({ state: verdict.state, requests: summary.totals.requests, findings: Array.isArray(findings), exitCode });
keep(await run(plain, { host, users: 3, spawnRate: 100, duration: "1s", workers: 1 }));
keep(await run("shop.ts", { host, labels: { by: "program" } }));
keep(await run(shop, { host, classes: ["Buyer"] }));
const controller = new AbortController();
const endless = run(plain, { host, users: 2, duration: "1h", signal: controller.signal });
while ((await (await fetch(host + "/count")).json()).items[0] < 3) await new Promise((later) => setTimeout(later, 100));
controller.abort();
keep(await endless);
for (const [scenario, settings] of [[plain, { host, profile: "none" }], [plain, { duration: "5" }], ["nowhere.yaml", {}], [defineScenario({ users: { U: { tasks: { T: async () => {} } } } }), { host }], [defineScenario({ users: { U: { tasks: { T: { get: "shop" } } } } }), { host }]] as const) {
  results.push(await run(scenario, settings).then(() => "ran", (error: Error) => \`\${error.name}: \${error.message}\`));
}
console.log(JSON.stringify(results));
`,
  );
  // What imports "plimsoll" is loaded by run() alone; the program's own import of the scenario needs it found, too.
  writeFileSync(join(folder, "shop.ts"), shop.replace('"plimsoll"', JSON.stringify(index)));
  const program = new Plimsoll([], { folder, program: join(folder, "program.ts") });
  const { code, stdout, stderr } = await program.finished;
  expect(code, stderr).toBe(0);
  const results = JSON.parse(stdout) as { state: string; requests: number; findings: boolean; exitCode: number }[];
  const [plain, byPath, byValue, aborted, ...refused] = results;
  expect(["passed", "inconclusive"]).toContain(plain?.state);
  expect(plain?.findings).toBe(true);
  expect(byPath?.requests).toBe(404);
  expect(byValue?.requests).toBe(404);
  expect(aborted).toMatchObject({ state: "stopped", exitCode: 105 });
  expect((plain?.requests ?? 0) + (aborted?.requests ?? 0)).toBe(counts.get("GET /plain -"));
  expect(refused).toEqual([
    expect.stringMatching(/^ScenarioError: .*nothing in this scenario has this name "none"/),
    expect.stringContaining("expected a time with its unit"),
    expect.stringMatching(/^ScenarioError: There is no scenario nowhere.yaml/),
    expect.stringMatching(/^ScenarioError: A scenario with code must be the default export/),
    expect.stringMatching(/^ScenarioError: \S+program\.ts:\d+:\d+: [\s\S]*did you mean \/shop\?/),
  ]);
});

import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { OpenLink } from "../../src/cluster/protocol.ts";
import { Threads } from "../../src/cluster/thread-link.ts";
import { monotonicMs } from "../../src/metrics/clock.ts";
import { requestCount } from "../../src/metrics/snapshot.ts";
import { Run } from "../../src/run.ts";
import type { RunEvent, Sink, Tick } from "../../src/runs/sink.ts";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { startPracticeTarget } from "../demo/practice-target.ts";
import { temporaryFolder } from "./plimsoll.ts";

const RATE = 200;
const scenario = `
users: { U: { tasks: { Health: { get: /health } } } }
profiles: { open: { arrivals: ${RATE}/s, duration: 8s, maxUsers: 100 } }
thresholds: [ratio(errors) < 50%]
`;

it("a worker thread that dies is replaced: the load goes on, never more of it, at most a second is lost", async () => {
  const target = await startPracticeTarget();
  onTestFinished(() => target.stop());
  const read = readScenario("open.yaml", scenario, {});
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const made = makePlan(read.scenario, { host: target.url, seed: 1, suffix: "x", startedAt: Date.now(), version: "0" });
  if ("problems" in made) throw new Error(JSON.stringify(made.problems));

  const threads = new Threads();
  const links: ReturnType<OpenLink>[] = [];
  const openLink: OpenLink = (worker, listener) => {
    const link = threads.open(worker, listener);
    links.push(link);
    return link;
  };
  const events: RunEvent[] = [];
  let killed = false;
  const watcher: Sink = {
    name: "watcher",
    start() {},
    write({ snapshot, events: happened }: Tick) {
      events.push(...happened);
      const requests = snapshot.series.reduce((sum, one) => sum + requestCount(one), 0);
      if (requests < 2 * RATE || killed) return;
      killed = true;
      void links[0]?.close();
    },
    async stop() {},
  };
  const run = new Run({
    feeds: [],
    plan: made.plan,
    plannedAtMs: monotonicMs(),
    workers: 1,
    runFile: join(temporaryFolder(), "run.db"),
    sinks: [watcher],
    secret: () => "",
    openLink,
  });
  const { summary } = await run.execute();
  expect(links).toHaveLength(2);
  expect(events.map(({ message }) => message).join("\n")).toMatch(/Worker 0 is gone .* worker 1 takes its share/);
  const { total } = await target.requests();
  const planned = RATE * 8;
  expect(total).toBeLessThanOrEqual(planned);
  expect(summary.totals.requests).toBeLessThanOrEqual(total);
  // Lost with the worker: what it had not told (half a second), and what was due until its successor had started.
  expect(total - summary.totals.requests).toBeLessThanOrEqual(RATE);
  expect(planned - total).toBeLessThanOrEqual(3 * RATE);
});

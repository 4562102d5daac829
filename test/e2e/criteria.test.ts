import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { Summary } from "../../src/runs/summary.ts";
import { type PracticeTarget, startPracticeTarget } from "../demo/practice-target.ts";
import { inLanes } from "./lanes.ts";
import { Plimsoll, temporaryFolder } from "./plimsoll.ts";

/** A run of an example with all its thresholds, those of its profiles too, on a practice target. */
interface Trial {
  users: number;
  /** Of the practice target. */
  flags: string;
  /** It is killed and started again on the way. */
  crash?: boolean;
}

interface Guide {
  name: string;
  /** A run of some seconds with some users cannot be held to limits of minutes and thousands: in their place stands what it can. */
  cuts: [from: RegExp, to: string][];
  /** Limits on what is not here: PostgreSQL, Redis, containers. */
  elsewhere: RegExp;
  /** Every limit holds. */
  healthy: Trial;
  /** Each limit is broken in one of them. */
  weak: Trial[];
}

/** Memory and latency that grow, in 12 s: by 5.5 MB and by 28 ms a second. */
const slopes: Guide["cuts"] = [
  [/< 10MB\/h after \w+/, "< 20GB/h after 3s"],
  [/< \d+ms\/h after \w+/, "< 100s/h after 3s"],
];
/** How much of a core a busy machine leaves the target is not ours to say. */
const cpu: Guide["cuts"] = [
  [/(cpu_utilization_ratio.*) target < [78]0%/, "$1 target < 15%"],
  [/(cpu_utilization_ratio.*) critical < 80%/, "$1 critical < 20%"],
];
/** All limits are to be judged to the end. */
const toTheEnd: Guide["cuts"] = [[/over \d+s abort after 30s/, "over 5s after 3s"]];

const guides: Guide[] = [
  {
    name: "boss-workflow",
    cuts: [],
    elsewhere: /^max\(db_connections_utilization_ratio\)/,
    healthy: { users: 200, flags: "--weak none --cache-ttl-ms 60000" },
    weak: [
      { users: 500, flags: "--pool 20 --max-overflow 25 --hold-ms 500 --pool-timeout-ms 60000 --cache-ttl-ms 1" },
      { users: 30, flags: "--pool 1 --hold-ms 300 --pool-timeout-ms 2000 --cache-ttl-ms 1" },
    ],
  },
  {
    name: "voice-agent",
    cuts: [...slopes, ...cpu, [/>= 500\/s/, ">= 40/s"]],
    elsewhere: /^$/,
    healthy: { users: 120, flags: "--weak none --ai-ms 50" },
    weak: [
      { users: 200, flags: "--pool 10 --hold-ms 400 --pool-timeout-ms 60000 --ai-ms 100" },
      {
        users: 100,
        flags: "--pool 2 --hold-ms 300 --pool-timeout-ms 500 --ai-rate-limit 5 --leak-kb 300 --cpu-ms 10 --ai-ms 100",
      },
    ],
  },
  {
    name: "concierge-rag-guardrails",
    cuts: [
      ...slopes,
      ...cpu,
      ...toTheEnd,
      [/during stage 3/, "during stage 1"],
      [/(max.*(Rag|Guardrails)User.*) < \w+/, "$1 < 1s"],
    ],
    elsewhere: /^$/,
    healthy: { users: 120, flags: "--weak none --ai-ms 50" },
    weak: [
      {
        users: 500,
        flags:
          "--ai-ms 4000 --ai-rate-limit 80 --leak-kb 200 --pool 8 --hold-ms 500 --pool-timeout-ms 5000 --queue-workers 1 --job-ms 4000",
      },
      { users: 60, flags: "--ai-error-percent 100 --cpu-ms 20" },
    ],
  },
  {
    name: "oddiya",
    cuts: [...slopes, ...toTheEnd],
    elsewhere: /^(max\((db_connections|cache_memory|memory)_utilization_ratio|rate\(cache_evictions|count\(log_lines)/,
    healthy: { users: 200, flags: "--weak none --ai-ms 50" },
    weak: [
      {
        users: 500,
        flags: "--pool 45 --hold-ms 500 --pool-timeout-ms 60000 --cache-ttl-ms 1 --ai-ms 100 --leak-kb 200 --unsafe",
      },
      {
        users: 100,
        flags: "--pool 2 --hold-ms 300 --pool-timeout-ms 500 --ai-rate-limit 2 --cpu-ms 30 --ai-ms 100",
      },
    ],
  },
  {
    name: "origin-learning-platform",
    cuts: [
      [/target < \d+s critical < \d+s$/, "target < 1s critical < 2s"],
      [/> 100\/s/, "> 45/s"],
      [/> 500\/s/, "> 40/s"],
    ],
    elsewhere:
      /^(max\(queue_depth\{queue="celery"|max\((db_connections|cache_memory)_util|count\((restarts|log_lines)_total)/,
    healthy: { users: 400, flags: "--weak none --ai-ms 50" },
    weak: [
      {
        users: 400,
        flags:
          "--pool 10 --hold-ms 500 --pool-timeout-ms 60000 --cache-ttl-ms 1 --queue-workers 1 --job-ms 500 --ai-ms 2000",
      },
      { users: 200, flags: "--pool 1 --hold-ms 300 --pool-timeout-ms 500", crash: true },
    ],
  },
];

/** The example as a scenario of one profile, with everybody's thresholds. */
function scenarioOf({ name, cuts, elsewhere }: Guide, users: number): string {
  const file = resolve(import.meta.dirname, `../../examples/${name}/${name}.yaml`);
  const example = parse(readFileSync(file, "utf8")) as {
    profiles: Record<string, { thresholds?: string[] }>;
    thresholds: string[];
    watch: Record<string, object>;
    feeds?: Record<string, { csv: string }>;
  };
  const all = [...example.thresholds, ...Object.values(example.profiles).flatMap(({ thresholds = [] }) => thresholds)];
  const cut = (text: string) => cuts.reduce((so, [from, to]) => so.replace(from, to), text);
  return stringify({
    ...example,
    profiles: { cut: { stages: [{ users, over: "2s", for: "11s" }], warmUp: "2s" } },
    // A service whose CPU is full answers late, and has to be looked at all the same.
    watch: Object.fromEntries(
      Object.entries(example.watch).map(([source, what]) => [source, { ...what, timeout: "5s" }]),
    ),
    thresholds: [...new Set(all.filter((text) => !elsewhere.test(text)).map(cut))],
    feeds: Object.fromEntries(
      Object.entries(example.feeds ?? {}).map(([feed, what]) => [
        feed,
        { ...what, csv: resolve(file, "..", what.csv) },
      ]),
    ),
    traces: undefined,
  });
}

interface Judged {
  summary: Summary;
  said: string;
}

async function judge(guide: Guide, { users, flags, crash = false }: Trial): Promise<Judged> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "cut.yaml"), scenarioOf(guide, users));
  let target: PracticeTarget = await startPracticeTarget(...flags.split(" "));
  try {
    const args = ["--headless", "-f", "cut.yaml", "--host", target.url, "--stop-timeout", "3", "--summary", "s.json"];
    const env = { LOAD_TEST_HOST: target.url };
    const run = new Plimsoll(args, { folder, env });
    if (crash) {
      await run.printed(/All users spawned/);
      await target.stop();
      target = await startPracticeTarget(...flags.split(" "), "--port", new URL(target.url).port);
    }
    const { stdout, stderr } = await run.finished;
    const said = `${guide.name} with ${users} users on ${flags}\n${stdout}\n${stderr}`;
    return { summary: JSON.parse(readFileSync(join(folder, "s.json"), "utf8")) as Summary, said };
  } finally {
    await target.stop();
  }
}

const limitsOf = ({ thresholds }: Summary, state?: string) =>
  thresholds
    .filter((one) => state === undefined || one.state === state)
    .map((one) => `${one.expression} [${one.level}]`);

/** Judges all that are left, until nothing is missing in any; gives what is, with what was printed. */
async function untilNothingIsMissing(
  lanes: number,
  trialsOf: (guide: Guide) => Trial[],
  missing: (guide: Guide, summaries: Summary[]) => string[],
): Promise<{ missed: string[]; said: string }> {
  // Times are the service's and the machine's: where others keep the machine busy, a guide may have another try.
  const tries = 3;
  let left = guides;
  for (let n = 1; ; n++) {
    const trials = left.flatMap((guide) => trialsOf(guide).map((trial) => ({ guide, trial })));
    const judged = await inLanes(lanes, trials, ({ guide, trial }) => judge(guide, trial));
    const of = (guide: Guide) => judged.filter((_, i) => trials[i]?.guide === guide);
    const missed = left.map((guide) =>
      missing(
        guide,
        of(guide).map(({ summary }) => summary),
      ),
    );
    left = left.filter((_, i) => missed[i]?.length !== 0);
    const said = left.flatMap(of).map((one) => one.said);
    if (n === tries || left.length === 0) return { missed: missed.flat(), said: said.join("\n\n") };
  }
}

/** Enough for three tries. */
const timeout = 400_000;

it("each criterion of the guides holds on a healthy service", { timeout }, async () => {
  const { missed, said } = await untilNothingIsMissing(
    2,
    ({ healthy }) => [healthy],
    ({ name }, [summary]) => {
      if (summary === undefined || summary.thresholds.length < 9) return [`${name}: no thresholds`];
      const ok = limitsOf(summary, "ok");
      return limitsOf(summary).filter((limit) => !ok.includes(limit));
    },
  );
  expect(missed, said).toEqual([]);
});

it("each criterion of the guides breaks on a service that is weak where it looks", { timeout }, async () => {
  const brokenOf = new Map(guides.map(({ name }) => [name, new Set<string>()]));
  const { missed, said } = await untilNothingIsMissing(
    4,
    ({ weak }) => weak,
    ({ name }, summaries) => {
      const broken = brokenOf.get(name);
      for (const limit of summaries.flatMap((summary) => limitsOf(summary, "broken"))) broken?.add(limit);
      const passed = summaries.filter(({ verdict }) => verdict.state !== "failed").map(() => `${name}: passed`);
      const all = new Set(summaries.flatMap((summary) => limitsOf(summary)));
      return [...passed, ...[...all].filter((limit) => !broken?.has(limit)).map((limit) => `${name}: ${limit}`)];
    },
  );
  expect(missed, said).toEqual([]);
});

import { bytes, count, duration, metricValue, rate, runTime, share } from "../../metrics/units.ts";
import type { Standing, StandingRequest } from "../../runs/standing.ts";
import type { LatencyFigures, SummaryThreshold } from "../../runs/summary.ts";
import { targetCells } from "../../runs/target-cells.ts";
import type { WorkerView } from "../../runs/view.ts";
import { formatLike } from "../../verdict/quantity.ts";
import { type Column, Table } from "./table.tsx";

const none = Number.NEGATIVE_INFINITY;

function time(title: string, of: (latency: LatencyFigures) => number): Column<StandingRequest> {
  return {
    title,
    by: ({ latency }) => (latency === null ? none : of(latency)),
    cell: ({ latency }) => (latency === null ? "–" : duration(of(latency))),
  };
}

const requestColumns: Column<StandingRequest>[] = [
  { title: "Type", words: "short", by: ({ method }) => method, cell: ({ method }) => method },
  {
    title: "Name",
    words: true,
    by: ({ name }) => name,
    cell: ({ user, name }) => (
      <>
        {name} {user !== "" && <small>{user}</small>}
      </>
    ),
  },
  { title: "Requests", by: ({ requests }) => requests, cell: ({ requests }) => count(requests) },
  {
    title: "Fails",
    by: ({ failures }) => failures,
    cell: ({ failures }) => (failures > 0 ? <strong class="bad">{count(failures)}</strong> : "0"),
  },
  time("Median", ({ p50 }) => p50),
  time("95%ile", ({ p95 }) => p95),
  time("99%ile", ({ p99 }) => p99),
  time("Average", ({ mean }) => mean),
  time("Min", ({ min }) => min),
  time("Max", ({ max }) => max),
  { title: "Average size", by: ({ meanBytes }) => meanBytes, cell: ({ meanBytes }) => bytes(meanBytes) },
  { title: "Current RPS", by: ({ current }) => current.rate, cell: ({ current }) => rate(current.rate) },
  {
    title: "Current failures/s",
    by: ({ current }) => current.failures,
    cell: ({ current }) => rate(current.failures),
  },
];

/** Locust's columns, for each request of each user class. */
export function Statistics({ standing }: { standing: Standing }) {
  const { requests, totals } = standing;
  const sum = (of: (row: StandingRequest) => number) => requests.reduce((all, row) => all + of(row), 0);
  const total: StandingRequest = {
    ...totals,
    user: "",
    task: "",
    name: "Aggregated",
    method: "",
    statuses: {},
    errors: [],
    meanBytes: totals.requests === 0 ? 0 : sum((row) => row.meanBytes * row.requests) / totals.requests,
    current: { rate: sum((row) => row.current.rate), failures: sum((row) => row.current.failures) },
  };
  return (
    <Table
      caption="Statistics of requests"
      columns={requestColumns}
      rows={requests}
      keyOf={({ user, task, name, method }) => JSON.stringify([user, task, name, method])}
      total={total}
      empty="No request has ended yet."
    />
  );
}

interface Failure {
  method: string;
  name: string;
  type: string;
  detail: string;
  count: number;
  first: number;
  last: number;
}

const failureColumns: Column<Failure>[] = [
  { title: "Failures", by: ({ count: times }) => times, cell: ({ count: times }) => count(times) },
  { title: "Method", words: "short", by: ({ method }) => method, cell: ({ method }) => method },
  { title: "Name", words: true, by: ({ name }) => name, cell: ({ name }) => name },
  { title: "Kind", words: "short", by: ({ type }) => type, cell: ({ type }) => type },
  { title: "Message", words: true, by: ({ detail }) => detail, cell: ({ detail }) => detail },
  { title: "First", by: ({ first }) => first, cell: ({ first }) => runTime(first * 1000) },
  { title: "Last", by: ({ last }) => last, cell: ({ last }) => runTime(last * 1000) },
];

export function Failures({ standing }: { standing: Standing }) {
  const rows = standing.requests.flatMap(({ method, name, errors }) =>
    errors.map((error) => ({ method, name, ...error })),
  );
  return (
    <Table
      caption="Failures"
      columns={failureColumns}
      rows={rows}
      keyOf={({ method, name, type, detail }) => JSON.stringify([method, name, type, detail])}
      empty="Nothing has failed."
    />
  );
}

const words: Record<SummaryThreshold["state"], string> = {
  ok: "holds",
  broken: "broken",
  no_data: "no data",
  few_samples: "too few samples",
};

const thresholdColumns: Column<SummaryThreshold>[] = [
  {
    title: "State",
    words: "short",
    by: ({ state }) => words[state],
    cell: ({ state, level }) => (
      <span class={`state ${state === "ok" ? "good" : state === "broken" && level === "critical" ? "bad" : "warn"}`}>
        {state === "ok" ? "✓" : state === "broken" ? "✗" : "?"} {words[state]}
      </span>
    ),
  },
  { title: "Threshold", words: true, by: ({ expression }) => expression, cell: ({ expression }) => expression },
  { title: "Level", words: "short", by: ({ level }) => level, cell: ({ level }) => level },
  {
    title: "Measured",
    by: ({ value }) => value ?? none,
    cell: ({ value, limit }) => (value === null ? "–" : formatLike(value, limit)),
  },
  { title: "Limit", by: ({ limit }) => limit.value, cell: ({ limit }) => `${limit.operator} ${limit.text}` },
  {
    title: "Where",
    words: true,
    by: whereOf,
    cell: whereOf,
  },
];

/** The series that counted, why there is no answer, and when a limit over time was broken. */
function whereOf({ series, reason, broken }: SummaryThreshold): string {
  const when = broken && `broken from ${runTime(broken.from * 1000)} to ${runTime(broken.until * 1000)}`;
  return [series, reason, when].filter((text) => text !== undefined).join("; ");
}

export function Thresholds({ standing }: { standing: Standing }) {
  return (
    <Table
      caption="Thresholds"
      columns={thresholdColumns}
      rows={standing.thresholds}
      keyOf={({ expression, level }) => `${level} ${expression}`}
      empty="The scenario has no thresholds: any failed request fails the run."
    />
  );
}

type TargetRow = { name: string; metric: string; cells: readonly string[] } & Standing["target"][string];

/** A column of what was seen from moment to moment; a counter has one figure, how much it rose. */
function target(title: string, of: (row: TargetRow) => number, cell: 0 | 1 | 2): Column<TargetRow> {
  return { title, by: (row) => (isCounter(row) ? none : of(row)), cell: ({ cells }) => cells[cell] };
}

function isCounter({ metric }: TargetRow): boolean {
  return metric.endsWith("_total");
}

function end(title: string, of: (row: TargetRow) => number): Column<TargetRow> {
  return { title, by: of, cell: (row) => metricValue(row.metric, of(row)) };
}

const targetColumns: Column<TargetRow>[] = [
  { title: "Metric", words: true, by: ({ name }) => name, cell: ({ name }) => name },
  target("Min", ({ min }) => min, 0),
  { ...target("Mean", ({ mean }) => mean, 1), by: (row) => (isCounter(row) ? row.last - row.first : row.mean) },
  target("Max", ({ max }) => max, 2),
  end("First", ({ first }) => first),
  end("Last", ({ last }) => last),
  { title: "Gaps", by: ({ gaps }) => gaps, cell: ({ gaps }) => count(gaps) },
];

/** Every series of the target's health; what sources say of themselves is left out, and moments of time. */
export function Target({ standing, seconds }: { standing: Standing; seconds: number }) {
  const rows = Object.entries(standing.target)
    .filter(([name]) => !/^scrape(s|_)|_(timestamp|start_time)_seconds/.test(name))
    .map(([name, figures]) => {
      const metric = name.replace(/\{.*$/s, "");
      return { name, metric, cells: targetCells(metric, figures, seconds), ...figures };
    });
  return (
    <Table
      caption="The target's health"
      columns={targetColumns}
      rows={rows}
      keyOf={({ name }) => name}
      empty="Nothing is watched: add watch: to the scenario."
    />
  );
}

const workerColumns: Column<WorkerView>[] = [
  { title: "Worker", words: true, by: ({ id }) => id, cell: ({ id }) => id },
  { title: "State", words: true, by: ({ up }) => String(up), cell: ({ up }) => (up ? "running" : "gone") },
  { title: "Busy", by: ({ busy }) => busy ?? none, cell: ({ busy }) => (busy === null ? "–" : share(busy)) },
  {
    title: "Connections",
    by: ({ connections }) => connections ?? none,
    cell: ({ connections }) => (connections === null ? "–" : count(connections)),
  },
];

export function Workers({ workers }: { workers: WorkerView[] }) {
  return (
    <Table caption="Workers" columns={workerColumns} rows={workers} keyOf={({ id }) => id} empty="No worker reports." />
  );
}

import type { TaskException } from "../metrics/snapshot.ts";
import { csvRow, type Field } from "./csv-text.ts";
import {
  type LocustEntry,
  type LocustStats,
  overallRate,
  percentileMs,
  percentiles,
  type RecentStats,
  timesMs,
} from "./locust-stats.ts";

const titles = percentiles.map(([title]) => title);

/** Locust's headers, which programs look for. */
const headers = {
  stats: [
    "Type",
    "Name",
    "Request Count",
    "Failure Count",
    "Median Response Time",
    "Average Response Time",
    "Min Response Time",
    "Max Response Time",
    "Average Content Size",
    "Requests/s",
    "Failures/s",
    ...titles,
  ],
  stats_history: [
    "Timestamp",
    "User Count",
    "Type",
    "Name",
    "Requests/s",
    "Failures/s",
    ...titles,
    "Total Request Count",
    "Total Failure Count",
    "Total Median Response Time",
    "Total Average Response Time",
    "Total Min Response Time",
    "Total Max Response Time",
    "Total Average Content Size",
  ],
  failures: ["Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen"],
  exceptions: ["Count", "Message", "Traceback", "Nodes"],
} as const;

export type LocustCsv = keyof typeof headers;

/** How it stands: a row a request name, and one of all. */
export function statsCsv(stats: LocustStats): string {
  const rows = [...stats.entries, stats.total].map((entry) =>
    csvRow([
      entry.method,
      entry.name,
      entry.requests,
      entry.failures,
      ...figures(entry),
      overallRate(stats, entry.requests),
      overallRate(stats, entry.failures),
      ...percentileFields(entry),
    ]),
  );
  return csvRow(headers.stats) + rows.join("");
}

/** `startedAt`: Unix milliseconds. */
export function failuresCsv({ failures }: LocustStats, startedAt: number): string {
  const rows = failures.map(({ method, name, error, occurrences, firstAt, lastAt }) =>
    csvRow([method, name, error, occurrences, utc(startedAt + firstAt), utc(startedAt + lastAt)]),
  );
  return csvRow(headers.failures) + rows.join("");
}

export function exceptionsCsv(exceptions: readonly TaskException[]): string {
  // Locust names the nodes of a distributed run there; alone it is its own.
  const rows = exceptions.map(({ message, traceback, count }) => csvRow([count, message, traceback, "local"]));
  return csvRow(headers.exceptions) + rows.join("");
}

export function historyHeader(): string {
  return csvRow(headers.stats_history);
}

/** The rows of one second: of all requests, with `full` of each name too. */
export function historyRows(stats: LocustStats, recently: RecentStats, startedAt: number, full: boolean): string {
  const { at, users, entries, total } = stats;
  const timestamp = Math.floor((startedAt + at) / 1000);
  const rows = (full ? [...entries, total] : [total]).map((entry) => {
    const recent = recently.of(entry);
    return csvRow([
      timestamp,
      users,
      entry.method,
      entry.name,
      recent.requestsPerSecond.toFixed(6),
      recent.failuresPerSecond.toFixed(6),
      // As Locust: of the last seconds in a full history, of the whole run in a short one.
      ...percentileFields(full ? { ...entry, times: recent.times } : entry),
      entry.requests,
      entry.failures,
      ...figures(entry),
    ]);
  });
  return rows.join("");
}

/** Median, average, least and greatest response time, and mean size. */
function figures(entry: LocustEntry): Field[] {
  const { average, least, most } = timesMs(entry);
  const size = entry.requests === 0 ? 0 : entry.bytes / entry.requests;
  return [percentileMs(entry, 0.5) ?? 0, average, least, most, size];
}

function percentileFields(entry: Pick<LocustEntry, "times">): Field[] {
  return percentiles.map(([, q]) => percentileMs(entry, q) ?? "N/A");
}

/** Unix milliseconds to the second, as Locust writes it. */
function utc(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 19)}Z`;
}

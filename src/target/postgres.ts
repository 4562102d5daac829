import type { Exhibit } from "../metrics/exhibit.ts";
import { type Observation, seriesName } from "../metrics/observation.ts";
import { type TargetMetric, targetMetric } from "../metrics/vocabulary.ts";
import type { MetricMapping, PostgresSource } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { Filling } from "./filling.ts";
import { Kept } from "./kept.ts";
import { Look } from "./look.ts";
import { maskedQuery } from "./masking.ts";
import { connections, type PostgresConnection, type Table } from "./postgres-connection.ts";
import { activityQuery, secondLabels, sizeQuery, statisticsQuery } from "./postgres-statistics.ts";
import { Remarks } from "./remarks.ts";

const SCHEMES = ["postgres:", "postgresql:"];
const EXAMPLE = "postgres://localhost:5432/shop";

/** Rows that one query of the scenario may give. */
const MAX_SERIES = 200;

/**
 * A look may spend so much of its time on the database's size. Where it takes longer, it is asked no more: three times in a
 * row, as a busy machine makes anything slow once, or so long that the look itself is in danger.
 */
const SIZE_SHARE = 0.1;
const SIZE_DANGER = 0.5;
const SLOW_SIZES = 3;

/**
 * A PostgreSQL server, by its statistics, over one connection that reads only; and the scenario's own queries, whose last
 * column is the value and whose others are labels.
 */
export class PostgresCollector implements Collector {
  readonly name: string;
  readonly kind = "postgres";
  readonly #source: PostgresSource;
  readonly #deps: CollectorDeps;
  readonly #remarks: Remarks;
  readonly #kept: Kept<PostgresConnection>;
  /** Times in a row that the size took long to find out. */
  #slowSizes = 0;

  constructor(source: PostgresSource, deps: CollectorDeps) {
    this.name = source.name;
    this.#source = source;
    this.#deps = deps;
    const filling = new Filling(deps);
    this.#remarks = new Remarks(source.name, filling, deps);
    const address = filling.address(source.url, SCHEMES, EXAMPLE);
    this.#kept = new Kept(connections(address, source.timeoutMs, deps.trust), deps.clock);
  }

  async ready(): Promise<void> {
    await import("postgres");
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const { metrics } = this.#source;
    const { at, content } = await this.#kept.ask(signal, async (connection) => {
      const [statistics, ...own] = await Promise.all([
        connection.query(statisticsQuery),
        ...metrics.map(({ from }) => connection.tryQuery(from)),
      ]);
      return { statistics, own, size: await this.#size(connection) };
    });
    const look = new Look(this.name, at);
    for (const [metric, db, label, value] of content.statistics.rows) tell(look, metric, db, label, value);
    const [size] = content.size?.rows ?? [];
    if (size !== undefined) look.tell("db_size_bytes", Number(size[1]), { db: String(size[0]) });
    const own = metrics.flatMap((mapping, i) => this.#own(mapping, content.own[i], at));
    const given = new Set(own.map(({ metric, labels }) => seriesName(metric, labels)));
    return [...own, ...look.observations.filter(({ metric, labels }) => !given.has(seriesName(metric, labels)))];
  }

  /** Queries that run or wait, the longest first, without their values. */
  async evidence(signal: AbortSignal): Promise<Exhibit[]> {
    const { at, content } = await this.#kept.ask(signal, (connection) => connection.query(activityQuery));
    const lines = content.rows.map(([seconds, state, waits, blockers, pid, text]) => {
      const waiting = waits === null ? "" : `  waits for ${waits}`;
      const blocked = blockers === null || blockers === "" ? "" : `  blocked by ${blockers}`;
      return `${Number(seconds).toFixed(3)} s  pid ${pid}  ${state}${waiting}${blocked}  ${maskedQuery(String(text))}`;
    });
    return lines.length === 0 ? [] : [{ source: this.name, title: "queries", at, lines }];
  }

  async close(): Promise<void> {
    this.#kept.close();
  }

  async #size(connection: PostgresConnection): Promise<Table | undefined> {
    if (this.#slowSizes >= SLOW_SIZES) return undefined;
    const { clock } = this.#deps;
    const startedAt = clock.now();
    const size = await connection.tryQuery(sizeQuery);
    const now = clock.now();
    const share = (now - startedAt) / this.#source.timeoutMs;
    if (share <= SIZE_SHARE) this.#slowSizes = 0;
    else if (share <= SIZE_DANGER) this.#slowSizes++;
    else this.#slowSizes = SLOW_SIZES;
    if (this.#slowSizes === SLOW_SIZES) {
      const seconds = ((now - startedAt) / 1000).toFixed(2);
      this.#remarks.once("size", now, `the database's size took ${seconds} s to find out, and is asked no more`);
    }
    return size instanceof CollectError ? undefined : size;
  }

  /** What a query of the scenario gives. */
  #own(mapping: MetricMapping, answer: Table | CollectError | undefined, at: number): Observation[] {
    const written = seriesName(mapping.metric, mapping.labels);
    if (answer === undefined || answer instanceof CollectError) {
      this.#remarks.once(`${written} refused`, at, `${written} has no value: ${answer?.message ?? "no answer"}`);
      return [];
    }
    if (answer.rows.length > MAX_SERIES) {
      const message = `${answer.rows.length} rows give ${written}: the first ${MAX_SERIES} are kept`;
      this.#remarks.once(`${written} many`, at, message);
    }
    return answer.rows.slice(0, MAX_SERIES).flatMap((row) => this.#ofRow(mapping, answer.columns, row, at));
  }

  #ofRow({ metric, labels, type, from }: MetricMapping, columns: string[], row: unknown[], at: number): Observation[] {
    const last = row.at(-1);
    // No value now, as of max() over no rows.
    if (last === null || last === undefined) return [];
    const value = typeof last === "boolean" ? Number(last) : Number.parseFloat(String(last));
    if (!Number.isFinite(value)) {
      const message = `${seriesName(metric, labels)} has no value: the last column of ${from} is no number`;
      this.#remarks.once(`${seriesName(metric, labels)} number`, at, message);
      return [];
    }
    const own = columns.slice(0, -1).map((column, i): [string, string] => [column, String(row[i] ?? "")]);
    return [{ source: this.name, metric, labels: { ...Object.fromEntries(own), ...labels }, type, value, at }];
  }
}

function tell(look: Look, metric: unknown, db: unknown, label: unknown, value: unknown): void {
  if (typeof metric !== "string" || targetMetric(metric) === undefined || typeof value !== "number") return;
  const second = secondLabels[metric];
  look.tell(metric as TargetMetric, value, {
    ...(typeof db === "string" ? { db } : {}),
    ...(second !== undefined && typeof label === "string" ? { [second]: label } : {}),
  });
}

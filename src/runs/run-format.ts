import { crc32 } from "node:zlib";

/**
 * The layout of a run file: one SQLite database a run. Everything is plain text and plain JSON, so that any SQLite tool
 * can read it; the views give observations, events and thresholds as rows.
 *
 * - `run`: the plan.
 * - `tick`: each second's sum as a `SnapshotDelta`, a keyframe a minute. `requests` and `failures` are totals so far.
 * - `observed`: what sources said and what happened since the tick before, under the tick's id.
 * - `worker`: each worker's own latest as a keyframe and the deltas since, so that a killed generator keeps what its workers
 *   had sent after the last tick. What a newer keyframe replaces is deleted.
 * - `analysis`: what the run means, written with the outcome.
 * - `outcome`: threshold states and verdict; it has no row while the run goes on, or if it was killed.
 *
 * SQLite notices a broken page, but not a broken digit: each row carries the CRC-32 of its JSON.
 */
export const schema = `
CREATE TABLE run (id INTEGER PRIMARY KEY, plan TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE tick (
  id INTEGER PRIMARY KEY,
  at_ms REAL NOT NULL,
  requests INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  keyframe INTEGER NOT NULL,
  snapshot TEXT NOT NULL,
  checksum INTEGER NOT NULL
);
CREATE TABLE observed (
  id INTEGER PRIMARY KEY,
  observations TEXT NOT NULL,
  events TEXT NOT NULL,
  checksum INTEGER NOT NULL
);
CREATE TABLE worker (
  id INTEGER PRIMARY KEY,
  worker TEXT NOT NULL,
  keyframe INTEGER NOT NULL,
  snapshot TEXT NOT NULL,
  checksum INTEGER NOT NULL
);
CREATE TABLE outcome (
  id INTEGER PRIMARY KEY,
  verdict TEXT NOT NULL,
  thresholds TEXT NOT NULL,
  checksum INTEGER NOT NULL
);
CREATE TABLE analysis (id INTEGER PRIMARY KEY, analysis TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE VIEW observation AS
  SELECT observed.id AS tick, o.value ->> 'at' AS at_ms, o.value ->> 'source' AS source, o.value ->> 'metric' AS metric,
    o.value -> 'labels' AS labels, o.value ->> 'type' AS type, o.value ->> 'value' AS value
  FROM observed, json_each(observed.observations) AS o;
CREATE VIEW event AS
  SELECT observed.id AS tick, e.value ->> 'at' AS at_ms, e.value ->> 'kind' AS kind, e.value ->> 'message' AS message
  FROM observed, json_each(observed.events) AS e;
CREATE VIEW threshold AS
  SELECT t.value ->> 'expression' AS expression, t.value ->> 'level' AS level, t.value -> 'limit' ->> 'text' AS "limit",
    t.value ->> 'value' AS value, t.value ->> 'state' AS state
  FROM outcome, json_each(outcome.thresholds) AS t;
CREATE VIEW finding AS
  SELECT f.value ->> 'kind' AS kind, f.value ->> 'severity' AS severity, f.value ->> 'claim' AS claim,
    f.value -> 'evidence' AS evidence
  FROM analysis, json_each(analysis.analysis -> 'findings') AS f;
`;

/** "Plim" in ASCII: what `file` and SQLite tools know a run file by (PRAGMA application_id). */
export const APPLICATION_ID = 0x506c696d;
/** PRAGMA user_version: rises when a reader of the version before could not read the file. */
export const FORMAT_VERSION = 1;

/** CRC-32 over the texts in this order. */
export function checksumOf(...texts: string[]): number {
  return texts.reduce((sum, text) => crc32(text, sum), 0);
}

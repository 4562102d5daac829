import { EXHIBIT_LINES } from "../metrics/exhibit.ts";

/**
 * What PostgreSQL (10 or later) says of itself, as one query: one snapshot, and one transaction a look in its counters.
 * Each row is a metric, a database, the value of the metric's second label, and a value. Plimsoll's own session is left out.
 *
 * States and waiting locks of databases where nobody is are 0, which is known; a state that nobody is in would else be a gap.
 * https://www.postgresql.org/docs/current/monitoring-stats.html
 */
export const statisticsQuery = `
with db as (
  select datname from pg_database where datallowconn and not datistemplate
), session as materialized (
  select pid, datname, coalesce(state, 'unknown') as state, xact_start, backend_type
  from pg_stat_activity where pid <> pg_backend_pid() and datname is not null
), client as (
  select * from session where backend_type = 'client backend'
), lock as (
  select datname, mode, granted from pg_locks join session using (pid)
), counted as (
  select s.* from pg_stat_database s join db using (datname)
)
select 'db_connections', datname::text, state, count(*)::float8 from client group by 2, 3
union all
select 'db_connections', datname::text, state, 0 from db,
  (values ('active'), ('idle'), ('idle in transaction')) as known (state)
  where not exists (select from client where client.datname = db.datname and client.state = known.state)
union all
select 'db_connections_max', null, null, current_setting('max_connections')::float8
  - current_setting('superuser_reserved_connections')::float8
  - coalesce(current_setting('reserved_connections', true), '0')::float8
union all
select 'db_longest_transaction_seconds', datname::text, null,
  coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::float8
  from db left join client using (datname) group by datname
union all
select 'db_locks', datname::text, mode, count(*)::float8 from lock where granted group by 2, 3
union all
select 'db_locks_waiting', datname::text, null, count(*) filter (where not granted)::float8
  from db left join lock using (datname) group by datname
union all
select 'db_transactions_total', datname::text, 'commit', xact_commit::float8 from counted
union all
select 'db_transactions_total', datname::text, 'rollback', xact_rollback::float8 from counted
union all
select 'db_blocks_total', datname::text, 'hit', blks_hit::float8 from counted
union all
select 'db_blocks_total', datname::text, 'read', blks_read::float8 from counted
union all
select 'db_deadlocks_total', datname::text, null, deadlocks::float8 from counted
union all
select 'db_temp_bytes_total', datname::text, null, temp_bytes::float8 from counted
union all
select 'db_replication_lag_seconds', null, null, case
  when not pg_is_in_recovery() then null
  when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
  else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 end
union all
select 'process_start_time_seconds', null, null, extract(epoch from pg_postmaster_start_time())::float8
union all
select 'info', null, split_part(current_setting('server_version'), ' ', 1), 1::float8`;

/** The second label of metrics that have one, beside `db`. */
export const secondLabels: Record<string, string> = {
  db_connections: "state",
  db_locks: "mode",
  db_transactions_total: "outcome",
  db_blocks_total: "result",
  info: "version",
};

/** Reads the size of every file of the database: cheap for hundreds of tables, and not for hundreds of thousands. */
export const sizeQuery = "select current_database()::text, pg_database_size(current_database())::float8";

/**
 * Sessions that do something or wait, but for Plimsoll's own: for how long, their state, what they wait for, who blocks
 * them, and the beginning of their query. A session that is idle in a transaction holds its locks: it is shown, too.
 */
export const activityQuery = `
select extract(epoch from clock_timestamp() - coalesce(query_start, xact_start, backend_start))::float8, state,
  wait_event_type || ': ' || wait_event, array_to_string(pg_blocking_pids(pid), ', '), pid::text, left(query, 2000)
from pg_stat_activity
where pid <> pg_backend_pid() and backend_type = 'client backend' and state <> 'idle'
order by 1 desc nulls last
limit ${EXHIBIT_LINES}`;

import type { FailureKind } from "../../metrics/sample.ts";
import type { RunSeries } from "../run-series.ts";
import type { TargetSeries } from "../target-statistics.ts";
import { trendOf } from "../trend.ts";
import type { Finding, SignSeen } from "./finding.ts";
import { inUnitOf, percent, three } from "./words.ts";

/** Whether a warning sign was seen, or what would have to be watched to know. */
type Seen =
  | { state: "present"; of: string; value: number; words: string }
  | { state: "absent" }
  | { state: "unknown"; lacks: string };

/** Something that teams look out for, by the name they give it. */
interface WarningSign {
  name: string;
  look(series: RunSeries, findings: readonly Finding[]): Seen;
}

const absent: Seen = { state: "absent" };
const noRequests: Seen = { state: "unknown", lacks: "no request was sent" };

/**
 * The warning signs, red flags and bottlenecks that load-testing guides list, and the opposite of their healthy
 * indicators. Limits are theirs: CPU above 80 %, a cache that answers less than half, more than 5 % of failures.
 */
const signs: readonly WarningSign[] = [
  { name: "Response times increasing over time", look: drift(["latency"]) },
  { name: "Error rate climbing", look: ofRequests(climbingErrors) },
  { name: "High error rate", look: ofRequests(highErrors) },
  { name: "Sudden failure spike", look: ofRequests(failureSpike) },
  { name: "Memory growing", look: drift(["memory_used_bytes", "runtime_heap_used_bytes"]) },
  { name: "High CPU usage", look: level("cpu_utilization_ratio", (series) => series.points().quantile(0.9), 0.8) },
  {
    name: "Database connection pool exhausted",
    look: either(
      level("db_pool_utilization_ratio", (series) => series.points().quantile(0.95), 0.98),
      rose("db_pool_timeouts_total"),
    ),
  },
  { name: "Database pool overflow", look: level("db_pool_overflow", (series) => series.points().max, 1) },
  {
    name: "Database runs out of connections",
    look: level("db_connections_utilization_ratio", (series) => series.points().max, 0.95),
  },
  { name: "Cache misses", look: below("cache_hit_ratio", 0.5) },
  { name: "Cache evictions", look: rose("cache_evictions_total") },
  {
    name: "Cache memory at its limit",
    look: level("cache_memory_utilization_ratio", (series) => series.points().max, 0.95),
  },
  { name: "Queue growing", look: drift(["queue_depth", "queue_oldest_age_seconds"], true) },
  { name: "Rate limits hit", look: either(failed("429", "429"), rose("dependency_rate_limited_total")) },
  { name: "Circuit breakers open", look: level("circuit_breaker_open", (series) => series.points().max, 1) },
  {
    name: "Timeouts",
    look: failed("timeouts", "connect_timeout", "headers_timeout", "body_timeout", "deadline", "504", "408"),
  },
  { name: "Connection errors", look: failed("connection errors", "connect_refused", "reset", "closed_early", "dns") },
  {
    name: "Crashes or restarts",
    look: either(
      level("process_start_time_seconds", (series) => series.points().changes, 1),
      rose("restarts_total"),
    ),
  },
  { name: "No quick recovery", look: noRecovery },
];

/** Every sign, seen or not; one that was seen and that no other finding tells is a finding, too. */
export function warningSigns(
  series: RunSeries,
  findings: readonly Finding[],
): { signs: SignSeen[]; findings: Finding[] } {
  const looked = signs.map(({ name, look }) => ({ name, seen: look(series, findings) }));
  return {
    signs: looked.map(({ name, seen }) => ({ name, state: seen.state, detail: detailOf(seen) })),
    findings: looked.flatMap(({ name, seen }): Finding[] => {
      if (seen.state !== "present" || findings.some(({ claim }) => claim === seen.words)) return [];
      const evidence = [{ of: seen.of, figures: { sign: name, value: seen.value } }];
      return [{ kind: "sign", claim: `${name}: ${seen.words}`, severity: "warning", evidence }];
    }),
  };
}

function detailOf(seen: Seen): string {
  if (seen.state === "absent") return "";
  return seen.state === "present" ? seen.words : seen.lacks;
}

/** A drift that was found of one of these metrics. Of a target metric nobody told, nothing is known. */
function drift(metrics: readonly string[], shorter = false): WarningSign["look"] {
  return (series, findings) => {
    for (const finding of findings) {
      const [about] = finding.evidence;
      const metric = metrics.find((one) => about?.of.startsWith(one) || about?.of.endsWith(`(${one})`));
      if (finding.kind !== "drift" || about === undefined || metric === undefined) continue;
      return { state: "present", of: about.of, value: Number(about.figures["slope"]), words: finding.claim };
    }
    const ofClient = metrics.includes("latency");
    if (ofClient && !series.moments.some(({ latency }) => latency.part > 0)) return noRequests;
    const told = series.target.series.filter(({ metric }) => metrics.includes(metric));
    if (!ofClient && told.length === 0) return unknown(metrics);
    const growing = shorter ? told.find(stillGrowing) : undefined;
    if (growing !== undefined) {
      const { last } = growing.points();
      return {
        state: "present",
        of: growing.name,
        value: last,
        words: `${growing.name} rose to ${inUnitOf(growing.metric, last)}`,
      };
    }
    const held = series.phases.some(
      ({ kind, fromMs, toMs }) => kind === "hold" && Math.min(toMs, series.endMs) - fromMs >= 300_000,
    );
    return held || shorter ? absent : { state: "unknown", lacks: "it takes a load that is held for 5 minutes" };
  };
}

/** A queue that ends far above where it began, and rose all the way. */
function stillGrowing(series: TargetSeries): boolean {
  const points = series.points();
  const trend = points.trend();
  return trend !== undefined && trend.low > 0 && trend.p < 0.001 && points.last > points.first + 50;
}

/** Of requests nothing is known where none was sent, as while watching alone. */
function ofRequests(look: (series: RunSeries) => Seen): WarningSign["look"] {
  return (series) => {
    const sent = series.moments.some(({ latency, failures }) => latency.part + failures > 0);
    return sent ? look(series) : noRequests;
  };
}

function climbingErrors(series: RunSeries): Seen {
  const shares = series.moments.flatMap(({ toMs, failures, latency: { part } }) =>
    part === 0 ? [] : [{ at: toMs, value: failures / part }],
  );
  const trend = trendOf(shares);
  const last = shares.slice(-Math.ceil(shares.length / 5)).reduce((sum, { value }) => sum + value, 0);
  const late = last / Math.max(1, Math.ceil(shares.length / 5));
  if (trend === undefined || !(trend.slope > 0) || trend.p > 0.01 || late < 0.001) return absent;
  return { state: "present", of: "ratio(errors)", value: late, words: `${percent(late)} at the end` };
}

function highErrors(series: RunSeries): Seen {
  const failures = series.moments.reduce((sum, one) => sum + one.failures, 0);
  const requests = series.moments.reduce((sum, { latency }) => sum + latency.part, 0);
  const share = requests === 0 ? 0 : failures / requests;
  return share > 0.05 ? { state: "present", of: "ratio(errors)", value: share, words: percent(share) } : absent;
}

/** A moment at which more than one in twenty failed, after a time in which hardly any did. */
function failureSpike({ moments }: RunSeries): Seen {
  let [requests, failures] = [0, 0];
  for (const { toMs, latency, failures: own } of moments) {
    const quiet = requests >= 100 && failures / requests < 0.005;
    if (quiet && latency.part >= 10 && own / latency.part > 0.05) {
      const share = own / latency.part;
      return {
        state: "present",
        of: "ratio(errors)",
        value: share,
        words: `${percent(share)} at ${three(toMs / 1000)} s`,
      };
    }
    requests += latency.part;
    failures += own;
  }
  return absent;
}

function failed(what: string, ...kinds: (FailureKind | string)[]): WarningSign["look"] {
  return ofRequests(({ moments }) => {
    const count = moments.reduce(
      (sum, { errors }) => sum + kinds.reduce((own, kind) => own + (errors[kind] ?? 0), 0),
      0,
    );
    return count === 0 ? absent : { state: "present", of: what, value: count, words: `${three(count)} requests` };
  });
}

function level(metric: string, figure: (series: TargetSeries) => number, limit: number): WarningSign["look"] {
  return ({ target }) => {
    const found = target.matching(metric, {});
    if (found.length === 0) return unknown([metric]);
    const worst = found.toSorted((a, b) => figure(b) - figure(a))[0];
    const value = worst === undefined ? 0 : figure(worst);
    if (worst === undefined || value < limit) return absent;
    return { state: "present", of: worst.name, value, words: `${worst.name} ${inUnitOf(metric, value)}` };
  };
}

/** Half of its looks are below. */
function below(metric: string, limit: number): WarningSign["look"] {
  return ({ target }) => {
    const found = target.matching(metric, {});
    if (found.length === 0) return unknown([metric]);
    const low = found.find((series) => series.points().quantile(0.5) < limit);
    if (low === undefined) return absent;
    const value = low.points().quantile(0.5);
    return { state: "present", of: low.name, value, words: `${low.name} ${inUnitOf(metric, value)}` };
  };
}

function rose(metric: string): WarningSign["look"] {
  return ({ target }) => {
    const found = target.matching(metric, {});
    if (found.length === 0) return unknown([metric]);
    const risen = found.find((series) => series.points().increase > 0);
    if (risen === undefined) return absent;
    const value = risen.points().increase;
    return { state: "present", of: risen.name, value, words: `${risen.name} rose by ${three(value)}` };
  };
}

/** The first that is seen; absent if one of them could have seen it. */
function either(...looks: WarningSign["look"][]): WarningSign["look"] {
  return (series, findings) => {
    const seen = looks.map((look) => look(series, findings));
    return (
      seen.find(({ state }) => state === "present") ?? seen.find(({ state }) => state === "absent") ?? seen[0] ?? absent
    );
  };
}

function noRecovery(_series: RunSeries, findings: readonly Finding[]): Seen {
  const recoveries = findings.filter(({ kind }) => kind === "recovery");
  if (recoveries.length === 0) return { state: "unknown", lacks: "it takes a spike, and the load before it again" };
  const bad = recoveries.find(({ severity }) => severity === "warning");
  return bad === undefined ? absent : { state: "present", of: "recovery", value: 1, words: bad.claim };
}

function unknown(metrics: readonly string[]): Seen {
  return { state: "unknown", lacks: `no source gives ${metrics.join(" or ")}` };
}

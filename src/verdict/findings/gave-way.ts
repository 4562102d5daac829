import { quantile } from "../../metrics/histogram.ts";
import type { Moment, RunSeries } from "../run-series.ts";
import type { Point } from "../trend.ts";
import type { ThresholdState } from "../verdict.ts";
import { type Breach, breachesOf } from "./breach.ts";
import type { Evidence, Finding } from "./finding.ts";
import { meanLatency } from "./level.ts";
import { partialCorrelation } from "./partial-correlation.ts";
import { isUpstream, type Pressure, pressureOf, pressurePoints, type Resource } from "./resource.ts";
import { clock, inUnitOf, percent, three, time } from "./words.ts";

/** What was saturated so long after a breach at the latest can still be its cause: windows have a length. */
const LATEST_MS = 15_000;
/** How saturated a resource must be around the breach: in this share of its looks. */
const SATURATED_SHARE = 0.5;
/** What goes with the symptom beyond the load by so much, and not by chance, is worth a mention. */
const CORRELATED = 0.4;
const CHANCE = 0.05;

/** A series of the target, or what the client saw of it, as a suspect of one breach. */
interface Suspect {
  name: string;
  metric: string;
  pressure: Pressure;
  /** Around the breach; for `waiting` and `refused` how many. */
  fullness: number | undefined;
  saturated: boolean;
  /** It was for most of the time; otherwise it came and went, or nearly, and with the breach. */
  plainly: boolean;
  /** Seconds from when it was saturated for good up to the breach. */
  lead: number | undefined;
  rho: number | undefined;
  p: number | undefined;
}

/**
 * What gave way first, for the first breach of a run: suspects are the target's series that can show saturation, and the
 * refusals that the client saw. Each has how full it was at the breach, how long before it was saturated, and how it goes
 * with the symptom once the offered load is taken out. What was saturated ranks first, causes before what they fill, then
 * by the time ahead; what only correlates is told but not accused.
 */
export function gaveWay(series: RunSeries, states: readonly ThresholdState[]): Finding[] {
  const [breach, ...others] = breachesOf(series, states);
  if (breach === undefined) return [];
  const suspects = suspectsOf(series, breach);
  const ranked = rank(suspects);
  const [first] = ranked;
  const limit = breach.condition.threshold.expression;
  const when = clock(breach.atMs);
  const evidence = [breachEvidence(breach), ...ranked.map(suspectEvidence), ...others.slice(0, 5).map(breachEvidence)];
  const none = suspects.length === 0 ? "nothing is watched that could" : "no target metric explains it";
  if (first === undefined || !first.saturated) {
    const near = first === undefined ? "" : `; nearest: ${first.name} ${inUnitOf(first.metric, first.fullness ?? 0)}`;
    const claim = `${limit} gave way at ${when}; ${none}${near}`;
    return [{ kind: "gave-way", claim, severity: "warning", evidence }];
  }
  const claim = `The ${first.pressure.resource} gave way first: ${inWords(first)} when ${limit} broke at ${when}`;
  return [{ kind: "gave-way", claim, severity: "critical", evidence }];
}

function inWords({ name, metric, pressure, fullness = 0, lead }: Suspect): string {
  const ahead = lead === undefined || lead <= 0 ? "" : `, ${time(lead)} ahead`;
  switch (pressure.sign) {
    case "full":
      return `${name} was at ${percent(fullness)}${ahead}`;
    case "missing":
      return `${name} was only ${percent(fullness)}`;
    case "waiting":
      return `${name} was ${inUnitOf(metric, fullness)}${ahead}`;
    case "refused":
      return `${name} was ${three(fullness)}/s${ahead}`;
  }
}

function suspectsOf(series: RunSeries, breach: Breach): Suspect[] {
  const symptom = symptomOf(series, breach);
  const own = series.target.series.flatMap((one): Suspect[] => {
    const pressure = pressureOf(one.metric);
    const points = pressure === undefined ? [] : pressurePoints(one);
    if (pressure === undefined || points.length === 0) return [];
    return [suspectOf(series, breach, symptom, { name: one.name, metric: one.metric, pressure, points })];
  });
  const refusals = series.moments.map(({ toMs, latency, errors }) => ({
    at: toMs,
    value: latency.ms === 0 ? 0 : (errors["429"] ?? 0) / (latency.ms / 1000),
  }));
  if (!refusals.some(({ value }) => value > 0)) return own;
  const pressure: Pressure = { resource: "rate limit", sign: "refused", limit: 0.1 };
  const seen = { name: "responses of status 429", metric: "errors_429", pressure, points: refusals };
  return [...own, suspectOf(series, breach, symptom, seen)];
}

interface Seen {
  name: string;
  metric: string;
  pressure: Pressure;
  points: Point[];
}

function suspectOf(series: RunSeries, { atMs, widthMs }: Breach, symptom: number[], seen: Seen): Suspect {
  const { name, metric, pressure, points } = seen;
  const presses = ({ value }: Point) =>
    pressure.sign === "missing" ? value < pressure.limit : value >= pressure.limit;
  const reach = Math.max(LATEST_MS, 2 * widthMs);
  // What caused it is there while it lasts; before, it need not have been for long.
  const around = points.filter(({ at }) => at >= atMs - widthMs / 2 && at <= atMs + reach);
  const fullness = around.length === 0 ? undefined : around.reduce((sum, { value }) => sum + value, 0) / around.length;
  const share = around.filter(presses).length / Math.max(1, around.length);
  const onset = onsetOf(points, presses, atMs, reach);
  const values = series.moments.map((moment) => valueIn(points, moment));
  const load = series.moments.map((moment) => series.loadOf(moment));
  const kept = values.flatMap((value, i) => (value === undefined ? [] : [i]));
  const at = (list: readonly (number | undefined)[]) => kept.map((i) => list[i] ?? 0);
  const signed = pressure.sign === "missing" ? values.map((value) => value && -value) : values;
  const correlation = partialCorrelation(at(signed), at(symptom), at(load));
  const correlated = correlation !== undefined && correlation.rho >= CORRELATED && correlation.p <= CHANCE;
  // Who waits or is refused comes and goes from look to look: the mean counts, and less of it where it goes with the breach.
  // What is nearly full queues, too, if it goes with the breach.
  const enough = { waiting: correlated ? 0.2 : 0.5, refused: correlated ? 0.2 : 0.5, full: 0.85, missing: 0 }[
    pressure.sign
  ];
  const counts = pressure.sign === "full" ? correlated : pressure.sign !== "missing";
  const pressing = counts && (fullness ?? 0) >= enough * pressure.limit;
  const plainly = share >= SATURATED_SHARE && onset !== undefined;
  return {
    name,
    metric,
    pressure,
    fullness,
    saturated: plainly || (pressing && onset !== undefined),
    plainly,
    lead: onset === undefined ? undefined : (atMs - onset) / 1000,
    rho: correlation?.rho,
    p: correlation?.p,
  };
}

/** Since when it was saturated, looking back from the breach over single looks at which it was not. */
function onsetOf(
  points: readonly Point[],
  presses: (point: Point) => boolean,
  atMs: number,
  reachMs: number,
): number | undefined {
  let [onset, misses]: [number | undefined, number] = [undefined, 0];
  for (const point of points.filter(({ at }) => at <= atMs + reachMs).reverse()) {
    if (presses(point)) [onset, misses] = [point.at, 0];
    else misses++;
    if (onset !== undefined && misses >= 3) break;
  }
  return onset;
}

/** The mean of a series within a moment, or its newest value before. */
function valueIn(points: readonly Point[], { fromMs, toMs }: Moment): number | undefined {
  const inside = points.filter(({ at }) => at > fromMs && at <= toMs);
  if (inside.length > 0) return inside.reduce((sum, { value }) => sum + value, 0) / inside.length;
  return points.findLast(({ at }) => at <= toMs)?.value;
}

/** What was seen of the breach over the run: the share of failures, or latency. */
function symptomOf(series: RunSeries, { condition: { threshold } }: Breach): number[] {
  return series.moments.map((moment) => {
    const { latency, failures } = moment;
    if (threshold.metric === "errors" || threshold.metric === "good") {
      return latency.part === 0 ? 0 : failures / latency.part;
    }
    const { aggregation } = threshold;
    const q = aggregation.kind === "quantile" ? aggregation.q : undefined;
    if (q === undefined || latency.times === undefined) return meanLatency(moment);
    return quantile(latency.times, q) ?? 0;
  });
}

/** One suspect a resource, its most telling; saturated ones first, causes before effects, then the longest ahead. */
function rank(suspects: readonly Suspect[]): Suspect[] {
  const best = new Map<Resource, Suspect>();
  for (const one of suspects) {
    const known = best.get(one.pressure.resource);
    if (known === undefined || telling(one) > telling(known)) best.set(one.pressure.resource, one);
  }
  const saturated = [...best.values()].filter((one) => one.saturated);
  const isEffect = ({ pressure: { resource } }: Suspect) =>
    saturated.some((other) => isUpstream(other.pressure.resource, resource));
  // A cache that misses is a cause only of what its misses fill.
  const harmless = ({ pressure: { resource, sign } }: Suspect) =>
    sign === "missing" && !saturated.some((other) => isUpstream(resource, other.pressure.resource));
  const place = (one: Suspect) => {
    if (!one.saturated || harmless(one)) return 3;
    if (isEffect(one)) return 2;
    return one.plainly ? 0 : 1;
  };
  return [...best.values()]
    .map((one) => (harmless(one) ? { ...one, saturated: false } : one))
    .sort((a, b) => place(a) - place(b) || (place(a) < 3 ? (b.lead ?? 0) - (a.lead ?? 0) : telling(b) - telling(a)));
}

function telling({ saturated, rho = 0, p = 1, pressure: { sign } }: Suspect): number {
  const correlated = rho >= CORRELATED && p <= CHANCE ? rho : 0;
  const kind = { full: 0.3, waiting: 0.2, refused: 0.2, missing: 0.1 }[sign];
  return (saturated ? 2 + kind : 0) + correlated;
}

function suspectEvidence({ name, pressure, fullness, saturated, lead, rho, p }: Suspect): Evidence {
  const figures = { fullness: fullness ?? null, lead: lead ?? null, rho: rho ?? null, p: p ?? null };
  return { of: name, figures: { ...pressure, saturated: saturated ? 1 : 0, ...figures } };
}

function breachEvidence({ condition, atMs, judged }: Breach): Evidence {
  return { of: condition.threshold.expression, figures: { at: atMs / 1000, value: judged.value ?? null } };
}

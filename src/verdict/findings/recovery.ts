import { median, medianAbsoluteDeviation } from "simple-statistics";
import { quantile } from "../../metrics/histogram.ts";
import type { Phase, Stretch } from "../phase.ts";
import type { Moment, RunSeries } from "../run-series.ts";
import type { Point } from "../trend.ts";
import type { Evidence, Finding } from "./finding.ts";
import { clock, inUnitOf, time } from "./words.ts";

/** A load so much above what was before and after it is a spike. */
const SPIKE = 1.5;
/** Back is what is within the baseline's middle and so much of its spread, or so much more than its middle. */
const SPREADS = 4;
const MARGIN = 1.25;
/** For so long it must stay there. */
const SUSTAINED_MS = 5000;

interface Spike {
  before: Stretch;
  after: Stretch;
  /** When the load was down again. */
  endMs: number;
}

interface Measure {
  name: string;
  metric: string;
  points: Point[];
  /** Above the baseline by less than this is nothing. */
  least: number;
}

/**
 * How long a service takes after a spike until it is as it was before: latency (the median of each moment), the share of
 * failures, queues and those who wait for a connection. Back is within 25 %, or four median absolute deviations, of the
 * baseline's median, for at least five seconds.
 */
export function recoveries(series: RunSeries): Finding[] {
  return spikesOf(series).flatMap((spike): Finding[] => {
    const measured = measuresOf(series).flatMap((measure) => {
      const back = recovery(measure, spike);
      return back === undefined ? [] : [{ measure, ...back }];
    });
    if (measured.length === 0) return [];
    const evidence = measured.map(({ measure, seconds, baseline }): Evidence => {
      return { of: measure.name, figures: { back_after: seconds, baseline, spike_end: spike.endMs / 1000 } };
    });
    const not = measured.filter(({ seconds }) => seconds === null);
    const seen = time((spike.after.toMs - spike.endMs) / 1000);
    if (not.length > 0) {
      const names = not.map(
        ({ measure, baseline }) => `${measure.name} (before: ${inUnitOf(measure.metric, baseline)})`,
      );
      const claim = `Not recovered within the ${seen} after the spike that ended at ${clock(spike.endMs)}: ${names.join(", ")}`;
      return [{ kind: "recovery", claim, severity: "warning", evidence }];
    }
    const slowest = measured.toSorted((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0))[0];
    const claim = `Recovered ${time(slowest?.seconds ?? 0)} after the spike that ended at ${clock(spike.endMs)}; last: ${slowest?.measure.name}`;
    return [{ kind: "recovery", claim, severity: "info", evidence }];
  });
}

/** Levels that are held, as they follow each other: one that is higher than its neighbours by half, and what is beside it. */
function spikesOf(series: RunSeries): Spike[] {
  const holds = series.phases.flatMap((phase) => {
    const moments = series.momentsIn(phase);
    if (phase.kind !== "hold" || moments.length === 0) return [];
    return [{ phase, load: median(moments.map((one) => series.loadOf(one))) }];
  });
  return holds.flatMap(({ load }, i) => {
    const [before, after] = [holds[i - 1], holds[i + 1]];
    if (before === undefined || after === undefined || !(before.load > 0)) return [];
    if (load < SPIKE * before.load || load < SPIKE * after.load || after.load > SPIKE * before.load) return [];
    return [{ before: clipped(before.phase, series), after: clipped(after.phase, series), endMs: after.phase.fromMs }];
  });
}

function clipped({ fromMs, toMs }: Phase, { endMs, plan }: RunSeries): Stretch {
  return { fromMs: Math.max(fromMs, plan.warmUpMs), toMs: Math.min(toMs, endMs) };
}

const watched: Record<string, number> = {
  queue_depth: 3,
  queue_oldest_age_seconds: 0.5,
  db_pool_pending_requests: 1,
  db_locks_waiting: 1,
};

function measuresOf(series: RunSeries): Measure[] {
  const of = (name: string, metric: string, least: number, value: (moment: Moment) => number | undefined): Measure => {
    const points = series.moments.flatMap((moment) => {
      const one = value(moment);
      return one === undefined ? [] : [{ at: moment.toMs, value: one }];
    });
    return { name, metric, points, least };
  };
  const latency = ({ latency: { times } }: Moment) => (times === undefined ? undefined : quantile(times, 0.5));
  const errors = ({ latency: { part }, failures }: Moment) => (part === 0 ? undefined : failures / part);
  const target = series.target.series.flatMap((one): Measure[] => {
    const least = Object.hasOwn(watched, one.metric) ? watched[one.metric] : undefined;
    return least === undefined ? [] : [{ name: one.name, metric: one.metric, points: one.points().points, least }];
  });
  return [of("latency", "latency", 0.001, latency), of("errors", "errors", 0.001, errors), ...target];
}

/** `seconds` is null where it had not come back when there was nothing more to see. */
function recovery(
  { points, least }: Measure,
  { before, after, endMs }: Spike,
): { seconds: number | null; baseline: number } | undefined {
  const within = ({ fromMs, toMs }: Stretch) => points.filter(({ at }) => at > fromMs && at <= toMs);
  const values = within(before).map(({ value }) => value);
  const following = within(after);
  if (values.length < 3 || following.length === 0) return undefined;
  const baseline = median(values);
  const spread = medianAbsoluteDeviation(values);
  const most = Math.max(baseline * MARGIN, baseline + SPREADS * spread, baseline + least);
  let since: number | undefined;
  for (const { at, value } of following) {
    if (value > most) since = undefined;
    else since ??= at;
    if (since !== undefined && at - since >= SUSTAINED_MS) break;
  }
  return { seconds: since === undefined ? null : Math.max(0, (since - endMs) / 1000), baseline };
}

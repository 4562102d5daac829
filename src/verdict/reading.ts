import { addHistograms, type HistogramData, subtractHistograms } from "../metrics/histogram.ts";

/**
 * What a threshold on the client needs of a snapshot, and no more: small enough that a window can keep one for each of
 * its seconds. Cumulative, or of an interval where two were subtracted.
 */
export interface Reading {
  /** The run's milliseconds; of an interval, its length. */
  ms: number;
  /** What is counted: requests, errors, good ones, iterations. */
  part: number;
  /** What it is counted among. */
  whole: number;
  /** For latency and service. */
  times?: HistogramData;
}

export const noReading: Reading = { ms: 0, part: 0, whole: 0 };

/** What came between two cumulative readings. */
export function readingSince(later: Reading, earlier: Reading): Reading {
  if (earlier === noReading) return later;
  const times = later.times && (earlier.times ? subtractHistograms(later.times, earlier.times) : later.times);
  return {
    ms: later.ms - earlier.ms,
    part: later.part - earlier.part,
    whole: later.whole - earlier.whole,
    ...(times === undefined ? {} : { times }),
  };
}

/** Two intervals as one. */
export function addReadings(a: Reading, b: Reading): Reading {
  if (a === noReading) return b;
  const times = a.times && b.times ? addHistograms(a.times, b.times) : (a.times ?? b.times);
  return {
    ms: a.ms + b.ms,
    part: a.part + b.part,
    whole: a.whole + b.whole,
    ...(times === undefined ? {} : { times }),
  };
}

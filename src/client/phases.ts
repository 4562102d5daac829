import type { Histogram } from "../metrics/histogram.ts";

/** The parts of an exchange: the first three of a new connection, the others of each request. */
export const phases = ["dns", "connect", "tls", "send", "wait", "receive"] as const;
export type Phase = (typeof phases)[number];

/** Where the length of each part goes, in seconds. */
export type PhaseHistograms = Record<Phase, Histogram>;

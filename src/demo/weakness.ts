import type { Sizes } from "./flags.ts";

/** Healthy all round: on one core nothing gives way before the core does. */
const healthy = {
  pool: 200,
  "hold-ms": 5,
  "cpu-ms": 0.1,
  "queue-workers": 50,
} satisfies Partial<Sizes>;

/**
 * What may give way first, and the sizes that make it so. `pool` is the service as it is without any flag: 10 connections,
 * held for 50 ms. The others are healthy but for the one spot.
 */
export const weaknesses = {
  pool: {},
  cpu: { ...healthy, "cpu-ms": 5 },
  queue: { ...healthy, "queue-workers": 2, "job-ms": 50 },
  /** Enough connections for what a working cache lets through, not for all reads. */
  cache: { ...healthy, pool: 10, "hold-ms": 20, "cache-ttl-ms": 1 },
  locks: { ...healthy, "lock-hold-ms": 20 },
  "rate-limit": { ...healthy, "rate-limit": 200 },
  leak: { ...healthy, "leak-kb": 16 },
  none: healthy,
} satisfies Record<string, Partial<Sizes>>;

export type Weakness = keyof typeof weaknesses;

export function isWeakness(text: string): text is Weakness {
  return Object.hasOwn(weaknesses, text);
}

/** A source of numbers in [0, 1). */
export type Random = () => number;

/**
 * Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, small and fast, good enough to draw waits and tasks. Each
 * user has a generator of its own, seeded by the run's seed and its number, so that a run can be had again whatever the
 * number of workers.
 */
export function randomFrom(seed: number, stream: number): Random {
  // Neighbouring streams must not be neighbouring states: a finaliser of MurmurHash3 spreads them.
  let state = mix(seed ^ mix(stream + 1));
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * The chance that a response of an M/M/c queue takes longer than a time: Poisson arrivals, exponential service, c servers,
 * first come first served. Erlang's C gives the chance of waiting; the wait is then exponential. Source: Gross et al.,
 * "Fundamentals of Queueing Theory", 3.3. It is 1 from the capacity on.
 */
export function responseTail(perSecond: number, servers: number, meanS: number, timeS: number): number {
  const mu = 1 / meanS;
  const load = perSecond * meanS;
  if (load >= servers) return 1;
  const wait = erlangC(servers, load);
  const drain = servers * mu - perSecond;
  const alone = Math.exp(-mu * timeS);
  if (Math.abs(drain - mu) < 1e-9 * mu) return alone * (1 + wait * mu * timeS);
  // P(W + S > t), with W zero or exponential with rate `drain`.
  const both = (mu * Math.exp(-drain * timeS) - drain * alone) / (mu - drain);
  return (1 - wait) * alone + wait * both;
}

/** The chance that an arrival has to wait. `load` in erlangs, below `servers`. */
export function erlangC(servers: number, load: number): number {
  // Erlang's B by its recursion, which does not overflow.
  let blocked = 1;
  for (let n = 1; n <= servers; n++) blocked = (load * blocked) / (n + load * blocked);
  const utilization = load / servers;
  return blocked / (1 - utilization + utilization * blocked);
}

/** The rate below `most` at which a chance that rises with it comes to `limit`: by bisection. */
export function solveRate(chance: (perSecond: number) => number, limit: number, most: number): number {
  let [low, high] = [0, most];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (chance(middle) < limit) low = middle;
    else high = middle;
  }
  return low;
}

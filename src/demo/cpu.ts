/**
 * Keeps this thread's CPU busy for `ms` (fractions too), as rendering or encoding would. While it lasts nothing else of
 * the service runs: a service whose requests cost s of it serves at most 1/s a second.
 */
export function burn(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

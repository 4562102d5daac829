/**
 * Locust's times, in milliseconds: `300`, `300s`, `20m`, `3h`, `1h30m`; no days, fractions or milliseconds. Undefined for what is
 * none.
 */
export function timespanMs(text: string): number | undefined {
  const parts = /^(?:(\d+)|(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?)$/.exec(text);
  if (parts === null) return undefined;
  const [bare = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  return (bare + hours * 3600 + minutes * 60 + seconds) * 1000;
}

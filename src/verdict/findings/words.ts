/** A figure with three digits: 1234.5 is `1,230`, 0.01234 is `0.0123`. */
export function three(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 9 });
}

/** A share as a percentage: `3.2 %`. */
export function percent(share: number): string {
  return `${three(share * 100)} %`;
}

/** A time in its fitting unit: `230 ms`, `4.1 s`, `9 h`. */
export function time(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 1) return `${three(seconds * 1000)} ms`;
  if (size < 120) return `${three(seconds)} s`;
  return size < 7200 ? `${three(seconds / 60)} min` : `${three(seconds / 3600)} h`;
}

/** A moment of the run: `4:05`. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours === 0 ? `${minutes}:${two(seconds % 60)}` : `${hours}:${two(minutes)}:${two(seconds % 60)}`;
}

/** A value in the unit that a metric's name tells. */
export function inUnitOf(metric: string, value: number): string {
  if (metric.endsWith("_bytes")) return bytes(value);
  if (metric.endsWith("_seconds") || metric === "latency") return time(value);
  if (metric.endsWith("_ratio") || metric === "errors") return percent(value);
  return three(value);
}

function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [shown, unit] = [value, 0];
  while (Math.abs(shown) >= 1000 && unit < units.length - 1) [shown, unit] = [shown / 1000, unit + 1];
  return `${three(shown)} ${units[unit]}`;
}

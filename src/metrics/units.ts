/** How figures are shown to people, in the console, on the page and in reports. */

/** Three digits, no zeros at the end: 12.3, 1.24, 840. */
function digits(value: number): string {
  const size = Math.abs(value);
  return String(Number(size >= 100 ? value.toFixed(0) : value.toPrecision(3)));
}

/** Seconds as 830 µs, 12.3 ms, 1.24 s, 2.5 min. */
export function duration(seconds: number): string {
  const size = Math.abs(seconds);
  if (size === 0) return "0 s";
  if (size < 0.9995e-3) return `${digits(seconds * 1e6)} µs`;
  if (size < 0.9995) return `${digits(seconds * 1e3)} ms`;
  return size < 119.5 ? `${digits(seconds)} s` : `${digits(seconds / 60)} min`;
}

/** 0 to 1 as 84 %, 0.42 %. What is not quite nothing, or not quite all, does not look like it. */
export function share(ratio: number): string {
  if (ratio > 0 && ratio < 0.0001) return "<0.01 %";
  if (ratio > 0.999 && ratio < 1) return ">99.9 %";
  return `${digits(ratio * 100)} %`;
}

/** 512, 3.1k, 1.24M. */
export function amount(value: number): string {
  const size = Math.abs(value);
  if (size < 999.5) return digits(value);
  if (size < 999_500) return `${digits(value / 1e3)}k`;
  return size < 999.5e6 ? `${digits(value / 1e6)}M` : `${digits(value / 1e9)}G`;
}

/** A second. */
export function rate(value: number): string {
  return `${amount(value)}/s`;
}

/** A whole number with its thousands apart: 12,345. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  for (; Math.abs(size) >= 1023.5 && unit < units.length - 1; unit++) size /= 1024;
  return `${digits(size)} ${units[unit]}`;
}

/** A time of the run: 0:42, 1:05:00. */
export function runTime(ms: number): string {
  if (ms <= -1000) return `-${runTime(-ms)}`;
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value % 60).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}:${two(seconds)}` : `${Math.floor(minutes / 60)}:${two(minutes)}:${two(seconds)}`;
}

/** A value in the unit that its metric's name ends with. */
export function metricValue(metric: string, value: number): string {
  if (metric.endsWith("_ratio")) return share(value);
  if (metric.endsWith("_seconds")) return duration(value);
  if (metric.endsWith("_bytes")) return bytes(value);
  return amount(value);
}

/** A change of a share (0.1: a tenth more), signed; in points where it is none of something. */
export function changeOf(change: number, relative: boolean): string {
  const sign = change > 0 ? "+" : change < 0 ? "−" : "±";
  const size = share(Math.abs(change));
  return `${sign}${relative ? size : size.replace(" %", " points")}`;
}

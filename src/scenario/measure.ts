import { parseQuantity } from "../verdict/quantity.ts";

/** A quantity with its unit, 0 or more, in the base unit of its dimension: seconds, a second, bytes, a share of 1. */
export function measure(text: string, dimension: Parameters<typeof parseQuantity>[1]): number | undefined {
  const quantity = parseQuantity(text.trim(), dimension);
  return "expected" in quantity || quantity.value < 0 ? undefined : quantity.value;
}

/** The milliseconds of a time with its unit. */
export function timeMs(text: string): number | undefined {
  const seconds = /\p{L}$/u.test(text.trim()) ? measure(text, "time") : undefined;
  // Tenths of a nanosecond are dropped: 0.29 s would be 290.00000000000006 ms.
  return seconds === undefined ? undefined : Math.round(seconds * 1e10) / 1e7;
}

/** A time, or two with `..` between them. */
export function timeRange(text: string): { minMs: number; maxMs: number } | undefined {
  const [least = "", most = least, ...more] = text.split("..");
  const [minMs, maxMs] = [timeMs(least), timeMs(most)];
  return minMs === undefined || maxMs === undefined || more.length > 0 ? undefined : { minMs, maxMs };
}

/** `10..100`, or `50/s..500/s` a second: its two ends. */
export function rangeOf(text: string, of: "count" | "rate"): [from: number, to: number] | undefined {
  const end = (one: string) => (of === "rate" ? measure(one, "rate") : wholeNumber(one));
  const [from, to, ...more] = text.split("..").map(end);
  return from === undefined || to === undefined || more.length > 0 ? undefined : [from, to];
}

/** A share from 0 to 1, or such as `1%`. */
export function shareOf(text: string): number | undefined {
  const value = measure(text, "ratio");
  return value !== undefined && value <= 1 ? value : undefined;
}

function wholeNumber(text: string): number | undefined {
  const number = Number(text);
  return /^\s*\d+\s*$/u.test(text) && Number.isSafeInteger(number) ? number : undefined;
}

/** What a limit is a limit of; it decides which units may be written. */
export type Dimension = "time" | "bytes" | "ratio" | "number" | "rate" | "byte rate" | "time rate" | "ratio rate";

/** A unit's size in base units as a fraction, because 35 / 100 is 0.35 and 35 * 0.01 is not. */
type Size = readonly [times: number, per: number];

const times: Record<string, Size> = {
  us: [1, 1e6],
  // The micro sign, and the Greek letter that looks like it.
  "\u00b5s": [1, 1e6],
  "\u03bcs": [1, 1e6],
  ms: [1, 1000],
  s: [1, 1],
  m: [60, 1],
  min: [60, 1],
  h: [3600, 1],
};

const bytes: Record<string, Size> = {
  B: [1, 1],
  kB: [1e3, 1],
  KB: [1e3, 1],
  MB: [1e6, 1],
  GB: [1e9, 1],
  TB: [1e12, 1],
  KiB: [2 ** 10, 1],
  MiB: [2 ** 20, 1],
  GiB: [2 ** 30, 1],
  TiB: [2 ** 40, 1],
};

const perTime: Record<string, Size> = { s: [1, 1], m: [1, 60], min: [1, 60], h: [1, 3600] };

const units: Record<Dimension, Record<string, Size>> = {
  time: times,
  bytes,
  ratio: { "%": [1, 100] },
  number: {},
  rate: Object.fromEntries(Object.entries(perTime).map(([unit, size]) => [`/${unit}`, size])),
  "byte rate": perTimeOf(bytes),
  "time rate": perTimeOf(times),
  "ratio rate": perTimeOf({ "%": [1, 100] }),
};

function perTimeOf(sizes: Record<string, Size>): Record<string, Size> {
  return Object.fromEntries(
    Object.entries(sizes).flatMap(([unit, [times, parts]]) =>
      Object.entries(perTime).map(([time, [, per]]): [string, Size] => [`${unit}/${time}`, [times, parts * per]]),
    ),
  );
}

const names: Record<Dimension, string> = {
  time: "a time",
  bytes: "an amount of bytes",
  ratio: "a share",
  number: "a bare number",
  rate: "a rate",
  "byte rate": "a rate of bytes",
  "time rate": "a change of a time",
  "ratio rate": "a change of a share",
};

const exampleUnit: Record<Dimension, string> = {
  time: "ms",
  bytes: "MB",
  ratio: "%",
  number: "",
  rate: "/s",
  "byte rate": "MB/s",
  "time rate": "ms/h",
  "ratio rate": "%/h",
};

/**
 * Reads `500ms`, `1%`, `1000/min`, `10MB` into base units (seconds, bytes, a ratio of 1, a second). A limit needs its
 * unit: without one only a count, a share from 0 to 1, or 0, which is the same in all units, can be meant.
 */
export function parseQuantity(text: string, dimension: Dimension): { value: number } | { expected: string } {
  const [, digits = "", unit = ""] = /^(-?\d+(?:\.\d+)?)(.*)$/u.exec(text) ?? [];
  const number = Number(digits);
  const example = `${digits}${exampleUnit[dimension]}`;
  if (digits === "" || !Number.isFinite(number)) return { expected: names[dimension] };
  if (unit === "") {
    const bare = dimension === "number" || number === 0 || (dimension === "ratio" && Math.abs(number) <= 1);
    return bare ? { value: number } : { expected: `${names[dimension]}, which needs a unit, such as ${example}` };
  }
  const known = units[dimension];
  const size = Object.hasOwn(known, unit) ? known[unit] : undefined;
  if (size !== undefined) return { value: (number * size[0]) / size[1] };
  return { expected: `${names[dimension]}, such as ${example}` };
}

/**
 * A measured value in the unit that its limit was written in: beside `500ms`, 0.73 s is `730ms`. Four digits, or as many
 * as tell it from the limit.
 */
export function formatLike(value: number, limit: { value: number; text: string }): string {
  const unit = /^-?[\d.]+(.*)$/u.exec(limit.text)?.[1] ?? "";
  const [times, per] = Object.values(units).find((known) => Object.hasOwn(known, unit))?.[unit] ?? [1, 1];
  const exact = (value * per) / times;
  let shown = exact;
  for (let digits = 4; digits <= 17; digits++) {
    shown = Number(exact.toPrecision(digits));
    if (value === limit.value || (shown * times) / per !== limit.value) break;
  }
  return `${shown}${unit}`;
}

/** Milliseconds in the largest unit that needs no fraction: `90s`, `2m`, `1500ms`. */
export function durationText(ms: number): string {
  const [unit, size] = (
    [
      ["h", 3_600_000],
      ["m", 60_000],
      ["s", 1000],
    ] as const
  ).find(([, one]) => ms >= one && Number.isInteger(ms / one)) ?? ["ms", 1];
  return `${Number((ms / size).toPrecision(6))}${unit}`;
}

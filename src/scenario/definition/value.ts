import { z } from "zod";

const unit = "(us|µs|μs|ms|s|m|min|h)";
export const amount = "\\d+(\\.\\d+)?";

/** A list of known keys for "did you mean" rides in the error text of a map: zod gives an issue no way to its schema. */
const KEYS = "keys:";

export function knownKeys(message: string): string[] | undefined {
  return message.startsWith(KEYS) ? message.slice(KEYS.length).split(",") : undefined;
}

export function map<Shape extends z.core.$ZodLooseShape>(expected: string, shape: Shape) {
  const error: z.core.$ZodErrorMap = ({ code }) =>
    code === "unrecognized_keys" ? KEYS + Object.keys(shape).join(",") : expected;
  return z.strictObject(shape, { error });
}

/** A map whose keys are the author's own names. */
export function named<Value extends z.ZodType>(expected: string, value: Value, leastEntries = 0) {
  const any = z.object({}, { error: expected }).catchall(value);
  if (leastEntries === 0) return any;
  return any
    .refine((entries) => Object.keys(entries).length >= leastEntries, { error: expected })
    .meta({ minProperties: 1 });
}

export const flag = z.boolean("true or false");
export const text = z.string("text");

export function names(expected: string) {
  return z.array(text, expected).min(1, "at least one");
}

/** Text to send: numbers and true, false are sent as they are written. */
export const sendable = z.union([text, z.number(), z.boolean()], "text");
export const duration = z
  .string("a time with its unit, such as 500ms or 2s")
  .regex(new RegExp(`^${amount}${unit}$`, "u"), "a time with its unit, such as 500ms or 2s");
export const rate = z
  .string("a rate with its unit, such as 10/s")
  .regex(new RegExp(`^${amount}/(s|m|min|h)$`, "u"), "a rate with its unit, such as 10/s");
export function times(expected: string) {
  return z.string(expected).regex(new RegExp(`^${amount}${unit}(\\s*\\.\\.\\s*${amount}${unit})?$`, "u"), expected);
}
export const aTimeOrRange = "a time or a range of times with their units, such as 2s or 1s..3s";
const waits = `${aTimeOrRange}; or pacing, throughput or poisson`;
export const wait = z.union(
  [
    times(waits),
    map("one of pacing, throughput, poisson", {
      pacing: duration.optional(),
      throughput: rate.optional(),
      poisson: duration.optional(),
    }).meta({ minProperties: 1, maxProperties: 1 }),
  ],
  waits,
);
export const weight = z.number("a number above 0").positive("a number above 0");
export const count = z.int("a whole number, 0 or more").min(0, "a whole number, 0 or more");
export const countAbove0 = z.int("a whole number above 0").min(1, "a whole number above 0");
/** A label's text, and a word on the command line. */
export const tags = z.array(
  z.string("a tag: letters, digits, _, . and -").regex(/^[\w.-]+$/u, "a tag: letters, digits, _, . and -"),
  "a list of tags",
);
export const headers = named("a map of header names to text", sendable);
const k6Threshold = z.union(
  [
    z.string("a threshold of k6's, such as p(95)<500"),
    map("a map of threshold, abortOnFail, delayAbortEval", {
      threshold: z.string("a threshold of k6's, such as p(95)<500"),
      abortOnFail: flag.optional(),
      delayAbortEval: duration.optional(),
    }),
  ],
  "a threshold of k6's, such as p(95)<500",
);
export const thresholds = z.union(
  [
    z.array(z.string("a threshold, such as p95(latency) < 500ms"), "a list of thresholds"),
    named("a list of thresholds", z.union([k6Threshold, z.array(k6Threshold)], "a list of k6's thresholds")),
  ],
  "a list of thresholds, or a map of k6's metrics to theirs",
);

import type { Refusal, Wanted, WantedLoad } from "./control.ts";
import { timespanMs } from "./timespan.ts";

/** What somebody sent cannot be read. */
class Unreadable extends Error {}

/** What was sent is read and acted on; what cannot be read is refused. */
export function refusable(act: () => Refusal): Refusal {
  try {
    return act();
  } catch (error) {
    if (error instanceof Unreadable) return { message: error.message };
    throw error;
  }
}

export function fieldsOf(body: unknown): Record<string, unknown> {
  return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
}

/** The page's words: null, or nothing, is what is left out. */
export function wantedOf(body: unknown): Wanted {
  const { profile, host, users, spawnRate, arrivals, durationMs, classes, tags } = fieldsOf(body);
  return withoutGaps({
    profile: textOf(profile, "profile"),
    host: textOf(host, "host"),
    users: wholeFrom1(users, "users"),
    spawnRate: above0(spawnRate, "spawnRate"),
    arrivals: above0(arrivals, "arrivals"),
    durationMs: above0(durationMs, "durationMs"),
    classes: textsOf(classes, "classes"),
    tags: textsOf(tags, "tags"),
  });
}

/** Users with or without their rate, or arrivals a second. */
export function wantedLoadOf(body: unknown): WantedLoad {
  const { users, spawnRate, arrivals } = fieldsOf(body);
  const perSecond = above0(arrivals, "arrivals");
  if (perSecond !== undefined) return { kind: "arrivals", perSecond };
  const rate = above0(spawnRate, "spawnRate");
  const wanted = wholeFrom1(users, "users");
  if (wanted === undefined) throw new Unreadable("Expected users or arrivals.");
  return { kind: "users", users: wanted, ...(rate === undefined ? {} : { spawnRate: rate }) };
}

/** Locust's: a form's fields, all of them text. */
export function swarmOf(fields: Record<string, unknown>): Wanted {
  const { user_count, spawn_rate, host, run_time, user_classes, profile } = fields;
  return withoutGaps({
    profile: textOf(profile, "profile"),
    host: textOf(host, "host"),
    users: wholeFrom1(user_count, "user_count"),
    spawnRate: above0(spawn_rate, "spawn_rate"),
    arrivals: undefined,
    durationMs: runTime(run_time),
    classes: textsOf(user_classes, "user_classes"),
    tags: undefined,
  });
}

function withoutGaps(fields: { [Name in keyof Required<Wanted>]: Wanted[Name] | undefined }): Wanted {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Wanted;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function textOf(value: unknown, name: string): string | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== "string") throw new Unreadable(`${name}: expected text.`);
  return value;
}

function textsOf(value: unknown, name: string): string[] | undefined {
  if (isAbsent(value)) return undefined;
  const texts: unknown[] = [value].flat();
  if (!texts.every((text) => typeof text === "string")) throw new Unreadable(`${name}: expected a list of names.`);
  return texts.length === 0 ? undefined : (texts as string[]);
}

function above0(value: unknown, name: string): number | undefined {
  if (isAbsent(value)) return undefined;
  const number = Number(value);
  if (!(number > 0 && Number.isFinite(number))) throw new Unreadable(`${name}: expected a number above 0.`);
  return number;
}

function wholeFrom1(value: unknown, name: string): number | undefined {
  const number = above0(value, name);
  if (number !== undefined && !Number.isSafeInteger(number)) {
    throw new Unreadable(`${name}: expected a whole number from 1.`);
  }
  return number;
}

/** `20`, `20s`, `1h20m`. */
function runTime(value: unknown): number | undefined {
  const text = textOf(value, "run_time");
  if (text === undefined) return undefined;
  const ms = timespanMs(text);
  if (ms === undefined) throw new Unreadable("Valid run_time formats are : 20, 20s, 3m, 2h, 1h20m, 3h30m10s, etc.");
  return above0(ms, "run_time");
}

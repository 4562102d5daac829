import express, { type Express, type Response } from "express";
import type { Control, Refusal, Wanted } from "./control.ts";
import { timespanMs } from "./timespan.ts";

/**
 * Serves what changes a run: `POST /api/v1/…` for the page, and Locust's `POST /swarm` and `GET /stop` for scripts. The guard
 * has sent strangers away.
 *
 * Source: Locust's documentation, "Web UI"; its answers are kept.
 */
export function addControl(app: Express, control: Control): void {
  const json = express.json({ limit: "64kb" });
  const form = express.urlencoded({ extended: false, limit: "64kb" });

  app.post("/api/v1/runs", json, (request, response) => {
    answer(response, () => control.start(wantedOf(request.body)));
  });
  app.post("/api/v1/run/stop", (_request, response) => {
    answer(response, () => control.stop());
  });
  app.post("/api/v1/run/scale", json, (request, response) => {
    answer(response, () => control.scale(wholeFrom1(fieldsOf(request.body)["users"], "users") ?? 1));
  });

  app.post("/swarm", form, (request, response) => {
    const fields = fieldsOf(request.body);
    const host = typeof fields["host"] === "string" ? fields["host"] : (control.choices()?.host ?? "");
    // As in Locust: one that is under way gets another number of users.
    const done = refusable(() => {
      const wanted = swarmOf(fields);
      return control.running ? control.scale(wanted.users ?? 1) : control.start(wanted);
    });
    const { run_time, user_classes } = fields;
    response.json({
      success: done === undefined,
      message: done === undefined ? "Swarming started" : done.message,
      host,
      ...(run_time === undefined || run_time === "" ? {} : { run_time }),
      ...(user_classes === undefined ? {} : { user_classes: textsOf(user_classes, "user_classes") }),
    });
  });
  app.get("/stop", (_request, response) => {
    const done = control.stop();
    response.json({ success: done === undefined, message: done === undefined ? "Test stopped" : done.message });
  });
}

/** What somebody sent cannot be read. */
class Unreadable extends Error {}

function refusable(act: () => Refusal): Refusal {
  try {
    return act();
  } catch (error) {
    if (error instanceof Unreadable) return { message: error.message };
    throw error;
  }
}

function answer(response: Response, act: () => Refusal): void {
  const refused = refusable(act);
  if (refused === undefined) response.status(204).end();
  else response.status(409).json(refused);
}

function fieldsOf(body: unknown): Record<string, unknown> {
  return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
}

/** The page's words: null, or nothing, is what is left out. */
function wantedOf(body: unknown): Wanted {
  const { profile, host, users, spawnRate, durationMs, classes, tags } = fieldsOf(body);
  return withoutGaps({
    profile: textOf(profile, "profile"),
    host: textOf(host, "host"),
    users: wholeFrom1(users, "users"),
    spawnRate: above0(spawnRate, "spawnRate"),
    durationMs: above0(durationMs, "durationMs"),
    classes: textsOf(classes, "classes"),
    tags: textsOf(tags, "tags"),
  });
}

/** Locust's: a form's fields, all of them text. */
function swarmOf(fields: Record<string, unknown>): Wanted {
  const { user_count, spawn_rate, host, run_time, user_classes, profile } = fields;
  return withoutGaps({
    profile: textOf(profile, "profile"),
    host: textOf(host, "host"),
    users: wholeFrom1(user_count, "user_count"),
    spawnRate: above0(spawn_rate, "spawn_rate"),
    durationMs: runTime(run_time),
    classes: textsOf(user_classes, "user_classes"),
  });
}

function withoutGaps(fields: { [Name in keyof Wanted]: Wanted[Name] | undefined }): Wanted {
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

import type { Response } from "express";
import type { Outcome } from "./pool.ts";
import type { Completion } from "./provider.ts";
import type { Admission } from "./rate-limit.ts";

/** A mistake of the caller's, or of ours. */
export function refuse(res: Response, status: number, detail: string): Response {
  return res.status(status).json({ detail });
}

/** 404 where nothing was found, 503 where no connection became free in time. */
export function answer(res: Response, outcome: Outcome<object | undefined>, status = 200): Response {
  if (outcome.kind === "timeout") return refuse(res, 503, "no connection of the database pool became free in time");
  if (outcome.value === undefined) return refuse(res, 404, "there is no such thing");
  return res.status(status).json(outcome.value);
}

/** 429 with the headers that such services send. `Retry-After` is in whole seconds, at least 1. */
export function tooMany(res: Response, limit: number, { remaining, retryAfterSeconds }: Admission): Response {
  const seconds = String(Math.max(1, Math.ceil(retryAfterSeconds)));
  res.set({
    "retry-after": seconds,
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-reset": seconds,
  });
  return refuse(res, 429, "too many requests");
}

/** What is answered where the AI provider gave no completion. */
export function withoutCompletion(
  res: Response,
  limit: number,
  completion: Exclude<Completion, { kind: "done" }>,
): Response {
  switch (completion.kind) {
    case "rate_limited":
      return tooMany(res, limit, completion.admission);
    case "failed":
      return refuse(res, 502, "the AI provider failed");
    case "open":
      return refuse(res, 503, "the AI provider is left alone: its circuit breaker is open");
  }
}

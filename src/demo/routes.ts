import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from "express";
import type { Cache } from "./cache.ts";
import { burn } from "./cpu.ts";
import type { Metrics } from "./metrics.ts";
import type { Outcome, Pool } from "./pool.ts";
import type { Queue } from "./queue.ts";
import { isWatching, RequestLog } from "./requests.ts";
import { Sessions } from "./sessions.ts";
import { isStatus, statuses, type TaskTable } from "./tasks.ts";

/** What the routes stand on. */
export interface Parts {
  pool: Pool;
  cache: Cache<object | undefined>;
  queue: Queue;
  tasks: TaskTable;
  metrics: Metrics;
  /** CPU that each request of the API costs; status endpoints cost none. */
  cpuMs: number;
}

const maxLimit = 100;
const expectedStatus = `expected a status: ${statuses.join(", ")}`;

/**
 * The service: an API of tasks, its own health as JSON, and what it was asked. Reads go through the cache to the pool;
 * writes go to the pool and then give the queue a job. Lists and statistics may be as old as the cache's TTL; a task read
 * by its id is never older than its last write. A mistake of the caller's is `{ "detail": … }` with a 4xx, a pool
 * without a free connection in time is a 503.
 */
export function routes({ pool, cache, queue, tasks, metrics, cpuMs }: Parts): Express {
  const requests = new RequestLog();
  const sessions = new Sessions();
  const app = express();
  app.disable("x-powered-by").disable("etag");

  // Before the middleware that counts: the count does not count itself.
  app.get("/api/admin/requests", (req, res) => {
    const { all, traceparents } = req.query;
    const counts = requests.counts(all === "true");
    if (traceparents === undefined) return res.json(counts);
    const n = naturalNumber(traceparents);
    if (n === undefined) return refuse(res, 400, "expected a number of traceparents, such as ?traceparents=100");
    return res.json({ ...counts, traceparents: requests.traceparents(n) });
  });

  app.use((req, res, next) => {
    const startedAt = performance.now();
    const watching = isWatching(req.path);
    requests.started(watching);
    res.once("close", () => {
      const exchange = {
        method: req.method,
        route: typeof req.route?.path === "string" ? req.route.path : "(none)",
        status: res.writableFinished ? String(res.statusCode) : "aborted",
        seconds: (performance.now() - startedAt) / 1000,
        watching,
        traceparent: req.get("traceparent"),
      };
      requests.ended(exchange);
      metrics.observe(exchange);
    });
    next();
  });

  app.get("/health", (_req, res) => res.json({ status: "ok" }));
  app.get("/metrics", async (_req, res) => res.type(metrics.contentType).send(await metrics.render()));
  app.get("/api/admin/pool-status", (_req, res) => res.json(pool.status()));
  app.get("/api/admin/cache/stats", (_req, res) => res.json(cache.stats()));
  app.get("/api/queue/stats", (_req, res) => res.json(queue.stats()));

  const work: RequestHandler = (_req, _res, next) => {
    burn(cpuMs);
    next();
  };
  const body = express.json();

  app.post("/api/login", work, body, (req, res) => {
    const email: unknown = req.body?.email;
    if (typeof email !== "string" || email === "") return refuse(res, 400, 'expected {"email": "…"}');
    const token = sessions.open(email);
    return res.cookie("session", token, { httpOnly: true, sameSite: "lax" }).json({ token });
  });

  app.get("/api/me", work, (req, res) => {
    const email = sessions.userOf(req.headers);
    if (email === undefined) return refuse(res, 401, "expected the cookie or the bearer token that /api/login gives");
    return res.json({ email });
  });

  app.get("/api/tasks", work, async (req, res) => {
    const { limit = "20", status } = req.query;
    const n = naturalNumber(limit);
    if (n === undefined || n > maxLimit) return refuse(res, 400, `expected a limit from 0 to ${maxLimit}`);
    if (status !== undefined && !isStatus(status)) return refuse(res, 400, expectedStatus);
    const list = () => pool.run(() => tasks.list(n, status));
    return answer(res, await cache.through(`tasks?${status ?? ""}&${n}`, list));
  });

  app.get("/api/statistics", work, async (_req, res) =>
    answer(res, await cache.through("statistics", () => pool.run(() => tasks.statistics()))),
  );

  app.get("/api/tasks/:id", work, async (req, res) => {
    const id = naturalNumber(req.params.id);
    if (id === undefined) return refuse(res, 404, "there is no such task");
    return answer(res, await cache.through(`tasks/${id}`, () => pool.run(() => tasks.get(id))));
  });

  app.post("/api/tasks", work, body, async (req, res) => {
    const title: unknown = req.body?.title;
    if (typeof title !== "string" || title === "") return refuse(res, 400, 'expected {"title": "…"}');
    const outcome = await pool.run(() => tasks.create(title));
    if (outcome.kind === "done") {
      cache.invalidate(`tasks/${outcome.value.id}`);
      queue.publish();
    }
    return answer(res, outcome, 201);
  });

  app.patch("/api/tasks/:id/status", work, body, async (req, res) => {
    const id = naturalNumber(req.params["id"]);
    const status: unknown = req.body?.status;
    if (!isStatus(status)) return refuse(res, 400, expectedStatus);
    if (id === undefined) return refuse(res, 404, "there is no such task");
    const outcome = await pool.run(() => tasks.setStatus(id, status));
    if (outcome.kind === "done" && outcome.value !== undefined) {
      cache.invalidate(`tasks/${id}`);
      queue.publish();
    }
    return answer(res, outcome);
  });

  app.use((req, res) => refuse(res, 404, `there is no ${req.method} ${req.path}`));
  app.use(onError);
  return app;
}

function answer(res: Response, outcome: Outcome<object | undefined>, status = 200): Response {
  if (outcome.kind === "timeout") return refuse(res, 503, "no connection of the database pool became free in time");
  if (outcome.value === undefined) return refuse(res, 404, "there is no such task");
  return res.status(status).json(outcome.value);
}

function refuse(res: Response, status: number, detail: string): Response {
  return res.status(status).json({ detail });
}

function naturalNumber(text: unknown): number | undefined {
  return typeof text === "string" && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Errors with a 4xx `status` are the body parser's, about what the caller sent; any other is a bug of ours. */
const onError: ErrorRequestHandler = (error: { status?: number; message: string; stack?: string }, _req, res, next) => {
  if (res.headersSent) return next(error);
  if (error.status !== undefined && error.status < 500) return refuse(res, error.status, error.message);
  process.stderr.write(`${error.stack}\n`);
  return refuse(res, 500, "internal error");
};

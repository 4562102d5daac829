import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { Api, naturalNumber } from "./api.ts";
import type { Backend } from "./backend.ts";
import { bossWorkflow } from "./boss-workflow.ts";
import { concierge } from "./concierge.ts";
import { burn } from "./cpu.ts";
import type { Leak } from "./leak.ts";
import type { Metrics } from "./metrics.ts";
import { oddiya } from "./oddiya.ts";
import { originLearningPlatform } from "./origin.ts";
import type { RateLimit } from "./rate-limit.ts";
import { refuse, tooMany } from "./reply.ts";
import { isWatching, RequestLog } from "./requests.ts";
import type { TaskTable } from "./tasks.ts";
import type { Truth } from "./truth.ts";
import { voiceAgent } from "./voice-agent.ts";

/** What the service stands on. */
export interface Parts {
  backend: Backend;
  tasks: TaskTable;
  metrics: Metrics;
  truth: Truth;
  rateLimit: RateLimit;
  leak: Leak;
  /** CPU that each request of the API costs; status endpoints cost none. */
  cpuMs: number;
}

/**
 * The service: five systems, its own health as JSON and for Prometheus, what it was asked, and what it carries. A mistake
 * of the caller's is `{ "detail": … }` with a 4xx, a pool without a free connection in time is a 503.
 */
export function service({ backend, tasks, metrics, truth, rateLimit, leak, cpuMs }: Parts): Express {
  const requests = new RequestLog();
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

  for (const path of ["/health", "/api/v1/health"]) app.get(path, (_req, res) => res.json({ status: "ok" }));
  app.get("/metrics", async (_req, res) => res.type(metrics.contentType).send(await metrics.render()));
  app.get("/api/admin/pool-status", (_req, res) => res.json(backend.pool.status()));
  app.get("/api/admin/cache/stats", (_req, res) => res.json(backend.cache.stats()));
  app.get("/api/admin/truth", (_req, res) => res.json(truth.tell()));
  app.get("/api/queue/stats", (_req, res) => res.json(backend.queue.stats()));

  const work: RequestHandler = (_req, res, next) => {
    const admission = rateLimit.take();
    if (!admission.admitted) return tooMany(res, rateLimit.perSecond, admission);
    truth.requestBegins();
    leak.drip();
    burn(cpuMs);
    return next();
  };
  const api = new Api(app, work);
  bossWorkflow(api, backend, tasks);
  voiceAgent(api, backend);
  concierge(api, backend);
  originLearningPlatform(api, backend);
  oddiya(api, backend);

  app.use((req, res) => refuse(res, 404, `there is no ${req.method} ${req.path}`));
  app.use(onError);
  return app;
}

/** Errors with a 4xx `status` are the body parser's, about what the caller sent; any other is a bug of ours. */
const onError: ErrorRequestHandler = (error: { status?: number; message: string; stack?: string }, _req, res, next) => {
  if (res.headersSent) return next(error);
  if (error.status !== undefined && error.status < 500) return refuse(res, error.status, error.message);
  process.stderr.write(`${error.stack}\n`);
  return refuse(res, 500, "internal error");
};

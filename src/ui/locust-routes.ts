import express, { type Express, type Response } from "express";
import { type ApiSources, answer, csvFile } from "./api-routes.ts";
import { fieldsOf, refusable, swarmOf } from "./fields.ts";
import type { LocustFile } from "./figures.ts";
import { multipart } from "./multipart.ts";

/**
 * Locust's own requests, for scripts that know them. What changes something is asked for with GET as Locust had it up to
 * 2.46, or with POST as it has it since; the guard has sent strangers away.
 *
 * Source: Locust's documentation, "Web UI"; its paths, fields and answers are kept.
 */
export function addLocust(app: Express, sources: ApiSources): void {
  const { figures, control } = sources;
  const file = (path: string, name: LocustFile, title: string) => {
    app.get(path, (_request, response) => {
      csvFile(response, title, figures.csv(name));
    });
  };
  file("/stats/requests/csv", "stats", "requests");
  file("/stats/failures/csv", "failures", "failures");
  file("/exceptions/csv", "exceptions", "exceptions");
  app.get("/stats/requests", (_request, response) => void response.json(figures.requests()));
  app.get("/exceptions", (_request, response) => void response.json(figures.exceptions()));
  app.get("/tasks", (_request, response) => void response.json(figures.tasks()));
  app.get("/logs", (_request, response) => void response.json({ master: figures.logs(), workers: {} }));
  app.get("/worker-count", (_request, response) => {
    const workers = sources.viewed.shown()?.standing.workers ?? [];
    response.json({ worker_count: workers.filter(({ up }) => up).length });
  });

  if (control === undefined) return;
  app.post("/swarm", express.urlencoded({ extended: false, limit: "64kb" }), ...multipart(), (request, response) => {
    const fields = fieldsOf(request.body);
    const host = typeof fields["host"] === "string" ? fields["host"] : (control.choices()?.host ?? "");
    // As in Locust: one that is under way gets another number of users.
    const done = refusable(() => {
      const wanted = swarmOf(fields);
      if (!control.running) return control.start(wanted);
      const { users = 1, spawnRate } = wanted;
      return control.scale({ kind: "users", users, ...(spawnRate === undefined ? {} : { spawnRate }) });
    });
    const { run_time, user_classes } = fields;
    response.json({
      success: done === undefined,
      message: done === undefined ? "Swarming started" : done.message,
      host,
      ...(run_time === undefined || run_time === "" ? {} : { run_time }),
      ...(user_classes === undefined ? {} : { user_classes: [user_classes].flat() }),
    });
  });
  const stop = (response: Response) => {
    const done = control.stop();
    response.json({ success: done === undefined, message: done === undefined ? "Test stopped" : done.message });
  };
  const reset = (response: Response) => {
    const done = control.reset();
    if (done === undefined) response.type("text/html").send("ok");
    else answer(response, done);
  };
  app.get("/stop", (_request, response) => stop(response));
  app.post("/stop", (_request, response) => stop(response));
  app.get("/stats/reset", (_request, response) => reset(response));
  app.post("/stats/reset", (_request, response) => reset(response));
}

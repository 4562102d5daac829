/** What the API takes and gives, as an OpenAPI document; a test holds it and the routes together. */

type Schema = Record<string, unknown>;

const message = { type: "object", required: ["message"], properties: { message: { type: "string" } } };

function json(description: string, schema: Schema = { type: "object" }): Schema {
  return { "200": { description, content: { "application/json": { schema } } } };
}

function file(description: string, type: string): Schema {
  return { "200": { description, content: { [type]: { schema: { type: "string" } } } } };
}

const notFound = {
  "404": { description: "There is no such run.", content: { "application/json": { schema: message } } },
};
const done = { "204": { description: "It was done." } };
const refused = {
  "409": {
    description: "It cannot be done; why, as a sentence.",
    content: { "application/json": { schema: message } },
  },
};

function body(type: string, properties: Schema, required: readonly string[] = []): Schema {
  return { required: true, content: { [type]: { schema: { type: "object", properties, required } } } };
}

const number = (description: string): Schema => ({ type: "number", exclusiveMinimum: 0, description });
const whole = (description: string): Schema => ({ type: "integer", minimum: 1, description });
const text = (description: string): Schema => ({ type: "string", description });
const names = (description: string): Schema => ({ type: "array", items: { type: "string" }, description });

const id = { name: "id", in: "path", required: true, schema: { type: "string" }, description: "A run's id." };
const group = (name: string): Schema => ({
  name,
  in: "query",
  required: true,
  schema: { type: "string" },
  description: "Ids of runs, with commas between them.",
});
const download = {
  name: "download",
  in: "query",
  schema: { type: "string" },
  description: "Given, whatever its value: the answer is a file to be saved.",
};
const theme = { name: "theme", in: "query", schema: { enum: ["light", "dark"] } };

const swarm = {
  user_count: whole("How many users."),
  spawn_rate: number("Users started a second."),
  host: text("The service to load."),
  run_time: text("`20`, `20s`, `1h20m`."),
  user_classes: names("Only these user classes."),
  profile: text("A profile of the scenario."),
};

const refusable = { ...done, ...refused };

export const openApi = {
  openapi: "3.1.0",
  info: {
    title: "Plimsoll",
    version: "1",
    description:
      "Starts, watches and changes runs, and reads those that are kept. Times are seconds since the run's start unless a name says otherwise; null is a gap. Where a token is set, every request needs it: as `Authorization: Bearer`, or as the cookie that /login gives.",
  },
  components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  paths: {
    "/metrics": {
      get: { summary: "Prometheus's metrics of the latest run", responses: file("Metrics.", "text/plain") },
    },
    "/healthz": { get: { summary: "Whether the server answers", responses: file("`ok`.", "text/plain") } },
    "/api/v1/openapi.json": { get: { summary: "This document", responses: json("OpenAPI 3.1.") } },
    "/api/v1/state": {
      get: {
        summary: "Which run there is, and what can be started",
        responses: json(
          "`state` is `ready` before the first run, then the run's; `choices` is null where nothing can be started.",
          {
            type: "object",
            required: ["state", "run", "scenario", "profile", "users", "choices"],
            properties: {
              state: { enum: ["ready", "running", "stopping", "passed", "failed", "stopped", "inconclusive"] },
              run: { type: ["string", "null"] },
              scenario: { type: ["string", "null"] },
              profile: { type: ["string", "null"] },
              users: { type: ["number", "null"] },
              choices: { type: ["object", "null"] },
            },
          },
        ),
      },
    },
    "/api/v1/view": {
      get: {
        summary: "The latest run as the page shows it",
        responses: { ...json("`view`: columns over time; `standing`: the summary's figures up to now."), ...notFound },
      },
    },
    "/api/v1/events": {
      get: {
        summary: "The same as it happens",
        responses: file(
          "Server-sent events, JSON each: `{kind: ready, choices}` before the first run, `{kind: view, shown, choices}` at first and when a run begins or was judged, `{kind: tick, tick, standing}` each second.",
          "text/event-stream",
        ),
      },
    },
    "/api/v1/runs": {
      get: {
        summary: "The runs that are kept, the latest first",
        responses: json("Id, scenario, profile, start, duration, state, labels and size of each.", {
          type: "array",
          items: {
            type: "object",
            required: ["id", "scenario", "profile", "startedAt", "durationMs", "state", "labels", "bytes"],
          },
        }),
      },
      post: {
        summary: "Starts a run",
        requestBody: body("application/json", {
          profile: text("A profile of the scenario."),
          host: text("The service to load."),
          users: whole("How many users, in place of the profile's."),
          spawnRate: number("Users started a second."),
          arrivals: number("Iterations started a second, where the profile has one rate of arrivals."),
          durationMs: number("The whole run, in milliseconds."),
          classes: names("Only these user classes."),
          tags: names("Only tasks with one of these tags."),
        }),
        responses: refusable,
      },
    },
    "/api/v1/run/stop": { post: { summary: "Ends the load; what is under way is finished", responses: refusable } },
    "/api/v1/run/reset": {
      post: {
        summary: "Figures that are shown count from now on; the run's record keeps everything",
        responses: refusable,
      },
    },
    "/api/v1/run/scale": {
      post: {
        summary: "Changes the load of the run under way",
        requestBody: body("application/json", {
          users: whole("How many users."),
          spawnRate: number("Users begun or ended a second."),
          arrivals: number("Iterations started a second, in place of users."),
        }),
        responses: refusable,
      },
    },
    "/api/v1/run/summary": {
      get: {
        summary: "The latest run's summary, by summary.schema.json",
        responses: { ...json("The summary."), ...notFound },
      },
    },
    "/api/v1/run/file": {
      get: {
        summary: "The latest run's file, when it has ended",
        responses: { ...file("An SQLite database.", "application/vnd.sqlite3"), ...notFound, ...refused },
      },
    },
    "/api/v1/runs/{id}": {
      get: {
        summary: "A kept run as the page shows it",
        parameters: [id],
        responses: { ...json("As /api/v1/view."), ...notFound },
      },
    },
    "/api/v1/runs/{id}/summary": {
      get: { summary: "A kept run's summary", parameters: [id], responses: { ...json("The summary."), ...notFound } },
    },
    "/api/v1/runs/{id}/report": {
      get: {
        summary: "A kept run's report",
        parameters: [id, download, theme],
        responses: { ...file("One HTML file.", "text/html"), ...notFound },
      },
    },
    "/api/v1/runs/{id}/history.csv": {
      get: {
        summary: "A kept run's history: a row a second for each request name",
        parameters: [id],
        responses: { ...file("Locust's history.", "text/csv"), ...notFound },
      },
    },
    "/api/v1/runs/{id}/file": {
      get: {
        summary: "A kept run's file",
        parameters: [id],
        responses: { ...file("An SQLite database.", "application/vnd.sqlite3"), ...notFound },
      },
    },
    "/api/v1/comparison": {
      get: {
        summary: "What changed between two runs, or groups of runs, and what is only noise",
        parameters: [group("before"), group("after")],
        responses: {
          ...json("As `plimsoll compare --json` writes it."),
          "400": { description: "A group is missing.", content: { "application/json": { schema: message } } },
          ...notFound,
        },
      },
    },
    "/swarm": {
      post: {
        summary: "Locust's start; of a run under way, another number of users",
        requestBody: {
          required: true,
          content: {
            "application/x-www-form-urlencoded": { schema: { type: "object", properties: swarm } },
            "multipart/form-data": { schema: { type: "object", properties: swarm } },
          },
        },
        responses: json("`success`, `message`, `host`, and what was asked for."),
      },
    },
    "/stop": {
      get: { summary: "Locust's stop", responses: json("`success` and `message`.") },
      post: { summary: "Locust's stop, as it is since 2.47", responses: json("`success` and `message`.") },
    },
    "/stats/reset": {
      get: { summary: "Locust's reset", responses: file("`ok`.", "text/html") },
      post: { summary: "Locust's reset, as it is since 2.47", responses: file("`ok`.", "text/html") },
    },
    "/stats/requests": { get: { summary: "Locust's statistics", responses: json("Locust's fields.") } },
    "/stats/requests/csv": { get: { summary: "Locust's statistics as a file", responses: file("CSV.", "text/csv") } },
    "/stats/requests_full_history/csv": {
      get: { summary: "Locust's full history", responses: { ...file("CSV.", "text/csv"), ...notFound } },
    },
    "/stats/failures/csv": { get: { summary: "Locust's failures as a file", responses: file("CSV.", "text/csv") } },
    "/stats/report": {
      get: {
        summary: "The latest run's report",
        parameters: [download, theme],
        responses: { ...file("One HTML file.", "text/html"), ...notFound },
      },
    },
    "/exceptions": { get: { summary: "What a scenario's code threw", responses: json("`exceptions`.") } },
    "/exceptions/csv": { get: { summary: "The same as a file", responses: file("CSV.", "text/csv") } },
    "/tasks": { get: { summary: "How often each task runs", responses: json("`per_class` and `total`.") } },
    "/logs": { get: { summary: "The latest log lines", responses: json("`master`: lines.") } },
    "/worker-count": { get: { summary: "How many workers run", responses: json("`worker_count`.") } },
  },
} as const;

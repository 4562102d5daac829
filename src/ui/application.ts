import express, { type ErrorRequestHandler, type Express, type Request, type Response } from "express";
import { escapeMarkup } from "../runs/markup.ts";
import { addApi } from "./api-routes.ts";
import { guard } from "./guard.ts";
import type { Live } from "./live.ts";
import { addLocust } from "./locust-routes.ts";
import { addLogin } from "./login.ts";
import { readPageFiles } from "./page-files.ts";
import type { Scrapers } from "./scrapers.ts";
import type { ServerOptions } from "./server.ts";
import { Token } from "./token.ts";

const TEXT = "text/plain; charset=utf-8";

/** What is served, and where. */
export function application(options: ServerOptions, host: string | undefined, scrapers: Scrapers, live: Live): Express {
  const app = express();
  app.disable("x-powered-by");
  // A hash of some megabytes at each scrape, for clients that never ask for it.
  app.disable("etag");
  const changeable = options.metricsOnly !== true && options.control !== undefined;
  const token =
    options.metricsOnly === true || options.token === undefined ? undefined : new Token(options.token, options.clock);
  app.use(guard({ listenHost: host, changeable, token }));
  if (token !== undefined) addLogin(app, token);
  app.get("/metrics", async (request, response) => {
    const answered = scrapers.begin(scraperName(request));
    const { contentType, body } = await options.metrics(request.headers.accept);
    if (request.method === "GET") response.once("finish", answered);
    // Not `send`, which would rewrite the content type that scrapers compare.
    response.set("Vary", "Accept").setHeader("Content-Type", contentType);
    response.end(body);
  });
  app.get("/healthz", (_request, response) => {
    response.type(TEXT).send("ok\n");
  });
  if (options.metricsOnly !== true) {
    const files = readPageFiles();
    app.get("/", (_request, response) => {
      response.type("text/html; charset=utf-8").send(page(options.title(), files !== undefined));
    });
    app.get("/assets/page.js", (_request, response) => {
      response.type("text/javascript").send(files?.script ?? "");
    });
    app.get("/assets/page.css", (_request, response) => {
      response.type("text/css").send(files?.style ?? "");
    });
    addApi(app, options, live);
    addLocust(app, options);
  }
  // Programs that ask the API read JSON, whatever went wrong.
  const refuse = (request: Request, response: Response, status: number, message: string) => {
    response.status(status);
    if (request.path.startsWith("/api/v1/")) response.json({ message });
    else response.type(TEXT).send(`${message}\n`);
  };
  app.use((request, response) => {
    refuse(request, response, 404, "Nothing is here. See /metrics and /healthz.");
  });
  // Express knows an error handler by its four parameters.
  const failed: ErrorRequestHandler = (error, request, response, next) => {
    // Of Express's readers: a body that is no JSON, or too long; a path with a lone %.
    if (error.expose === true || error instanceof URIError) {
      refuse(request, response, error.status ?? 400, error.message);
      return;
    }
    options.onError(error);
    if (response.headersSent) next(error);
    else refuse(request, response, 500, "Plimsoll could not answer: that is a bug of its own.");
  };
  app.use(failed);
  return app;
}

/** Two Prometheis on one machine differ in nothing here and count as one that comes twice as often. */
function scraperName(request: Request): string {
  return `${request.socket.remoteAddress ?? ""} ${(request.headers["user-agent"] ?? "").slice(0, 200)}`;
}

function page(title: string, built: boolean): string {
  const without = built
    ? "This page needs scripts; the figures are at"
    : "The page was not built: run npm run build:page. The figures are at";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)} – Plimsoll</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/page.css">
<script type="module" src="/assets/page.js"></script>
</head>
<body>
<div id="app"><main><h1>${escapeMarkup(title)}</h1><p>${without} <a href="/metrics">/metrics</a>.</p></main></div>
</body>
</html>
`;
}

import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import express, { type Express, type Request, type Response } from "express";
import type { Answer, Archive, KeptRun, Question, Theme } from "./archive.ts";
import type { Control, Refusal } from "./control.ts";
import { refusable, wantedLoadOf, wantedOf } from "./fields.ts";
import type { Figures } from "./figures.ts";
import type { Live, Viewed } from "./live.ts";
import { openApi } from "./openapi.ts";

/** All that the API tells, and who does what it asks. */
export interface ApiSources {
  /** What the page shows. */
  viewed: Viewed;
  figures: Figures;
  archive: Archive;
  /** The file of the latest run; undefined before the first. */
  runFile: () => string | undefined;
  /** Who starts and stops runs; without it nothing can be changed. */
  control?: Control;
}

/** Serves `/api/v1`, as `/api/v1/openapi.json` describes it. The guard has sent strangers away. */
export function addApi(app: Express, sources: ApiSources, live: Live): void {
  const { viewed, control } = sources;
  app.get("/api/v1/openapi.json", (_request, response) => void response.json(openApi));
  app.get("/api/v1/events", (request, response) => live.follow(request, response));
  app.get("/api/v1/state", (_request, response) => {
    const view = viewed.shown()?.view;
    const { id, scenario, profile } = view?.run ?? { id: null, scenario: null, profile: null };
    const users = view?.load.users.at(-1) ?? null;
    response.json({
      state: view?.state ?? "ready",
      run: id,
      scenario,
      profile,
      users,
      choices: control?.choices() ?? null,
    });
  });
  app.get("/api/v1/view", (_request, response) => {
    const shown = viewed.shown();
    if (shown === undefined) missing(response, NO_RUN);
    else response.json(shown);
  });
  addLatest(app, sources);
  addKept(app, sources);
  if (control !== undefined) addControl(app, control);
}

const NO_RUN = "There has been no run yet.";

/** The latest run's summary, report and files. Of one that goes on they say what it came to so far. */
function addLatest(app: Express, { archive, runFile, control }: ApiSources): void {
  const latest = (response: Response, then: (run: KeptRun, path: string) => Promise<void>) => {
    const path = runFile();
    return path === undefined ? missing(response, NO_RUN) : then({ kind: "path", path }, path);
  };
  app.get("/api/v1/run/summary", async (_request, response) => {
    await latest(response, (run) => reply(response, archive.ask({ kind: "summary", run })));
  });
  app.get("/api/v1/run/file", async (_request, response) => {
    await latest(response, async (_run, path) => {
      // What is committed may stand beside the file until its end.
      if (control?.running === true)
        answer(response, { message: "The run goes on: its file is whole when it has ended." });
      else await sendFile(response, path);
    });
  });
  app.get("/stats/report", async (request, response) => {
    await latest(response, (run, path) => sendReport(request, response, archive, run, basename(path, ".db")));
  });
  app.get("/stats/requests_full_history/csv", async (_request, response) => {
    await latest(response, (run) => sendHistory(response, archive, run));
  });
}

/** The runs of the runs folder. */
function addKept(app: Express, { archive, runFile, control }: ApiSources): void {
  const kept = (request: Request<{ id: string }>): KeptRun => ({ kind: "id", id: request.params.id });
  app.get("/api/v1/runs", async (_request, response) => {
    const listed = await archive.ask({ kind: "list" });
    if (listed.kind === "problem") missing(response, listed.message);
    else {
      const underWay = control?.running === true ? runFile() : undefined;
      // Its file says no more than that it has no end.
      response.json(listed.answer.map(({ path, ...run }) => (path === underWay ? { ...run, state: "running" } : run)));
    }
  });
  app.get("/api/v1/runs/:id", async (request, response) => {
    await reply(response, archive.ask({ kind: "view", run: kept(request) }));
  });
  app.get("/api/v1/runs/:id/summary", async (request, response) => {
    await reply(response, archive.ask({ kind: "summary", run: kept(request) }));
  });
  app.get("/api/v1/runs/:id/report", async (request, response) => {
    await sendReport(request, response, archive, kept(request), request.params.id);
  });
  app.get("/api/v1/runs/:id/history.csv", async (request, response) => {
    await sendHistory(response, archive, kept(request));
  });
  app.get("/api/v1/runs/:id/file", async (request, response) => {
    const found = await archive.ask({ kind: "find", run: kept(request) });
    if (found.kind === "problem") missing(response, found.message);
    else await sendFile(response, found.answer.path);
  });
  app.get("/api/v1/comparison", async (request, response) => {
    const [before, after] = [request.query["before"], request.query["after"]].map(idsOf);
    if (before === undefined || after === undefined) {
      response.status(400).json({ message: "Expected before and after: ids of runs, with commas between them." });
      return;
    }
    await reply(response, archive.ask({ kind: "compare", before, after }));
  });
}

function addControl(app: Express, control: Control): void {
  const json = express.json({ limit: "64kb" });
  app.post("/api/v1/runs", json, (request, response) => {
    answer(
      response,
      refusable(() => control.start(wantedOf(request.body))),
    );
  });
  app.post("/api/v1/run/stop", (_request, response) => answer(response, control.stop()));
  app.post("/api/v1/run/reset", (_request, response) => answer(response, control.reset()));
  app.post("/api/v1/run/scale", json, (request, response) => {
    answer(
      response,
      refusable(() => control.scale(wantedLoadOf(request.body))),
    );
  });
}

/** Nothing more to say than that it was done; or why not. */
export function answer(response: Response, refused: Refusal): void {
  if (refused === undefined) response.status(204).end();
  else response.status(409).json(refused);
}

function missing(response: Response, message: string): void {
  response.status(404).json({ message });
}

async function reply<Q extends Question>(response: Response, asked: Promise<Answer<Q>>): Promise<void> {
  const given = await asked;
  if (given.kind === "problem") missing(response, given.message);
  else response.json(given.answer);
}

export function csvFile(response: Response, title: string, text: string): void {
  attach(response, `${title}.csv`);
  response.type("text/csv").send(text);
}

async function sendHistory(response: Response, archive: Archive, run: KeptRun): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "plimsoll-history-"));
  try {
    const history = await archive.ask({ kind: "history", run, into: join(folder, "history") });
    if (history.kind === "problem") missing(response, history.message);
    else {
      attach(response, "requests_full_history.csv");
      response.type("text/csv");
      await streamed(response, history.answer);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * A report's own script and style are in it. Its policy lets them run, and no others; the sandbox gives it an origin of its
 * own, so that it could not ask this server for anything.
 */
const REPORT_POLICY =
  "sandbox allow-scripts; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'none'";

async function sendReport(
  request: Request,
  response: Response,
  archive: Archive,
  run: KeptRun,
  name: string,
): Promise<void> {
  const report = await archive.ask({ kind: "report", run, theme: themeOf(request.query["theme"]) });
  if (report.kind === "problem") {
    missing(response, report.message);
    return;
  }
  if (request.query["download"] !== undefined) attach(response, `${name}.html`);
  response.set("Content-Security-Policy", REPORT_POLICY);
  response.type("text/html").send(report.answer);
}

async function sendFile(response: Response, path: string): Promise<void> {
  attach(response, basename(path));
  response.type("application/vnd.sqlite3");
  await streamed(response, path);
}

/** A reader that goes away meanwhile is no failure of ours. */
async function streamed(response: Response, path: string): Promise<void> {
  try {
    await pipeline(createReadStream(path), response);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

function attach(response: Response, name: string): void {
  response.set("Content-Disposition", `attachment; filename="${name.replace(/[^\w.-]/g, "_")}"`);
}

function themeOf(value: unknown): Theme | undefined {
  return value === "dark" || value === "light" ? value : undefined;
}

function idsOf(value: unknown): KeptRun[] | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  return value.split(",").map((id) => ({ kind: "id", id }));
}

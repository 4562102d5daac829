import { setTimeout as sleep } from "node:timers/promises";
import type { Response } from "express";
import { type Api, naturalNumber, textOf } from "./api.ts";
import type { Backend } from "./backend.ts";
import { answer, refuse, withoutCompletion } from "./reply.ts";
import { Table } from "./table.ts";

/** Work that the queue does after it was asked for. */
interface Job {
  text: string;
  done: boolean;
  finished: Promise<void>;
}

const courses = 50;
const seatsOfASquad = 5;
/** A syllabus is several completions long. */
const syllabusEffort = 3;
const maxWaitSeconds = 30;

/**
 * A learning platform: courses, the analysis of portfolios and the delivery of chat messages by the queue's workers, the
 * matching of learners with squads, and syllabi by the AI provider. `?wait=10` of an analysis or a message answers as
 * soon as its job is done, at the latest after 10 s.
 */
export function originLearningPlatform(api: Api, backend: Backend): void {
  const analyses = new Table<Job>();
  const messages = new Table<Job>();

  const course = (id: number) => ({ id, title: `Course ${id}` });
  api.get("/api/courses", async (_req, res) =>
    answer(
      res,
      await backend.read("courses", () => ({ items: Array.from({ length: courses }, (_, n) => course(n + 1)) })),
    ),
  );
  api.get("/api/courses/:id", async (req, res) => {
    const id = naturalNumber(req.params["id"]) ?? 0;
    return answer(res, await backend.read(`courses/${id}`, () => (id >= 1 && id <= courses ? course(id) : undefined)));
  });

  api.post("/api/portfolio/analyses", async (req, res) => {
    const portfolio = textOf(req, "portfolio");
    if (portfolio === undefined) return refuse(res, 400, 'expected {"portfolio": "…"}');
    return accept(res, backend, analyses, portfolio);
  });
  api.get("/api/portfolio/analyses/:id", async (req, res) => {
    const job = await waitedFor(analyses.get(naturalNumber(req.params["id"]) ?? 0), req.query["wait"]);
    if (job === undefined) return refuse(res, 404, "there is no such analysis");
    return res.json(
      job.done ? { id: job.id, status: "done", score: job.text.length % 101 } : { id: job.id, status: "queued" },
    );
  });

  api.post("/api/chat/messages", async (req, res) => {
    const text = textOf(req, "text");
    if (text === undefined) return refuse(res, 400, 'expected {"text": "…"}');
    return accept(res, backend, messages, text);
  });
  api.get("/api/chat/messages/:id", async (req, res) => {
    const job = await waitedFor(messages.get(naturalNumber(req.params["id"]) ?? 0), req.query["wait"]);
    if (job === undefined) return refuse(res, 404, "there is no such message");
    return res.json({ id: job.id, text: job.text, status: job.done ? "delivered" : "queued" });
  });

  let assignments = 0;
  api.post("/api/squads/match", async (req, res) => {
    const learner = textOf(req, "learner");
    if (learner === undefined) return refuse(res, 400, 'expected {"learner": "…"}');
    const seen = assignments;
    // Unsafe: reckoned from what was seen before the query, which another request may have seen as well.
    const assign = () => (assignments = (backend.unsafe ? seen : assignments) + 1);
    const written = await backend.write(() => {
      const assignment = assign();
      return { assignment, learner, squad: Math.ceil(assignment / seatsOfASquad) };
    });
    return answer(res, written, 201);
  });

  api.post("/api/syllabi", async (req, res) => {
    const topic = textOf(req, "topic");
    if (topic === undefined) return refuse(res, 400, 'expected {"topic": "…"}');
    const completion = await backend.provider.complete(topic, syllabusEffort);
    if (completion.kind !== "done") return withoutCompletion(res, backend.provider.rateLimit, completion);
    const { text, usage } = completion;
    return answer(res, await backend.write(() => ({ topic, modules: [text], usage })), 201);
  });
}

/** Writes a job's row: 202, with the id under which to ask for it. */
async function accept(res: Response, backend: Backend, jobs: Table<Job>, text: string): Promise<Response> {
  const written = await backend.write(() => jobs.insert({ text, done: false, finished: Promise.resolve() }));
  if (written.kind === "timeout") return answer(res, written);
  const { value: job } = written;
  job.finished = written.job.then(() => {
    job.done = true;
  });
  return res.status(202).json({ id: job.id, status: "queued" });
}

async function waitedFor<T extends Job>(job: T | undefined, wait: unknown): Promise<T | undefined> {
  const seconds = Math.min(naturalNumber(wait) ?? 0, maxWaitSeconds);
  if (job === undefined || job.done || seconds === 0) return job;
  const late = new AbortController();
  // Aborted once the job is done: nobody is left waiting.
  const timeout = sleep(1000 * seconds, undefined, { signal: late.signal }).catch(() => {});
  await Promise.race([job.finished, timeout]);
  late.abort();
  return job;
}

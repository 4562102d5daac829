import { type Api, naturalNumber, textOf } from "./api.ts";
import type { Backend } from "./backend.ts";
import { answer, refuse } from "./reply.ts";
import { Sessions } from "./sessions.ts";
import { isStatus, statuses, type TaskTable } from "./tasks.ts";

const maxLimit = 100;
const expectedStatus = `expected a status: ${statuses.join(", ")}`;

/**
 * A service of tasks. Lists and statistics may be as old as the cache's TTL; a task read by its id is never older than
 * its last write.
 */
export function bossWorkflow(api: Api, backend: Backend, tasks: TaskTable): void {
  const sessions = new Sessions();

  api.post("/api/login", (req, res) => {
    const email = textOf(req, "email");
    if (email === undefined) return refuse(res, 400, 'expected {"email": "…"}');
    const token = sessions.open(email);
    return res.cookie("session", token, { httpOnly: true, sameSite: "lax" }).json({ token });
  });

  api.get("/api/me", (req, res) => {
    const email = sessions.userOf(req.headers);
    if (email === undefined) return refuse(res, 401, "expected the cookie or the bearer token that /api/login gives");
    return res.json({ email });
  });

  api.get("/api/tasks", async (req, res) => {
    const { limit = "20", status } = req.query;
    const n = naturalNumber(limit);
    if (n === undefined || n > maxLimit) return refuse(res, 400, `expected a limit from 0 to ${maxLimit}`);
    if (status !== undefined && !isStatus(status)) return refuse(res, 400, expectedStatus);
    return answer(res, await backend.read(`tasks?${status ?? ""}&${n}`, () => tasks.list(n, status)));
  });

  api.get("/api/statistics", async (_req, res) =>
    answer(res, await backend.read("statistics", () => tasks.statistics())),
  );

  api.get("/api/tasks/:id", async (req, res) => {
    const id = naturalNumber(req.params["id"]);
    if (id === undefined) return refuse(res, 404, "there is no such thing");
    return answer(res, await backend.read(`tasks/${id}`, () => tasks.get(id)));
  });

  api.post("/api/tasks", async (req, res) => {
    const title = textOf(req, "title");
    if (title === undefined) return refuse(res, 400, 'expected {"title": "…"}');
    const written = await backend.write(() => tasks.create(title));
    if (written.kind === "done") backend.cache.invalidate(`tasks/${written.value.id}`);
    return answer(res, written, 201);
  });

  api.patch("/api/tasks/:id/status", async (req, res) => {
    const id = naturalNumber(req.params["id"]);
    const status: unknown = req.body?.status;
    if (!isStatus(status)) return refuse(res, 400, expectedStatus);
    if (id === undefined) return refuse(res, 404, "there is no such thing");
    const written = await backend.write(() => tasks.setStatus(id, status));
    if (written.kind === "done") backend.cache.invalidate(`tasks/${id}`);
    return answer(res, written);
  });
}

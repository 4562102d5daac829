import { type Api, naturalNumber, textOf } from "./api.ts";
import type { Backend } from "./backend.ts";
import { answer, refuse, withoutCompletion } from "./reply.ts";
import { Table } from "./table.ts";

interface Session {
  learner: string;
  turns: { text: string; reply: string }[];
}

/** A longer conversation forgets its beginning. */
const maxTurns = 50;

/** A learning voice agent: learners' sessions, and conversations in them. Each turn is a completion and then a write. */
export function voiceAgent(api: Api, backend: Backend): void {
  const sessions = new Table<Session>();

  api.post("/api/sessions", async (req, res) => {
    const learner = textOf(req, "learner");
    if (learner === undefined) return refuse(res, 400, 'expected {"learner": "…"}');
    return answer(res, await backend.write(() => sessions.insert({ learner, turns: [] })), 201);
  });

  api.get("/api/sessions/:id", async (req, res) => {
    const id = naturalNumber(req.params["id"]) ?? 0;
    const summary = () => {
      const session = sessions.get(id);
      return session && { id, learner: session.learner, turns: session.turns.length };
    };
    return answer(res, await backend.read(`sessions/${id}`, summary));
  });

  api.get("/api/sessions/:id/history", async (req, res) => {
    const id = naturalNumber(req.params["id"]) ?? 0;
    const history = () => {
      const session = sessions.get(id);
      return session && { items: session.turns };
    };
    return answer(res, await backend.read(`sessions/${id}/history`, history));
  });

  api.post("/api/conversation", async (req, res) => {
    const session = sessions.get(Number(req.body?.session));
    const text = textOf(req, "text");
    if (text === undefined) return refuse(res, 400, 'expected {"session": …, "text": "…"}');
    if (session === undefined) return refuse(res, 404, "there is no such session");
    const completion = await backend.provider.complete(text);
    if (completion.kind !== "done") return withoutCompletion(res, backend.provider.rateLimit, completion);
    const { text: reply, usage } = completion;
    const written = await backend.write(() => {
      session.turns.push({ text, reply });
      if (session.turns.length > maxTurns) session.turns.shift();
      return { session: session.id, reply, usage };
    });
    backend.cache.invalidate(`sessions/${session.id}`);
    backend.cache.invalidate(`sessions/${session.id}/history`);
    return answer(res, written);
  });
}

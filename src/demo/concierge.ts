import { type Api, textOf } from "./api.ts";
import type { Backend } from "./backend.ts";
import { providerModel } from "./provider.ts";
import { answer, refuse, withoutCompletion } from "./reply.ts";

/** A completion's effort: embedding a query and classifying a text are less than answering. */
const embedding = 0.5;
const classification = 0.3;

/** How many different queries the documents can answer: the rest is asked of the cache under one of these. */
const topics = 200;

/** Three services that live on an AI provider: a concierge who chats, retrieval of documents (RAG), and guardrails. */
export function concierge(api: Api, backend: Backend): void {
  const { provider } = backend;

  api.post("/api/concierge/chat", async (req, res) => {
    const message = textOf(req, "message");
    if (message === undefined) return refuse(res, 400, 'expected {"message": "…"}');
    const completion = await provider.complete(message);
    if (completion.kind !== "done") return withoutCompletion(res, provider.rateLimit, completion);
    const { text: reply, usage } = completion;
    return answer(res, await backend.write(() => ({ reply, model: providerModel, usage })));
  });

  api.post("/api/rag/query", async (req, res) => {
    const query = textOf(req, "query");
    if (query === undefined) return refuse(res, 400, 'expected {"query": "…"}');
    const completion = await provider.complete(query, embedding);
    if (completion.kind !== "done") return withoutCompletion(res, provider.rateLimit, completion);
    const topic = topicOf(query);
    const search = () => ({
      documents: [1, 2, 3].map((rank) => ({ id: 10 * topic + rank, score: Math.round(100 / (1 + rank)) / 100 })),
    });
    const found = await backend.read(`documents?${topic}`, search);
    if (found.kind === "timeout") return answer(res, found);
    return res.json({ ...found.value, usage: completion.usage });
  });

  api.post("/api/guardrails/check", async (req, res) => {
    const text = textOf(req, "text");
    if (text === undefined) return refuse(res, 400, 'expected {"text": "…"}');
    const completion = await provider.complete(text, classification);
    if (completion.kind !== "done") return withoutCompletion(res, provider.rateLimit, completion);
    return res.json({ allowed: !/password|ignore all/i.test(text), usage: completion.usage });
  });
}

function topicOf(query: string): number {
  let sum = 0;
  for (const character of query) sum = (31 * sum + (character.codePointAt(0) ?? 0)) % topics;
  return sum;
}

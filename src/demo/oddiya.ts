import type { Request } from "express";
import { type Api, naturalNumber, textOf } from "./api.ts";
import type { Backend, Written } from "./backend.ts";
import type { Completion } from "./provider.ts";
import { answer, refuse, withoutCompletion } from "./reply.ts";
import { Sessions } from "./sessions.ts";
import { Table } from "./table.ts";

interface Plan {
  owner: string;
  destination: string;
  itinerary: string;
}

/** A plan was written, or could not be. */
type Made = Written<Plan & { readonly id: number }> | Exclude<Completion, { kind: "done" }>;

/** Names and idempotency keys: past it the oldest is forgotten. */
const maxKept = 50_000;

const unauthorized = "expected the bearer token that /api/v1/auth/login gives";

/**
 * A travel planner: who is logged in has a profile and plans, which an LLM agent writes. A plan that is asked for again
 * with the same `Idempotency-Key` is the one made first, while that is still being made too.
 */
export function oddiya(api: Api, backend: Backend): void {
  const sessions = new Sessions();
  const plans = new Table<Plan>();
  const names = new Map<string, string>();
  const byKey = new Map<string, Promise<Made>>();
  const userOf = (req: Request) => sessions.userOf(req.headers);

  api.post("/api/v1/auth/login", (req, res) => {
    const email = textOf(req, "email");
    if (email === undefined) return refuse(res, 400, 'expected {"email": "…"}');
    return res.json({ accessToken: sessions.open(email) });
  });

  api.get("/api/v1/users/me", async (req, res) => {
    const email = userOf(req);
    if (email === undefined) return refuse(res, 401, unauthorized);
    return answer(res, await backend.read(`profiles/${email}`, () => ({ email, name: names.get(email) ?? email })));
  });

  api.patch("/api/v1/users/me", async (req, res) => {
    const email = userOf(req);
    const name = textOf(req, "name");
    if (email === undefined) return refuse(res, 401, unauthorized);
    if (name === undefined) return refuse(res, 400, 'expected {"name": "…"}');
    const written = await backend.write(() => {
      names.set(email, name);
      if (names.size > maxKept) forgetOldest(names);
      return { email, name };
    });
    backend.cache.invalidate(`profiles/${email}`);
    return answer(res, written);
  });

  api.get("/api/v1/plans/:id", async (req, res) => {
    const owner = userOf(req);
    if (owner === undefined) return refuse(res, 401, unauthorized);
    const id = naturalNumber(req.params["id"]) ?? 0;
    const own = () => (plans.get(id)?.owner === owner ? plans.get(id) : undefined);
    return answer(res, await backend.read(`plans/${owner}/${id}`, own));
  });

  api.post("/api/v1/plans", async (req, res) => {
    const owner = userOf(req);
    const destination = textOf(req, "destination");
    if (owner === undefined) return refuse(res, 401, unauthorized);
    if (destination === undefined) return refuse(res, 400, 'expected {"destination": "…"}');
    const make = async (): Promise<Made> => {
      const completion = await backend.provider.complete(`A trip to ${destination}`);
      if (completion.kind !== "done") return completion;
      return backend.write(() => plans.insert({ owner, destination, itinerary: completion.text }));
    };
    const { replayed, made } = await once(backend.unsafe ? undefined : req.get("idempotency-key"), owner, make);
    if (made.kind !== "done" && made.kind !== "timeout") {
      return withoutCompletion(res, backend.provider.rateLimit, made);
    }
    if (replayed) res.set("idempotency-replayed", "true");
    return answer(res, made, 201);
  });

  /** What `make` gave for an owner's key the first time. What was not made may be tried again. */
  async function once(given: string | undefined, owner: string, make: () => Promise<Made>) {
    if (given === undefined) return { replayed: false, made: await make() };
    const key = `${owner} ${given}`;
    const known = byKey.get(key);
    if (known !== undefined) return { replayed: true, made: await known };
    const making = make();
    byKey.set(key, making);
    if (byKey.size > maxKept) forgetOldest(byKey);
    const made = await making;
    if (made.kind !== "done") byKey.delete(key);
    return { replayed: false, made };
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

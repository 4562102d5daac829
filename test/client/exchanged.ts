import type { Exchange, Request, Session } from "../../src/client/client.ts";

/** A GET of a target's that nobody looks at the body of, within 5 s. */
export function request(origin: string, path: string, more: Partial<Request> = {}): Request {
  const plain = { series: 0, intendedAt: 0, method: "GET", headers: [], body: undefined, wantBody: false };
  return { ...plain, deadlineMs: 5_000, ...more, origin, path };
}

/** What becomes of a request, for who can wait. */
export function exchanged(session: Session, request: Request): Promise<Exchange> {
  return new Promise((resolve) => session.send(request, resolve));
}

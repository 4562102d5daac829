import type { Exchange, Request, Session } from "../../src/client/client.ts";

/** What becomes of a request, for who can wait. */
export function exchanged(session: Session, request: Request): Promise<Exchange> {
  return new Promise((resolve) => session.send(request, resolve));
}

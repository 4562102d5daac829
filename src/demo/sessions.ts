import { randomUUID } from "node:crypto";

/** Past it the oldest session ends. */
const maxSessions = 10_000;

/** Who is logged in, by a random token that serves as cookie and as bearer token. Anyone may log in: nothing is kept here. */
export class Sessions {
  readonly #users = new Map<string, string>();

  open(email: string): string {
    const token = randomUUID();
    this.#users.set(token, email);
    if (this.#users.size > maxSessions) {
      const [oldest] = this.#users.keys();
      if (oldest !== undefined) this.#users.delete(oldest);
    }
    return token;
  }

  /** Whose session a request's headers name, or undefined if none. */
  userOf(headers: { cookie?: string | undefined; authorization?: string | undefined }): string | undefined {
    const cookie = /(?:^|;\s*)session=([^;]*)/.exec(headers.cookie ?? "")?.[1];
    const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? "")?.[1];
    return this.#users.get(cookie ?? bearer ?? "");
  }
}

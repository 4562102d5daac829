import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** Shorter ones could be tried out. */
export const LEAST_TOKEN = 16;

const COOKIE = "plimsoll";

/**
 * The secret that lets somebody in, where one was set. It comes as `Authorization: Bearer`, or as a cookie that is made of it
 * and that scripts cannot read; both are compared in constant time.
 *
 * Sources: RFC 6750, 2.1; RFC 6265bis, 4.1.2 (HttpOnly, SameSite).
 */
export class Token {
  readonly #digest: Buffer;
  /** Not the token itself: other servers on this host, whatever their port, get its cookies too. */
  readonly #session: string;

  constructor(token: string) {
    this.#digest = digestOf(token);
    this.#session = createHmac("sha256", token).update("plimsoll page").digest("base64url");
  }

  matches(given: string): boolean {
    return timingSafeEqual(digestOf(given), this.#digest);
  }

  /** Whether a request's headers carry it. */
  admits(headers: { authorization?: string | undefined; cookie?: string | undefined }): boolean {
    const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if (bearer !== undefined) return this.matches(bearer);
    const session = new RegExp(`(?:^|; *)${COOKIE}=([\\w-]+)`).exec(headers.cookie ?? "")?.[1];
    return session !== undefined && timingSafeEqual(digestOf(session), digestOf(this.#session));
  }

  /** The header `Set-Cookie` for somebody who has shown it; it ends with the browser's session. */
  cookie(): string {
    return `${COOKIE}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`;
  }
}

/** Of one length, whatever was given. */
function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../metrics/clock.ts";

/** Shorter ones could be tried out. */
export const LEAST_TOKEN = 16;

/** From one address, so many wrong tokens within the time are heard; then none, right or wrong, until it is over. */
export const MOST_WRONG = 20;
export const WRONG_WITHIN_MS = 60_000;
/** Of more the oldest are forgotten: an attacker with many addresses does not fill the memory. */
const MOST_ADDRESSES = 1000;

/** What came of showing a token. */
export type Shown = "right" | "wrong" | "too often";

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
  readonly #clock: Clock;
  readonly #wrong = new Map<string, { since: number; times: number }>();

  constructor(token: string, clock: Clock) {
    this.#clock = clock;
    this.#digest = digestOf(token);
    this.#session = createHmac("sha256", token).update("plimsoll page").digest("base64url");
  }

  /** `from`: whoever shows it, such as an address. */
  show(given: string, from: string): Shown {
    if (this.#wrongOf(from) >= MOST_WRONG) return "too often";
    if (timingSafeEqual(digestOf(given), this.#digest)) return "right";
    this.#count(from);
    return "wrong";
  }

  /** Whether a request's headers carry it. A cookie is too long to be guessed: a wrong one is an old one. */
  admits(headers: { authorization?: string | undefined; cookie?: string | undefined }, from: string): Shown {
    const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if (bearer !== undefined) return this.show(bearer, from);
    const session = new RegExp(`(?:^|; *)${COOKIE}=([\\w-]+)`).exec(headers.cookie ?? "")?.[1];
    return session !== undefined && timingSafeEqual(digestOf(session), digestOf(this.#session)) ? "right" : "wrong";
  }

  #wrongOf(from: string): number {
    const seen = this.#wrong.get(from);
    return seen === undefined || this.#clock.now() - seen.since >= WRONG_WITHIN_MS ? 0 : seen.times;
  }

  #count(from: string): void {
    const times = this.#wrongOf(from) + 1;
    const since = times === 1 ? this.#clock.now() : (this.#wrong.get(from)?.since ?? 0);
    this.#wrong.delete(from);
    this.#wrong.set(from, { since, times });
    const [oldest] = this.#wrong.keys();
    if (this.#wrong.size > MOST_ADDRESSES && oldest !== undefined) this.#wrong.delete(oldest);
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

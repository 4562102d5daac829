import { Cookie, CookieJar } from "tough-cookie";

/** A user has this many cookies at most; RFC 6265, 6.1, wants room for 50 of a domain. */
const MOST_COOKIES = 300;

/** The first and the last moment that a Date can hold (ECMAScript, 21.4.1.1). */
const EVER_MS = 8.64e15;

/**
 * One user's cookies, by the rules of RFC 6265 and the public-suffix list. A cookie that breaks them is not kept, and of too
 * many those that were set last are.
 *
 * When one expires is our own business: tough-cookie reads the wall clock, which may step, and counts Max-Age from the last
 * use of a cookie and not from its setting (5.3, step 3), so that one in use would never expire.
 */
export class Cookies {
  readonly #now: () => number;
  #jar = new CookieJar(undefined, { looseMode: true });
  /** Set since it was last looked at how many there are. */
  #stored = 0;

  /** `now` gives Unix milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  store(setCookie: string | string[], url: string): void {
    const now = this.#now();
    for (const one of Array.isArray(setCookie) ? setCookie : [setCookie]) {
      const cookie = Cookie.parse(one, { loose: true });
      if (cookie === undefined) continue;
      if (cookie.maxAge !== null) {
        cookie.expires = new Date(expiryOf(cookie.maxAge, now));
        cookie.maxAge = null;
      }
      this.#jar.setCookieSync(cookie, url, { ignoreError: true, now: new Date(now) });
      if (++this.#stored >= MOST_COOKIES) this.#trim();
    }
  }

  #trim(): void {
    this.#stored = 0;
    const all = this.#jar.serializeSync();
    if (all === undefined || all.cookies.length <= MOST_COOKIES) return;
    this.#jar = CookieJar.deserializeSync({ ...all, cookies: all.cookies.slice(-MOST_COOKIES) });
  }

  /** The Cookie header for a URL; empty if there is none. */
  header(url: string): string {
    const now = this.#now();
    return this.#jar
      .getCookiesSync(url, { expire: false, sort: true })
      .filter((cookie) => this.#isLive(cookie, now))
      .map((cookie) => cookie.cookieString())
      .join("; ");
  }

  /** One that is not is let go. */
  #isLive({ expires, domain, path, key }: Cookie, now: number): boolean {
    if (!(expires instanceof Date) || expires.getTime() > now) return true;
    this.#jar.store.removeCookie(domain, path, key, () => {});
    return false;
  }
}

/** Max-Age takes precedence over Expires; of 0 and below it means the earliest moment there is (RFC 6265, 5.2.2). */
function expiryOf(maxAge: number | string, now: number): number {
  const seconds = Number(maxAge);
  return seconds <= 0 ? -EVER_MS : Math.min(now + seconds * 1000, EVER_MS);
}

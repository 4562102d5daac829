import { CookieJar } from "tough-cookie";

/** A user has this many cookies at most; RFC 6265, 6.1, wants room for 50 of a domain. */
const MOST_COOKIES = 300;

/**
 * One user's cookies, by the rules of RFC 6265 and the public-suffix list. A cookie that breaks them is not kept, and of too
 * many those that were set last are.
 */
export class Cookies {
  #jar = new CookieJar(undefined, { looseMode: true });
  /** Set since it was last looked at how many there are. */
  #stored = 0;

  store(setCookie: string | string[], url: string): void {
    for (const one of Array.isArray(setCookie) ? setCookie : [setCookie]) {
      this.#jar.setCookieSync(one, url, { ignoreError: true });
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
    return this.#jar.getCookieStringSync(url);
  }
}

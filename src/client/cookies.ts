import { CookieJar } from "tough-cookie";

/** One user's cookies, by the rules of RFC 6265 and the public-suffix list. A cookie that breaks them is not kept. */
export class Cookies {
  readonly #jar = new CookieJar(undefined, { looseMode: true });

  store(setCookie: string | string[], url: string): void {
    for (const one of Array.isArray(setCookie) ? setCookie : [setCookie]) {
      this.#jar.setCookieSync(one, url, { ignoreError: true });
    }
  }

  /** The Cookie header for a URL; empty if there is none. */
  header(url: string): string {
    return this.#jar.getCookieStringSync(url);
  }
}

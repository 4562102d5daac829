/**
 * The secrets of one worker or source: reads them by the names that a plan holds, and takes those that were used out of
 * whatever is kept or shown.
 */
export class Secrets {
  readonly #read: (name: string) => string;
  /** Each as it may stand in a text: plain, percent-encoded, as in a form, in JSON, in base64. */
  readonly #forms = new Set<string>();

  constructor(read: (name: string) => string) {
    this.#read = read;
  }

  value(name: string): string {
    const value = this.#read(name);
    this.hide(value);
    return value;
  }

  /** Something that was found to be a secret, such as the password in a URL that is one. */
  hide(value: string): void {
    if (value === "" || this.#forms.has(value)) return;
    const form = new URLSearchParams({ "": value }).toString().slice(1);
    const base64 = Buffer.from(value).toString("base64");
    for (const one of [value, encodeURIComponent(value), form, JSON.stringify(value).slice(1, -1), base64]) {
      this.#forms.add(one);
    }
  }

  /** The text without the secrets that were used so far. Cut a text after this, not before: half a secret is one too. */
  redact(text: string): string {
    let clean = text;
    for (const form of this.#forms) clean = clean.replaceAll(form, "REDACTED");
    return clean;
  }
}

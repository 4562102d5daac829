import { decoded } from "../scenario/login.ts";
import type { Template } from "../scenario/plan-request.ts";
import { Secrets } from "../scenario/secrets.ts";
import { compileTemplate, nobody, type Scope } from "../scenario/template.ts";
import { CollectError } from "./collect-error.ts";
import type { CollectorDeps } from "./collector.ts";

/** Fills in the texts of one source's entry, and takes the secrets that were used out of what is told. */
export class Filling {
  readonly #secrets: Secrets;
  readonly #scope: Scope;

  constructor(deps: CollectorDeps) {
    this.#secrets = new Secrets(deps.secret);
    this.#scope = {
      ...nobody((name) => this.#secrets.value(name)),
      random: Math.random,
      now: () => deps.wallAt(deps.clock.now()),
    };
  }

  /** A function that gives the text; it fails with a `CollectError` that names what the template lacks. */
  template(template: Template): () => string {
    const fill = compileTemplate(template);
    return () => {
      try {
        return fill(this.#scope);
      } catch (error) {
        throw new CollectError("missing", error instanceof Error ? error.message : String(error));
      }
    };
  }

  /** A function that gives the address; `example` is what one looks like. Its password is a secret from then on. */
  address(template: Template, schemes: readonly string[], example: string): () => URL {
    const fill = this.template(template);
    return () => {
      const text = fill();
      const url = URL.canParse(text) ? new URL(text) : undefined;
      if (url === undefined || !schemes.includes(url.protocol)) {
        throw new CollectError("missing", this.redact(`expected an address such as ${example}, got ${text}`));
      }
      this.#secrets.hide(url.password);
      this.#secrets.hide(decoded(url.password));
      return url;
    };
  }

  /** The text without the secrets that were used so far. */
  redact(text: string): string {
    return this.#secrets.redact(text);
  }
}

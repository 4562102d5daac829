import type { CollectorDeps } from "./collector.ts";
import type { Endpoint } from "./endpoint.ts";

/** What a look finds lacking without failing, told as an event: each thing once a run, however often it is seen. */
export class Remarks {
  readonly #source: string;
  readonly #endpoint: Endpoint;
  readonly #deps: CollectorDeps;
  readonly #made = new Set<string>();

  constructor(source: string, endpoint: Endpoint, deps: CollectorDeps) {
    this.#source = source;
    this.#endpoint = endpoint;
    this.#deps = deps;
  }

  /** `about` is what the remark is told once for; there must be few of them. */
  once(about: string, at: number, message: string): void {
    if (this.#made.has(about)) return;
    this.#made.add(about);
    const text = this.#endpoint.redact(`source "${this.#source}": ${message}`);
    this.#deps.onEvent({ at, kind: "source", message: text });
  }
}

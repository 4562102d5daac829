import type { CollectorDeps } from "./collector.ts";
import type { Filling } from "./filling.ts";

/** What a look finds lacking without failing, told as an event: each thing once a run, however often it is seen. */
export class Remarks {
  readonly #source: string;
  readonly #filling: Filling;
  readonly #deps: CollectorDeps;
  readonly #made = new Set<string>();

  constructor(source: string, filling: Filling, deps: CollectorDeps) {
    this.#source = source;
    this.#filling = filling;
    this.#deps = deps;
  }

  /** `about` is what the remark is told once for; there must be few of them. */
  once(about: string, at: number, message: string): void {
    if (this.#made.has(about)) return;
    this.#made.add(about);
    const text = this.#filling.redact(`source "${this.#source}": ${message}`);
    this.#deps.onEvent({ at, kind: "source", message: text });
  }
}

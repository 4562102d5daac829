import type { Request, Response } from "express";
import type { Shown, Watcher } from "../runs/view-sink.ts";
import type { Choices } from "./control.ts";

/** What the page follows: a run's view, whole at first and then tick by tick. */
export interface Viewed {
  shown(): Shown | undefined;
  watch(watcher: Watcher): () => void;
}

/** A reader further behind than this is sent away: it comes back and gets a whole view. */
const MOST_UNREAD_BYTES = 8 * 1024 * 1024;

/**
 * Server-sent events of runs: `view` when somebody comes, when a run was judged and when another began, `tick` each second,
 * `ready` before the first run. The page's
 * `source.ts` reads them. What all readers get is written once.
 *
 * Source: HTML standard, "Server-sent events".
 */
export class Live {
  readonly #viewed: Viewed;
  readonly #choices: () => Choices | undefined;
  readonly #readers = new Set<Response>();
  #end: (() => void) | undefined;

  /** `choices`: what the start form offers, where runs can be started. */
  constructor(viewed: Viewed, choices: () => Choices | undefined = () => undefined) {
    this.#viewed = viewed;
    this.#choices = choices;
  }

  follow(_request: Request, response: Response): void {
    response.set("Content-Type", "text/event-stream");
    response.flushHeaders();
    response.write("retry: 1000\n\n");
    response.write(this.#whole());
    this.#readers.add(response);
    response.once("close", () => this.#forget(response));
    this.#end ??= this.#viewed.watch({
      tick: (tick, standing) => this.#tell({ kind: "tick", tick, standing }),
      renewed: () => this.#write(this.#whole()),
    });
  }

  /** Sends everybody home. */
  close(): void {
    for (const reader of this.#readers) reader.end();
  }

  #whole(): string {
    const shown = this.#viewed.shown();
    const choices = this.#choices();
    if (shown !== undefined) return message({ kind: "view", shown, choices: choices ?? null });
    return choices === undefined ? "" : message({ kind: "ready", choices });
  }

  #tell(what: unknown): void {
    this.#write(message(what));
  }

  #write(text: string): void {
    for (const reader of this.#readers) {
      if (reader.writableLength > MOST_UNREAD_BYTES) reader.destroy();
      else reader.write(text);
    }
  }

  #forget(reader: Response): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#end?.();
    this.#end = undefined;
  }
}

function message(what: unknown): string {
  return `data: ${JSON.stringify(what)}\n\n`;
}

import type { Request, Response } from "express";
import type { Shown, Watcher } from "../runs/view-sink.ts";

/** What the page follows: a run's view, whole at first and then tick by tick. */
export interface Viewed {
  shown(): Shown | undefined;
  watch(watcher: Watcher): () => void;
}

/** A reader further behind than this is sent away: it comes back and gets a whole view. */
const MOST_UNREAD_BYTES = 8 * 1024 * 1024;

/**
 * Server-sent events of one run: `view` when somebody comes and when the run was judged, `tick` each second. The page's
 * `source.ts` reads them. What all readers get is written once.
 *
 * Source: HTML standard, "Server-sent events".
 */
export class Live {
  readonly #viewed: Viewed;
  readonly #readers = new Set<Response>();
  #end: (() => void) | undefined;

  constructor(viewed: Viewed) {
    this.#viewed = viewed;
  }

  follow(_request: Request, response: Response): void {
    response.set("Content-Type", "text/event-stream");
    response.flushHeaders();
    response.write("retry: 1000\n\n");
    const whole = this.#whole();
    if (whole !== undefined) response.write(whole);
    this.#readers.add(response);
    response.once("close", () => this.#forget(response));
    this.#end ??= this.#viewed.watch({
      tick: (tick, standing) => this.#tell({ kind: "tick", tick, standing }),
      ended: () => {
        const view = this.#whole();
        if (view !== undefined) this.#write(view);
      },
    });
  }

  /** Sends everybody home. */
  close(): void {
    for (const reader of this.#readers) reader.end();
  }

  #whole(): string | undefined {
    const shown = this.#viewed.shown();
    return shown === undefined ? undefined : message({ kind: "view", shown, choices: null });
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

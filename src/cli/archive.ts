import { Worker as Thread } from "node:worker_threads";
import { ownFile } from "../own-files.ts";
import type { Answer, Archive, Question } from "../ui/archive.ts";

/** The thread's own program. */
const program = ownFile("cli/archive-thread.ts");

/**
 * Reads run files in a thread of its own, one for each question: the run under way ticks on meanwhile, and what a long run
 * took in memory is given back.
 */
export class ThreadArchive implements Archive {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  ask<Q extends Question>(question: Q): Promise<Answer<Q>> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer<Q>>();
    const thread = new Thread(program, {
      name: "archive",
      workerData: { folder: this.#folder, question },
      execArgv: [],
    });
    // Nobody waits for an answer once all else has ended.
    thread.unref();
    thread.once("message", (answer: Answer<Q>) => resolve(answer));
    thread.once("error", reject);
    thread.once("exit", () => reject(new Error("the archive's thread ended without an answer")));
    return promise;
  }
}

import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker as Thread } from "node:worker_threads";
import { monotonicMs, SystemClock } from "../metrics/clock.ts";
import { ownFile } from "../own-files.ts";
import type { FromWorker, Link, LinkListener, OpenLink, ToWorker } from "./protocol.ts";

/** The worker's own program. */
const program = ownFile("cluster/thread.ts");

/** A thread that has not left by then is stuck in code of the scenario's. */
const LEAVE_MS = 2000;

/** Workers as threads of this process: the end of one is certain, so its share can move at once. */
export class Threads {
  readonly #env: Record<string, string | undefined> | undefined;
  /** Started before they were asked for, by the worker that each is to be. */
  readonly #ahead = new Map<string, ThreadLink>();
  #leaving: Promise<void>[] = [];

  /** `env` is an environment of their own, which their secrets are read from; without it the process's. */
  constructor(env?: Record<string, string | undefined>) {
    this.#env = env;
  }

  /** Starts the first so many workers before there is a plan for them: they load their programs meanwhile. */
  startAhead(workers: number): void {
    for (let n = 0; n < workers; n++) this.#ahead.set(String(n), new ThreadLink(String(n), this.#env));
  }

  /** Lets those go that were started ahead beyond the first so many. */
  keep(workers: number): void {
    for (const link of [...this.#ahead.values()].slice(workers)) {
      this.#ahead.delete(link.worker);
      this.#leaving.push(link.close());
    }
  }

  readonly open: OpenLink = (worker, listener) => {
    const link = this.#ahead.get(worker) ?? new ThreadLink(worker, this.#env);
    this.#ahead.delete(worker);
    link.tell(listener);
    return link;
  };

  /** Resolves when all that were started ahead and not taken have left. */
  async close(): Promise<void> {
    this.keep(0);
    await Promise.all(this.#leaving);
  }
}

class ThreadLink implements Link {
  readonly worker: string;
  readonly #thread: Thread;
  readonly #exited = Promise.withResolvers<void>();
  #reason = "its thread ended";

  constructor(worker: string, env: Record<string, string | undefined> | undefined) {
    this.worker = worker;
    const options = { name: worker, workerData: { worker }, execArgv: [] };
    this.#thread = new Thread(program, env === undefined ? options : { ...options, env: withCompileCache(env) });
    this.#thread.on("error", (error) => {
      this.#reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    this.#thread.on("exit", () => this.#exited.resolve());
  }

  /** Whom it tells what it says. It says nothing before it is sent something. */
  tell(listener: LinkListener): void {
    this.#thread.on("message", (message: FromWorker) => listener.message(this.worker, message));
    void this.#exited.promise.then(() => listener.gone(this.worker, this.#reason));
  }

  send(message: ToWorker): void {
    this.#thread.postMessage(message);
  }

  /** Node can crash when a thread is terminated while it loads modules (nodejs/node#56312): it is asked to go by itself. */
  async close(): Promise<void> {
    this.send({ kind: "leave" });
    const clock = new SystemClock(monotonicMs());
    const late = clock.at(LEAVE_MS, () => void this.#thread.terminate());
    await this.#exited.promise;
    late.cancel();
  }
}

/** A thread keeps its compiled code where the main thread does only if its environment says so; without it, it compiles anew. */
function withCompileCache(env: Record<string, string | undefined>): Record<string, string | undefined> {
  // Node makes a folder for its version in the one that it is given.
  const folder = getCompileCacheDir();
  return folder === undefined ? env : { ...env, NODE_COMPILE_CACHE: dirname(folder) };
}

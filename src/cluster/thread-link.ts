import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker as Thread } from "node:worker_threads";
import { monotonicMs, SystemClock } from "../metrics/clock.ts";
import type { FromWorker, Link, OpenLink, ToWorker } from "./protocol.ts";

/** The worker's own program; the compiled one beside a compiled parent. */
const program = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);

/** A thread that has not left by then is stuck in code of the scenario's. */
const LEAVE_MS = 2000;

/** Workers with an environment of their own, which their secrets are read from; without it the process's. */
export function threads(env?: Record<string, string | undefined>): OpenLink {
  return (worker, listener) => open(worker, listener, env === undefined ? {} : { env });
}

export const openThread = threads();

/** A worker as a thread of this process: its end is certain, so its share can move at once. */
function open(
  worker: string,
  listener: Parameters<OpenLink>[1],
  { env }: { env?: Record<string, string | undefined> },
): Link {
  const options = { name: worker, workerData: { worker }, execArgv: [] };
  const thread = new Thread(program, env === undefined ? options : { ...options, env: withCompileCache(env) });
  let reason = "its thread ended";
  thread.on("message", (message: FromWorker) => listener.message(worker, message));
  thread.on("error", (error) => {
    reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  });
  const exited = Promise.withResolvers<void>();
  thread.on("exit", () => {
    exited.resolve();
    listener.gone(worker, reason);
  });
  const send = (message: ToWorker) => thread.postMessage(message);
  return {
    worker,
    send,
    // Node can crash when a thread is terminated while it loads modules (nodejs/node#56312): it is asked to go by itself.
    close: async () => {
      send({ kind: "leave" });
      const clock = new SystemClock(monotonicMs());
      const late = clock.at(LEAVE_MS, () => void thread.terminate());
      await exited.promise;
      late.cancel();
    },
  };
}

/** A thread keeps its compiled code where the main thread does only if its environment says so; without it, it compiles anew. */
function withCompileCache(env: Record<string, string | undefined>): Record<string, string | undefined> {
  // Node makes a folder for its version in the one that it is given.
  const folder = getCompileCacheDir();
  return folder === undefined ? env : { ...env, NODE_COMPILE_CACHE: dirname(folder) };
}

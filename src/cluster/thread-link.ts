import { Worker as Thread } from "node:worker_threads";
import type { FromWorker, Link, OpenLink } from "./protocol.ts";

/** The worker's own program; the compiled one beside a compiled parent. */
const program = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);

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
  const thread = new Thread(program, env === undefined ? options : { ...options, env });
  let reason = "its thread ended";
  thread.on("message", (message: FromWorker) => listener.message(worker, message));
  thread.on("error", (error) => {
    reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  });
  thread.on("exit", () => listener.gone(worker, reason));
  return {
    worker,
    send: (message) => thread.postMessage(message),
    close: async () => {
      await thread.terminate();
    },
  };
}

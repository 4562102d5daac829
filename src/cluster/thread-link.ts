import { Worker as Thread } from "node:worker_threads";
import type { FromWorker, OpenLink } from "./protocol.ts";

/** The worker's own program; the compiled one beside a compiled parent. */
const program = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);

/** A worker as a thread of this process: its end is certain, so its share can move at once. */
export const openThread: OpenLink = (worker, listener) => {
  const thread = new Thread(program, { name: worker, workerData: { worker }, execArgv: [] });
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
};

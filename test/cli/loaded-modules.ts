/** With `node --import`: writes each module that is loaded to the file LOADED_MODULES, as `main URL` or `worker URL`. */
import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { isMainThread } from "node:worker_threads";

const file = process.env["LOADED_MODULES"] ?? "";
const thread = isMainThread ? "main" : "worker";

registerHooks({
  load: (url, context, next) => {
    appendFileSync(file, `${thread} ${url}\n`);
    return next(url, context);
  },
});

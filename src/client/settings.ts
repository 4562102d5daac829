import { readFileSync } from "node:fs";
import type { HttpPlan } from "../scenario/plan.ts";
import type { Template } from "../scenario/plan-request.ts";
import { compileTemplate, nobody } from "../scenario/template.ts";
import type { HttpOptions } from "./http.ts";
import { readProxy } from "./proxy.ts";

/**
 * How a plan wants HTTP spoken, with what each worker reads for itself: secrets from its environment, the client's key from
 * its file. Throws if that file is gone since the plan was made. `wallAt` gives Unix milliseconds of a moment of the clock.
 */
export function httpOptions(
  { version2, tls, proxy, connectTimeoutMs }: HttpPlan,
  secret: (name: string) => string,
  wallAt: (time: number) => number,
): HttpOptions {
  const fill = (template: Template) => compileTemplate(template)(nobody(secret));
  return {
    wallAt,
    http2: version2,
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
    ...(proxy === undefined ? {} : { proxy: readProxy(fill(proxy.url), proxy.except) }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...tls,
            key: tls.keyFile === undefined ? undefined : readFileSync(tls.keyFile, "utf8"),
            passphrase: tls.passphrase === undefined ? undefined : fill(tls.passphrase),
          },
        }),
  };
}

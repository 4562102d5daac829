import { z } from "zod";
import { customKinds } from "../../metrics/custom.ts";
import { profile } from "./load.ts";
import { file } from "./request.ts";
import { source } from "./source.ts";
import { stepList, user } from "./task.ts";
import { duration, flag, map, named, sendable, text, thresholds } from "./value.ts";

const feedKinds = ["csv", "json", "rows"] as const;

const feed = map("a feed: csv, json or rows", {
  csv: file.optional(),
  json: file.optional(),
  rows: z
    .array(z.looseObject({}, "a row: a map of column names to values"), "a list of rows")
    .min(1, "at least one row")
    .optional(),
  order: z.enum(["sequential", "random", "unique"], "sequential, random or unique").optional(),
  each: z.enum(["user", "iteration"], "user or iteration").optional(),
}).meta({ oneOf: feedKinds.map((kind) => ({ required: [kind] })) });

const traces = map("a map of sample, slowerThan, failed", {
  sample: z
    .union(
      [
        z.string("a share").regex(/^(100(\.0+)?|\d{1,2}(\.\d+)?)%$/u, "a share, such as 1%"),
        z.number("a share").min(0, "a share from 0 to 1, or such as 1%").max(1, "a share from 0 to 1, or such as 1%"),
      ],
      "a share, such as 1%",
    )
    .optional(),
  slowerThan: duration.optional(),
  failed: flag.optional(),
});

const tls = map("a map of ca, cert, key, passphrase, serverName, insecure", {
  ca: file.optional(),
  cert: file.optional(),
  key: file.optional(),
  passphrase: text.optional(),
  serverName: text.optional(),
  insecure: flag.optional(),
}).meta({ dependentRequired: { cert: ["key"], key: ["cert"] } });

const proxyUrl = z.string("a proxy's URL, such as http://proxy:3128");
const proxy = z.union(
  [
    proxyUrl,
    map("a proxy's URL, or a map of url, except", {
      url: proxyUrl,
      except: z.array(text, "a list of hosts, such as localhost or .example.com").optional(),
    }),
  ],
  "a proxy's URL, or a map of url, except",
);

/**
 * What a scenario file may contain: the one definition that validates it (`structure.ts`) and that editors get as a JSON
 * Schema (`json-schema.ts`). A schema's error text is what was expected, for people.
 *
 * It is about shapes. What a text means (a template, a threshold, a reference) is read by `parse.ts`; values in `${…}`
 * are filled in before either looks.
 */
export const definition = map("a scenario: a map with host, users and so on", {
  name: text.optional(),
  host: z.string("the service's URL, such as http://localhost:8000").optional(),
  feeds: named("a map of feed names to feeds", feed).optional(),
  users: named("a map of user classes, with at least one", user, 1).optional(),
  setup: stepList.optional(),
  teardown: stepList.optional(),
  profiles: named("a map of profile names to profiles", profile).optional(),
  watch: named("a map of source names to sources", source).optional(),
  metrics: named(
    "a map of metric names to counter, gauge, rate or trend",
    z.enum(customKinds, `one of ${customKinds.join(", ")}`),
  ).optional(),
  thresholds: thresholds.optional(),
  traces: traces.optional(),
  timings: z.literal("full", "full").optional(),
  http2: flag.optional(),
  tls: tls.optional(),
  proxy: proxy.optional(),
  connectTimeout: duration.optional(),
  labels: named("a map of label names to text", sendable).optional(),
}).meta({ title: "Plimsoll scenario", anyOf: [{ required: ["users"] }, { required: ["watch"] }] });

/** Keys that the language has and this version does not do. */
export const notYet: ReadonlySet<string> = new Set(["code", "cookies", "module"]);

import { type Aggregator, type Counter, OTHER } from "../metrics/aggregator.ts";
import { type CompiledPath, compilePath } from "../scenario/json-path.ts";
import type { Usage } from "../scenario/plan-request.ts";

/** Counts the tokens that a response's document says it has cost. */
export type CountUsage = (document: unknown) => void;

/** A provider has a few; past these a response makes names up. */
const MOST_MODELS = 20;
const LONGEST_NAME = 100;

export function compileUsage({ model, input, output }: Usage, aggregator: Aggregator): CountUsage {
  const modelPath = model.kind === "path" ? compiled(model.value) : undefined;
  const kinds = Object.entries({ input, output }).flatMap(([type, path]) => {
    return path === undefined ? [] : [{ type, path: compiled(path) }];
  });
  const models = new Map<string, Counter[]>();
  const countersOf = (name: string): Counter[] => {
    const known = models.get(name);
    if (known !== undefined) return known;
    if (models.size >= MOST_MODELS && name !== OTHER) return countersOf(OTHER);
    const counters = kinds.map(({ type }) => aggregator.counter("plimsoll_llm_tokens_total", { model: name, type }));
    models.set(name, counters);
    return counters;
  };
  return (document) => {
    const [said] = modelPath?.values(document) ?? [model.value];
    const counters = countersOf(typeof said === "string" ? said.slice(0, LONGEST_NAME) : "unknown");
    for (const [i, { path }] of kinds.entries()) {
      const [tokens] = path.values(document);
      if (typeof tokens === "number" && tokens > 0 && Number.isFinite(tokens)) counters[i]?.add(tokens);
    }
  };
}

function compiled(path: string): CompiledPath {
  const result = compilePath(path);
  if ("problem" in result) throw new Error(`the plan holds a bad JSONPath ${path}: ${result.problem}`);
  return result;
}

import { registerHooks } from "node:module";
import { ownFile } from "../own-files.ts";
import type { TaskFunction } from "./code.ts";
import { type CodeStep, codeOf } from "./flow.ts";
import type { Plan } from "./plan.ts";

/** Whether a scenario of this name is code, not YAML. */
export function isModule(path: string): boolean {
  return /\.[cm]?[jt]s$/iu.test(path);
}

let resolving = false;

/**
 * `import … from "plimsoll"` in a scenario means the Plimsoll that runs it, wherever it is installed: one that is global is
 * found by no look-up of Node's.
 */
function resolvePlimsoll(): void {
  if (resolving) return;
  resolving = true;
  const index = ownFile("index.ts").href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "plimsoll" ? { url: index, shortCircuit: true } : next(specifier, context),
  });
}

/** A module's default export. What it throws while it is loaded is the scenario's. */
export async function loadModule(module: string): Promise<unknown> {
  resolvePlimsoll();
  const { default: value } = (await import(/* @vite-ignore */ module)) as { default?: unknown };
  return value;
}

/** The functions that a plan names, from modules that were loaded. */
export type Code = (module: string, key: string) => TaskFunction;

/** Of a plan that is data alone. */
export const noCode: Code = (module, key) => {
  throw new Error(`the plan names ${key} of ${module}, which was not loaded`);
};

/** All code that a plan names. */
export function codeIn({ loads, setup = [], teardown = [] }: Plan): CodeStep[] {
  const classes = loads.flatMap((one) => one.classes);
  const ofUsers = classes.flatMap(({ start, stop, tasks }) => [start, stop, ...tasks.map(({ steps }) => steps)]);
  return codeOf([setup, teardown, ...ofUsers].flat());
}

/** Loads the modules that a plan names. */
export async function loadCode(plan: Plan): Promise<Code> {
  const modules = new Map<string, unknown>();
  for (const { module } of codeIn(plan)) if (!modules.has(module)) modules.set(module, await loadModule(module));
  return (module, key) => {
    return functionAt(modules.get(module), key);
  };
}

/** The function that a JSON Pointer (RFC 6901) leads to in a scenario. */
export function functionAt(scenario: unknown, pointer: string): TaskFunction {
  const found = pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (within, step) => (typeof within === "object" && within !== null ? Reflect.get(within, step) : undefined),
      scenario,
    );
  if (typeof found !== "function") throw new Error(`the scenario has no function at ${pointer}`);
  return found as TaskFunction;
}

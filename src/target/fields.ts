/** What stands at a path of names in a JSON document; undefined where it is something else than objects. */
export function fieldOf(value: unknown, ...path: string[]): unknown {
  let at: unknown = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

export function numberOf(value: unknown, ...path: string[]): number | undefined {
  const found = fieldOf(value, ...path);
  return typeof found === "number" ? found : undefined;
}

export function textOf(value: unknown, ...path: string[]): string | undefined {
  const found = fieldOf(value, ...path);
  return typeof found === "string" ? found : undefined;
}

/** The items of an array; none where there is something else. */
export function itemsOf(value: unknown, ...path: string[]): unknown[] {
  const found = fieldOf(value, ...path);
  return Array.isArray(found) ? found : [];
}

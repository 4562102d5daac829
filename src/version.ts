import { readFileSync } from "node:fs";

/** From package.json, which is beside src/ as it is beside dist/. */
export function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

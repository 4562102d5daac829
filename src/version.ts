import { readFileSync } from "node:fs";
import { ownFile } from "./own-files.ts";

/** From package.json, which is beside src/ as it is beside dist/. */
export function version(): string {
  const text = readFileSync(ownFile("../package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

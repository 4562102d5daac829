import { readFileSync } from "node:fs";
import { ownFile } from "../own-files.ts";

/** The page as it was built: beside this file in a published package, in `dist` where the sources run unbuilt. */
const places = [ownFile("ui/page/"), ownFile("../dist/ui/page/")];

export interface PageFiles {
  script: string;
  style: string;
}

/** Undefined where the page was not built: `npm ci` does it, and `npm run build:page`. */
export function readPageFiles(): PageFiles | undefined {
  for (const place of places) {
    try {
      const read = (name: string) => readFileSync(new URL(name, place), "utf8");
      return { script: read("page.js"), style: read("page.css") };
    } catch {
      // Not here: the other place may have it.
    }
  }
  return undefined;
}

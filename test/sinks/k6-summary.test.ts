import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { K6Summary } from "../../src/sinks/k6-summary.ts";
import { describeSink } from "./conformance.ts";

describeSink("k6's summary export", () => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-export-"));
  const path = join(folder, "deep", "export.json");
  const counted = () => {
    const { metrics, ...more } = JSON.parse(readFileSync(path, "utf8")) as { metrics: Record<string, unknown> };
    // The least and most that were seen of it.
    const { vus: _, ...counts } = metrics;
    return { counts, ...more };
  };
  return { sink: new K6Summary(path), counted, dispose: () => rmSync(folder, { recursive: true }) };
});

import type { Summary } from "../../src/runs/summary.ts";
import type { Shown } from "../../src/runs/view-sink.ts";
import { longRun } from "./long-run.ts";

/** What a target, or a careless scenario, could say to have a script run; each would set `planted`. */
export const hostile = [
  "<script>planted=1</script>",
  "</script><script>planted=1</script>",
  "<!--<script>planted=1</script>",
  "<img src=x onerror=planted=1>",
  '"><svg onload=planted=1>',
  "' onmouseover='planted=1' x='",
  '" onmouseover="planted=1" x="',
  "<iframe srcdoc='<script>parent.planted=1</script>'></iframe>",
  "<a href=javascript:planted=1>here</a>",
  "javascript:planted=1",
  "</style><style>*{background:url(http://127.0.0.1:9/planted)}</style>",
  "<base href=http://127.0.0.1:9/>",
  "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
  "]]><script>planted=1</script>",
  "\u2028planted=1\u2029//",
  "{{planted=1}}",
  "__proto__",
] as const;

/** Words of ours, which no target writes. */
const ours = new Set(["state", "kind", "level", "operator", "severity", "version", "metric", "subject", "source"]);
/** What is named by a target or a scenario. */
const named = new Set(["errors", "target", "labels", "statuses"]);

/** A run with all of it in every text that is not ours: names, errors, labels, events, verdict, findings. */
export function hostileRun(): { shown: Shown; summary: Summary } {
  const { shown, summary } = longRun(30, 4, 8);
  const evil = hostile.join(" ");
  const poisoned = (value: unknown, key = ""): unknown => {
    if (typeof value === "string") return ours.has(key) ? value : `${value} ${evil}`;
    if (Array.isArray(value)) return value.map((one) => poisoned(one, typeof one === "string" ? key : ""));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([name, one]) => {
      // The last of them cannot be a key of JSON.
      const told = named.has(key) ? `${name} ${evil}` : name;
      return [
        told,
        key === "target" ? { ...(poisoned(one, name) as object), type: "gauge" } : poisoned(one, name),
      ] as const;
    });
    return Object.fromEntries(entries);
  };
  const said = {
    ...summary,
    verdict: { ...summary.verdict, breaches: ["broken"], reasons: ["because"], warnings: ["beware"] },
    findings: [{ claim: "It gave way", severity: "critical", evidence: [] }],
    exceptions: [{ user: "A", task: "b", message: "thrown", traceback: "at", count: 1, first: 0, last: 1 }],
  };
  const { verdict, findings, exceptions } = said;
  const standing = { ...shown.standing, verdict, findings, exceptions };
  return {
    shown: poisoned({ ...shown, standing }) as Shown,
    summary: poisoned(said) as Summary,
  };
}

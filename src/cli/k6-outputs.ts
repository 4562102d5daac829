import type { OutputFlags } from "./output-flags.ts";

/** Where to look instead, by the output's name in k6. */
const instead: Record<string, string> = {
  cloud:
    "there is no cloud of ours: the page, /metrics and the run file are on this machine; --html FILE writes a report to pass on",
  "experimental-prometheus-rw": "Prometheus takes the figures from /metrics: prometheus/prometheus.yml shows the job",
  opentelemetry:
    "Prometheus, or a collector's prometheus receiver, takes the figures from /metrics; traces: in the scenario exports traces",
  influxdb: "let Telegraf's prometheus input take the figures from /metrics",
  statsd: "let an agent take the figures from /metrics",
};

/**
 * What `--out` asks for, in outputs of ours, with a line for people where the form is another one than k6's; or a sentence on
 * what to do instead.
 */
export function k6Output(out: string): { flags: OutputFlags; said?: string } | { problem: string } {
  const at = out.indexOf("=");
  const [name, value] = at < 0 ? [out, ""] : [out.slice(0, at), out.slice(at + 1)];
  if (name === "web-dashboard") return { flags: {}, said: `--out ${name}: the page is served in any case.` };
  if (name === "json" && value !== "") {
    return {
      flags: { summary: value },
      said: `--out ${out}: ${value} is the summary (docs/summary.md), not a line for each sample.`,
    };
  }
  if (name === "csv" && value !== "") {
    const prefix = value.replace(/\.csv(\.gz)?$/, "");
    return {
      flags: { csv: prefix, csvFullHistory: true },
      said: `--out ${out}: ${prefix}_stats_history.csv has a row for each request name each second, not one for each sample.`,
    };
  }
  const what = name === "json" || name === "csv" ? `give it a file: --out ${name}=FILE` : instead[name];
  const others = `Plimsoll has json=FILE, csv=FILE and web-dashboard, and /metrics for everything else`;
  return { problem: `--out ${out}: ${what ?? others}.` };
}

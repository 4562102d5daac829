/** What `/metrics` says of the target, by source and series: `memory_used_bytes{component="a"}`, labels sorted. */
export type TargetMetrics = Map<string, Map<string, number>>;

export async function targetMetrics(url: string): Promise<TargetMetrics> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sources: TargetMetrics = new Map();
  for (const [, metric = "", inBraces = "", value = ""] of text.matchAll(/^target_(\w+)\{(.*)\} (\S+)$/gm)) {
    const labels = [...inBraces.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([whole, name = "", text = ""]) => ({
      whole,
      name,
      text,
    }));
    const source = labels.find(({ name }) => name === "source")?.text ?? "";
    const own = labels
      .filter(({ name }) => !["source", "target"].includes(name))
      .map(({ whole }) => whole)
      .toSorted();
    const series = own.length === 0 ? metric : `${metric}{${own.join(",")}}`;
    const all = sources.get(source) ?? new Map<string, number>();
    sources.set(source, all.set(series, Number(value)));
  }
  return sources;
}

/** How often a source was looked at. */
export function looksAt(metrics: TargetMetrics, source: string): number {
  for (const [series, value] of metrics.get(source) ?? []) if (series.startsWith("scrapes_total{")) return value;
  return 0;
}

/** Whether a source answered at its last look. */
export function isUp(metrics: TargetMetrics, source: string): boolean {
  return [...(metrics.get(source) ?? [])].some(([series, value]) => series.startsWith("up{") && value === 1);
}

import { count, duration, rate, runTime, share } from "../../metrics/units.ts";
import { soFar } from "../../runs/so-far.ts";
import type { RunView } from "../../runs/view.ts";
import type { Shown } from "../../runs/view-sink.ts";

export const states: Record<RunView["state"], string> = {
  running: "running",
  stopping: "stopping",
  passed: "passed",
  failed: "failed",
  stopped: "stopped before its end",
  inconclusive: "inconclusive",
};

interface Figure {
  name: string;
  value: string;
  /** How it looks. */
  tone?: string;
}

/** How a run stands, in one line that stays in sight. */
export function Headline({ shown: { view, standing } }: { shown: Shown }) {
  const { totals } = standing;
  const { run } = view;
  const at = (view.times.at(-1) ?? 0) * 1000;
  const over = standing.verdict !== null;
  const time = run.plannedMs === null || over ? runTime(at) : `${runTime(at)} of ${runTime(run.plannedMs)}`;
  const failed = totals.requests === 0 ? 0 : totals.failures / totals.requests;
  const most = view.load.users.reduce<number>((a, b) => Math.max(a, b ?? 0), 0);
  const limits = soFar(standing);
  const figures: Figure[] = [
    { name: "State", value: states[view.state], tone: `state ${view.state}` },
    ...(over ? [] : [{ name: "Limits", value: limits.short, tone: limits.tone }]),
    { name: "Time", value: time },
    over ? { name: "Users at most", value: count(most) } : { name: "Users", value: count(view.load.users.at(-1) ?? 0) },
    over ? { name: "Mean RPS", value: rate(totals.rate) } : { name: "RPS", value: rate(view.load.rate.at(-1) ?? 0) },
    { name: "p95", value: totals.latency === null ? "–" : duration(totals.latency.p95) },
    { name: "Failed", value: share(failed) },
  ];
  return (
    <dl class="headline">
      {figures.map(({ name, value, tone }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class={tone ?? ""}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

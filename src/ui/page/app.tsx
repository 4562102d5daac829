import type { ComponentChildren } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { count, duration, rate, runTime, share } from "../../metrics/units.ts";
import { type ChartSpec, folded, loadCharts, targetCharts } from "../../runs/charts.ts";
import type { Shown } from "../../runs/view-sink.ts";
import type { Choices } from "../control.ts";
import { Chart } from "./chart.tsx";
import { Compared } from "./comparison.tsx";
import { RunControls, StartForm } from "./controls.tsx";
import { Fetched } from "./fetched.tsx";
import { PastRuns } from "./past-runs.tsx";
import { type Place, Places, usePlace } from "./place.tsx";
import { Failures, Log, Statistics, Target, Thresholds, Workers } from "./tables.tsx";

interface AppProps {
  shown: Shown | undefined;
  /** Null on a page that starts nothing: the report, and a run that was started from the command line. */
  choices: Choices | null;
  /** `live`: the server tells it; `lost`: it did. */
  source: "live" | "lost" | "report";
}

export function App({ shown, choices, source }: AppProps) {
  const [theme, setTheme] = useTheme();
  const place = usePlace();
  const running = isRunning(shown);
  const isReport = source === "report";
  return (
    <>
      <header>
        <h1>
          Plimsoll
          {shown !== undefined && (
            <span>
              {shown.view.run.scenario} <small>{shown.view.run.profile}</small>
            </span>
          )}
        </h1>
        {shown !== undefined && <Headline shown={shown} />}
        {source === "lost" && (
          <p role="status" class="lost">
            The server does not answer. What is shown is the last it said.
          </p>
        )}
        {!isReport && <Places now={place} />}
        <button type="button" onClick={() => setTheme(theme === "dark" ? "light" : "dark")}>
          {theme === "dark" ? "Light" : "Dark"}
        </button>
      </header>
      <main>
        {place.kind === "now" || isReport ? (
          <>
            {choices !== null && !running && <StartForm choices={choices} />}
            {shown !== undefined && !isReport && running && (
              <RunControls key={shown.view.run.id} shown={shown} choices={choices} />
            )}
            {shown !== undefined && <Run shown={shown} theme={theme} />}
            {shown !== undefined && !isReport && <Downloads of={latestFiles(running)} />}
          </>
        ) : (
          <Kept place={place} theme={theme} />
        )}
      </main>
    </>
  );
}

/** Runs that are kept: the list, one of them, or two beside each other. */
function Kept({ place, theme }: { place: Exclude<Place, { kind: "now" }>; theme: string }) {
  switch (place.kind) {
    case "runs":
      return <PastRuns />;
    case "run":
      return (
        <Fetched key={place.id} path={`runs/${encodeURIComponent(place.id)}`}>
          {(shown: Shown) => (
            <>
              <h2 class="title">
                {shown.view.run.scenario} {shown.view.run.profile} <small>{shown.view.run.id}</small>
              </h2>
              <Headline shown={shown} />
              <Run shown={shown} theme={theme} />
              <Downloads of={keptFiles(place.id)} />
            </>
          )}
        </Fetched>
      );
    case "comparison":
      return <Compared before={place.before} after={place.after} />;
  }
}

function isRunning(shown: Shown | undefined): boolean {
  return shown?.view.state === "running" || shown?.view.state === "stopping";
}

function useTheme(): [string, (theme: string) => void] {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const [theme, setTheme] = useState(document.documentElement.dataset["theme"] ?? system);
  // Before the charts' effects, which read its colours.
  useLayoutEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  return [theme, setTheme];
}

const states: Record<string, string> = {
  running: "running",
  stopping: "stopping",
  passed: "passed",
  failed: "failed",
  stopped: "stopped before its end",
  inconclusive: "inconclusive",
};

function Headline({ shown: { view, standing } }: { shown: Shown }) {
  const { totals } = standing;
  const { run } = view;
  const at = (view.times.at(-1) ?? 0) * 1000;
  const time = run.plannedMs === null ? runTime(at) : `${runTime(at)} of ${runTime(run.plannedMs)}`;
  const failed = totals.requests === 0 ? 0 : totals.failures / totals.requests;
  const over = standing.verdict !== null;
  const most = view.load.users.reduce<number>((a, b) => Math.max(a, b ?? 0), 0);
  const figures: [string, string][] = [
    ["Time", time],
    over ? ["Users at most", count(most)] : ["Users", count(view.load.users.at(-1) ?? 0)],
    over ? ["Mean RPS", rate(totals.rate)] : ["RPS", rate(view.load.rate.at(-1) ?? 0)],
    ["p95", totals.latency === null ? "–" : duration(totals.latency.p95)],
    ["Failed", share(failed)],
  ];
  return (
    <dl class="headline">
      <div>
        <dt>State</dt>
        <dd class={`state ${view.state}`}>{states[view.state]}</dd>
      </div>
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Run({ shown, theme }: { shown: Shown; theme: string }) {
  const { view, standing } = shown;
  const draw = (spec: ChartSpec) => <Chart key={spec.id} spec={spec} view={view} theme={theme} />;
  const watched = folded(targetCharts(view));
  return (
    <>
      {standing.verdict !== null && <Verdict shown={shown} />}
      <Findings shown={shown} />
      <Section title="Load">
        <div class="charts">{loadCharts(view).map(draw)}</div>
      </Section>
      <Section title="Target">
        {watched.open.length + watched.more.length === 0 ? (
          <p class="empty">Nothing is watched: add watch: to the scenario.</p>
        ) : (
          <div class="charts">{watched.open.map(draw)}</div>
        )}
        {watched.more.length > 0 && (
          <Fold title={`${watched.more.length} more charts of the target`}>
            <div class="charts">{watched.more.map(draw)}</div>
          </Fold>
        )}
      </Section>
      <Section title="Thresholds">
        <Thresholds standing={standing} />
      </Section>
      <Section title="Statistics">
        <Statistics standing={standing} />
      </Section>
      <Section title="Failures">
        <Failures standing={standing} />
      </Section>
      <Section title="Target in figures">
        <Target standing={standing} />
      </Section>
      {standing.workers.length > 0 && (
        <Section title="Workers">
          <Workers workers={standing.workers} />
        </Section>
      )}
      <Section title="Log">
        <Log view={view} />
      </Section>
    </>
  );
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  const id = title.toLowerCase().replaceAll(" ", "-");
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

function Verdict({ shown: { view, standing } }: { shown: Shown }) {
  const { verdict } = standing;
  if (verdict === null) return null;
  const told = [...verdict.breaches, ...verdict.reasons];
  return (
    <section class={`verdict ${verdict.state}`} aria-labelledby="verdict">
      <h2 id="verdict">The run {verdict.state === "inconclusive" ? "is inconclusive" : states[view.state]}</h2>
      {told.length > 0 && (
        <ul>
          {told.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {verdict.warnings.length > 0 && (
        <>
          <h3>Warnings</h3>
          <ul>
            {verdict.warnings.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Findings({ shown: { standing } }: { shown: Shown }) {
  if (standing.findings.length === 0) return null;
  return (
    <Section title="Findings">
      <ul class="findings">
        {standing.findings.map(({ claim, severity }) => (
          <li key={claim} class={severity}>
            <em>{severity}</em> {claim}
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** What is in it is drawn only where it is open. */
function Fold({ title, children }: { title: string; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {open && children}
    </details>
  );
}

type File = [title: string, path: string];

function latestFiles(running: boolean): File[] {
  return [
    ["Report (HTML)", "/stats/report?download=1"],
    ["Summary (JSON)", "/api/v1/run/summary"],
    ["Requests (CSV)", "/stats/requests/csv"],
    ["History (CSV)", "/stats/requests_full_history/csv"],
    ["Failures (CSV)", "/stats/failures/csv"],
    ["Exceptions (CSV)", "/exceptions/csv"],
    // It is whole when the run has ended.
    ...(running ? [] : [["Run file", "/api/v1/run/file"] satisfies File]),
  ];
}

function keptFiles(id: string): File[] {
  const run = `/api/v1/runs/${encodeURIComponent(id)}`;
  return [
    ["Report (HTML)", `${run}/report?download=1`],
    ["Summary (JSON)", `${run}/summary`],
    ["History (CSV)", `${run}/history.csv`],
    ["Run file", `${run}/file`],
  ];
}

function Downloads({ of }: { of: File[] }) {
  return (
    <Section title="Downloads">
      <ul class="downloads">
        {of.map(([title, path]) => (
          <li key={path}>
            <a href={path} download>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </Section>
  );
}

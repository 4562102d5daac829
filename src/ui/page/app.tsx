import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { soFar } from "../../runs/so-far.ts";
import type { Shown } from "../../runs/view-sink.ts";
import type { Choices } from "../control.ts";
import { Compared } from "./comparison.tsx";
import { RunControls, StartForm } from "./controls.tsx";
import { Fetched } from "./fetched.tsx";
import { Headline } from "./headline.tsx";
import { PastRuns } from "./past-runs.tsx";
import { type Place, Places, usePlace } from "./place.tsx";
import { Run } from "./run.tsx";
import { Section } from "./section.tsx";

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
  const here = place.kind === "now" || isReport;
  useTitle(shown, isReport);
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
        {shown !== undefined && (here || running) && <Headline shown={shown} />}
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
        {here ? (
          <>
            {choices !== null && !running && (
              <StartForm key={shown?.view.run.id} choices={choices} again={shown !== undefined} />
            )}
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

/** What the browser's tab says, for whoever looks at something else meanwhile. */
function useTitle(shown: Shown | undefined, isReport: boolean): void {
  const run = shown?.view.run;
  const state =
    shown === undefined ? "" : shown.standing.verdict === null ? soFar(shown.standing).short : shown.view.state;
  useEffect(() => {
    if (run !== undefined && !isReport) document.title = `${state} – ${run.scenario} – Plimsoll`;
  }, [run, state, isReport]);
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
    <Section title="Downloads" version={of}>
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

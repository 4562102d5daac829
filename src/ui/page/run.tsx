import type { ComponentChildren } from "preact";
import { type ChartSpec, folded, loadCharts, targetCharts } from "../../runs/charts.ts";
import { soFar } from "../../runs/so-far.ts";
import type { Standing } from "../../runs/standing.ts";
import type { Shown } from "../../runs/view-sink.ts";
import { Chart } from "./chart.tsx";
import { Exceptions } from "./exceptions.tsx";
import { states } from "./headline.tsx";
import { Log } from "./log.tsx";
import { Fold, Section } from "./section.tsx";
import { Failures, Statistics, Target, Thresholds, Workers } from "./tables.tsx";

/** All of a run, what decides first: whether it holds, what gave way, then what was seen of load and target. */
export function Run({ shown, theme }: { shown: Shown; theme: string }) {
  const { view, standing } = shown;
  const draw = (spec: ChartSpec) => <Chart key={spec.id} spec={spec} view={view} theme={theme} />;
  const watched = folded(targetCharts(view));
  const section = (title: string, children: ComponentChildren) => (
    <Section title={title} version={view.state}>
      {children}
    </Section>
  );
  return (
    <>
      {standing.verdict === null ? <Limits standing={standing} /> : <Verdict shown={shown} />}
      <Findings standing={standing} />
      {section("Load", <div class="charts">{loadCharts(view).map(draw)}</div>)}
      {section(
        "Target",
        <>
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
        </>,
      )}
      {section("Thresholds", <Thresholds standing={standing} />)}
      {section("Statistics", <Statistics standing={standing} />)}
      {section("Failures", <Failures standing={standing} />)}
      {standing.exceptions.length > 0 && section("Exceptions", <Exceptions standing={standing} />)}
      {section("Target in figures", <Target standing={standing} seconds={view.times.at(-1) ?? 0} />)}
      {standing.workers.length > 0 && section("Workers", <Workers workers={standing.workers} />)}
      {section("Log", <Log view={view} />)}
    </>
  );
}

/** How the limits stand while the run goes on. */
function Limits({ standing }: { standing: Standing }) {
  const { tone, says, lines } = soFar(standing);
  return (
    <section class={`verdict ${tone}`} aria-labelledby="limits">
      <h2 id="limits">{says}</h2>
      <Lines of={lines} />
    </section>
  );
}

function Verdict({ shown: { view, standing } }: { shown: Shown }) {
  const { verdict } = standing;
  if (verdict === null) return null;
  return (
    <section class={`verdict ${verdict.state}`} aria-labelledby="verdict">
      <h2 id="verdict">The run {verdict.state === "inconclusive" ? "is inconclusive" : states[view.state]}</h2>
      <Lines of={[...verdict.breaches, ...verdict.reasons]} />
      {verdict.warnings.length > 0 && (
        <>
          <h3>Warnings</h3>
          <Lines of={verdict.warnings} />
        </>
      )}
    </section>
  );
}

function Lines({ of }: { of: readonly string[] }) {
  if (of.length === 0) return null;
  return (
    <ul>
      {of.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

function Findings({ standing: { findings } }: { standing: Standing }) {
  if (findings.length === 0) return null;
  return (
    <Section title="Findings">
      <ul class="findings">
        {findings.map(({ claim, severity }) => (
          <li key={claim} class={severity}>
            <em>{severity}</em> {claim}
          </li>
        ))}
      </ul>
    </Section>
  );
}

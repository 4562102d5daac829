import { useState } from "preact/hooks";
import { bytes, runTime } from "../../metrics/units.ts";
import type { ListedRun } from "../../runs/run-list.ts";
import { Fetched } from "./fetched.tsx";
import { addressOf } from "./place.tsx";
import { type Column, Table } from "./table.tsx";

/** As the API lists it. */
type PastRun = Omit<ListedRun, "path" | "state"> & { state: ListedRun["state"] | "running" };

/** The runs that are kept; one can be opened, two compared. */
export function PastRuns() {
  return (
    <section aria-labelledby="past-runs">
      <h2 id="past-runs">Past runs</h2>
      <Fetched path="runs">{(runs: PastRun[]) => <List runs={runs} />}</Fetched>
    </section>
  );
}

function List({ runs }: { runs: PastRun[] }) {
  const [chosen, setChosen] = useState<string[]>([]);
  // The third in place of the first: two are compared.
  const choose = (id: string) =>
    setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-2));
  const starts = new Map(runs.map(({ id, startedAt }) => [id, startedAt]));
  const [before, after] = chosen.toSorted((a, b) => (starts.get(a) ?? 0) - (starts.get(b) ?? 0));
  const columns: Column<PastRun>[] = [
    {
      title: "Compare",
      words: true,
      by: ({ id }) => (chosen.includes(id) ? 0 : 1),
      cell: ({ id }) => (
        <input type="checkbox" aria-label={`Compare ${id}`} checked={chosen.includes(id)} onChange={() => choose(id)} />
      ),
    },
    {
      title: "Started",
      by: ({ startedAt }) => startedAt,
      cell: ({ startedAt }) => new Date(startedAt).toLocaleString(),
    },
    {
      title: "Run",
      words: true,
      by: ({ id }) => id,
      cell: ({ id }) => <a href={addressOf({ kind: "run", id })}>{id}</a>,
    },
    { title: "Scenario", words: true, by: ({ scenario }) => scenario, cell: ({ scenario }) => scenario },
    { title: "Profile", words: true, by: ({ profile }) => profile, cell: ({ profile }) => profile },
    {
      title: "State",
      words: true,
      by: ({ state }) => state,
      cell: ({ state }) => <span class={`state ${state}`}>{state}</span>,
    },
    { title: "Duration", by: ({ durationMs }) => durationMs, cell: ({ durationMs }) => runTime(durationMs) },
    { title: "Labels", words: true, by: labelsOf, cell: labelsOf },
    { title: "Size", by: (run) => run.bytes, cell: (run) => bytes(run.bytes) },
  ];
  return (
    <>
      <Table
        caption="Runs that are kept"
        columns={columns}
        rows={runs}
        keyOf={({ id }) => id}
        empty="No run is kept yet."
      />
      {runs.length > 1 && (
        <p role="status">
          {before === undefined || after === undefined ? (
            "Choose two to compare them."
          ) : (
            <a href={addressOf({ kind: "comparison", before, after })}>Compare the two</a>
          )}
        </p>
      )}
    </>
  );
}

function labelsOf({ labels }: PastRun): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

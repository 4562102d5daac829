import { changeOf, metricValue, rate } from "../../metrics/units.ts";
import type { Comparison, Difference } from "../../runs/comparison.ts";
import { Fetched } from "./fetched.tsx";
import { addressOf } from "./place.tsx";
import { type Column, Table } from "./table.tsx";

const verdicts: Difference["verdict"][] = ["worse", "better", "rose", "fell", "unclear", "unknown", "same"];

const looks: Partial<Record<Difference["verdict"], string>> = {
  worse: "bad",
  better: "good",
  rose: "warn",
  fell: "warn",
};

function shown(unit: string): (value: number) => string {
  return unit === "rate" ? rate : (value) => metricValue(unit, value);
}

const columns: Column<Difference>[] = [
  {
    title: "Verdict",
    words: true,
    by: ({ verdict }) => verdicts.indexOf(verdict),
    cell: ({ verdict }) => <span class={looks[verdict] ?? ""}>{verdict}</span>,
  },
  { title: "Of", words: true, by: ({ of }) => of, cell: ({ of }) => of },
  { title: "Figure", words: true, by: ({ figure }) => figure, cell: ({ figure }) => figure },
  { title: "Before", by: ({ before }) => before, cell: ({ unit, before }) => shown(unit)(before) },
  { title: "After", by: ({ after }) => after, cell: ({ unit, after }) => shown(unit)(after) },
  { title: "Change", by: ({ change }) => change, cell: ({ change, relative }) => changeOf(change, relative) },
  {
    title: "95 % confidence",
    by: ({ interval }) => interval?.[0] ?? Number.NEGATIVE_INFINITY,
    cell: ({ interval, relative }) =>
      interval === null ? "–" : interval.map((end) => changeOf(end, relative)).join(" … "),
  },
];

/** What changed between two runs, and what is only noise. */
export function Compared({ before, after }: { before: string; after: string }) {
  const query = new URLSearchParams({ before, after });
  return (
    <section aria-labelledby="comparison">
      <h2 id="comparison">Comparison</h2>
      <p>
        <a href={addressOf({ kind: "run", id: before })}>{before}</a> →{" "}
        <a href={addressOf({ kind: "run", id: after })}>{after}</a>
      </p>
      <Fetched key={query.toString()} path={`comparison?${query}`}>
        {({ differences, remarks }: Comparison) => (
          <>
            {remarks.map((remark) => (
              <p key={remark} class="warn">
                {remark}
              </p>
            ))}
            <Table
              caption="Differences"
              columns={columns}
              rows={differences.toSorted((a, b) => verdicts.indexOf(a.verdict) - verdicts.indexOf(b.verdict))}
              keyOf={({ of, figure }) => `${of}\n${figure}`}
              empty="Nothing that both have can be compared."
            />
          </>
        )}
      </Fetched>
    </section>
  );
}

import { count, runTime } from "../metrics/units.ts";
import type { Summary } from "../runs/summary.ts";
import type { Line } from "./console-screen.ts";

const MOST_MOMENTS = 3;
const MOST_LINES = 6;

/** What there was to see when limits broke: the first moments, and the first lines of each. */
export function evidenceLines({ evidence = [] }: Summary): Line[] {
  const shown = evidence.slice(0, MOST_MOMENTS).flatMap(({ at, thresholds, shown: exhibits }): Line[] => [
    [{ text: `  ${runTime(at * 1000)}  `, style: "dim" }, thresholds.join("; ")],
    ...exhibits.flatMap(({ source, title, lines }): Line[] => {
      // A log ends with what is nearest to the moment; queries and requests begin with the longest.
      const ends = title.includes("log") ? lines.slice(-MOST_LINES) : lines.slice(0, MOST_LINES);
      const more = lines.length - ends.length;
      return [
        [
          {
            text: `        ${source}: ${title}${more > 0 ? ` (${count(more)} more in the JSON summary)` : ""}`,
            style: "dim",
          },
        ],
        ...ends.map((line): Line => [`          ${line}`]),
      ];
    }),
  ]);
  const more = evidence.length - MOST_MOMENTS;
  return more > 0
    ? [...shown, [{ text: `  and ${count(more)} more moments in the JSON summary`, style: "dim" }]]
    : shown;
}

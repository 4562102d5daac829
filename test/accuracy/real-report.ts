import { agrees, isConclusive, isNear, nameOf, type RealResult, realError } from "./real-result.ts";
import { signedPercent } from "./report.ts";

const HEADING = "## Under real load";

/** docs/accuracy.md with its last section, of real load, written anew; the rest is left as it is. */
export function withRealSection(page: string, results: readonly RealResult[]): string {
  const before = page.split(`\n${HEADING}\n`)[0] ?? page;
  return `${before.trimEnd()}\n\n${realSection(results)}`;
}

function realSection(results: readonly RealResult[]): string {
  if (results.length === 0) return `${HEADING}\n\nNot measured yet: \`npm run accuracy -- --real\`.\n`;
  const shown = results.filter(isConclusive);
  const weak = shown.filter(({ weak }) => weak !== "none");
  const controls = shown.filter(({ weak }) => weak === "none");
  const requests = results.reduce((sum, one) => sum + one.requests, 0);
  const doubtful = results.filter((one) => !isConclusive(one));
  return `${HEADING}

Written by \`npm run accuracy -- --real\`: the program as it is run by people, against a [practice target](practice-target.md)
that is started for each cell; ${requests.toLocaleString("en")} requests.
${[...new Set(results.map(({ on }) => on))].join(" ")}

| what | asked | measured |
| --- | --- | --- |
| the right resource named first | all | ${weak.filter((one) => one.named === nameOf(one)).length} of ${weak.length} |
| the load line within ±10 % of the closed form | all | ${weak.filter((one) => isNear(realError(one))).length} of ${weak.length} |
| false alarms on healthy services | 0 | ${controls.filter(({ alarms, named }) => alarms !== "" || named !== "nothing").length} of ${controls.length} |
| real load and virtual time agree | all | ${shown.filter(agrees).length} of ${shown.length} |
| inconclusive, as the generator could not keep up | | ${doubtful.length} of ${results.length} |

Arrivals are even and climb for 41 s to 1.4 of what the sizes say, near that in steps of 7 %; for 66 s where the bucket
of a rate limit has to be emptied first, and for 24 s where nothing is to give way. The limits are p95 < 250 ms, errors < 1 %
and for the queue an oldest job of 500 ms. The closed form is that of the times that the target itself
[measured](practice-target.md#closed-forms) meanwhile. The twin in virtual time has the same sizes and the loads of the table
above; the two agree if both name the same and the line of each is within ±10 % of its own closed form. *Core taken* is the
share of the time for which the target was ready to run and another process had its core.

| weak spot | size | closed form, arrivals/s | load line | error | named first | core taken | in virtual time | agree |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${results.map(row).join("\n")}
${doubtful.map(({ id, doubts }) => `\n${id} is inconclusive: ${doubts}.\n`).join("")}${controls
  .filter(({ alarms }) => alarms !== "")
  .map(({ id, alarms }) => `\nAlarms of ${id}: ${alarms}.\n`)
  .join("")}`;
}

function row(result: RealResult): string {
  const { weak, words, closedForm, line, named, waited, twinNamed, twinError } = result;
  const error = realError(result);
  const told = (value: number | undefined) => {
    if (value === undefined) return "–";
    return Number.isFinite(value) ? signedPercent(value) : "not found";
  };
  const twin = twinError === null ? twinNamed : `${twinNamed}, ${told(twinError)}`;
  const agree = isConclusive(result) ? (agrees(result) ? "yes" : "no") : "inconclusive";
  // A control's line is only the most that was loaded.
  const found = closedForm === null ? "–" : (line?.toFixed(1) ?? "–");
  return `| ${weak} | ${words} | ${closedForm?.toFixed(1) ?? "–"} | ${found} | ${told(error)} | ${named} | ${(100 * waited).toFixed(0)} % | ${twin} | ${agree} |`;
}

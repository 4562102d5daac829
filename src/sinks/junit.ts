import type { Summary, SummaryThreshold } from "../runs/summary.ts";
import { formatLike } from "../verdict/quantity.ts";

/**
 * The verdict as JUnit XML, which every CI server shows: a limit of a threshold is a test case. A broken critical limit is
 * a failure; what could not be judged is an error; a missed target passes and says so in its output.
 *
 * Source: the format that Jenkins's and GitLab's parsers share (testsuites, testsuite, testcase, failure, error).
 */
export function junitXml({ run, verdict, thresholds, totals }: Summary): string {
  const cases = thresholds.map((threshold) => testcase(run.scenario, threshold));
  if (thresholds.length === 0) cases.push(noThresholds(run.scenario, verdict, totals));
  // What is no threshold's fault: stopped, or a generator that could not keep up.
  cases.push(
    ...verdict.reasons.map((reason) => caseOf(run.scenario, "the run can be judged", element("error", reason))),
  );
  const failures = cases.filter((one) => one.includes("<failure")).length;
  const errors = cases.filter((one) => one.includes("<error")).length;
  const seconds = (run.end - run.start).toFixed(3);
  const counts = `tests="${cases.length}" failures="${failures}" errors="${errors}" time="${seconds}"`;
  const at = new Date(run.start * 1000).toISOString().replace(/\.\d+Z$/, "");
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="plimsoll" ${counts}>`,
    `<testsuite name="${escapeXml(`${run.scenario} ${run.profile}`)}" timestamp="${at}" ${counts}>`,
    "<properties>",
    ...Object.entries({ run: run.id, verdict: verdict.state, ...run.labels }).map(
      ([name, value]) => `<property name="${escapeXml(name)}" value="${escapeXml(value)}"/>`,
    ),
    "</properties>",
    ...cases,
    "</testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testcase(scenario: string, threshold: SummaryThreshold): string {
  const { expression, level, state, reason } = threshold;
  return caseOf(scenario, `${expression} (${level})`, outcome());

  function outcome(): string {
    if (state === "ok") return "";
    const told = state === "broken" ? inWords(threshold) : (reason ?? "no answer");
    if (level === "target") return `<system-out>${escapeXml(told)}</system-out>`;
    return element(state === "broken" ? "failure" : "error", told);
  }
}

/** Without thresholds any failed request fails the run. */
function noThresholds(scenario: string, verdict: Summary["verdict"], { failures }: Summary["totals"]): string {
  const told = failures === 0 ? "" : element("failure", verdict.breaches[0] ?? `${failures} requests failed`);
  return caseOf(scenario, "no request fails", told);
}

function caseOf(scenario: string, name: string, inside: string): string {
  return `<testcase classname="${escapeXml(scenario)}" name="${escapeXml(name)}">${inside}</testcase>`;
}

function element(name: "failure" | "error", message: string): string {
  return `<${name} message="${escapeXml(message)}"/>`;
}

function inWords({ value, limit, series }: SummaryThreshold): string {
  const measured = value === null ? "unknown" : formatLike(value, limit);
  return `was ${measured}${series === undefined ? "" : ` in ${series}`}, limit ${limit.operator} ${limit.text}`;
}

/** XML 1.0 has no way to write most control characters, so they are left out. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "")
    .replace(/[&<>"\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

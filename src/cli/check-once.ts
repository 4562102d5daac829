import { HttpClient } from "../client/http.ts";
import { httpOptions } from "../client/settings.ts";
import { Once, type OnceResult } from "../load/once.ts";
import { type Rehearsed, rehearse, shown } from "../load/rehearsal.ts";
import { monotonicMs, SystemClock } from "../metrics/clock.ts";
import { seriesName } from "../metrics/observation.ts";
import { duration, metricValue } from "../metrics/units.ts";
import type { Prepared } from "../prepare.ts";
import { loadCode } from "../scenario/module.ts";
import type { Source } from "../scenario/plan-source.ts";
import { Secrets, secretNames } from "../scenario/secrets.ts";
import { type Line, Screen } from "../sinks/console-screen.ts";
import { CollectError } from "../target/collect-error.ts";
import { createCollector } from "../target/collector.ts";
import { type Io, wantsColor } from "./io.ts";

/** A scenario shows in these what a source gives; the rest is counted. */
const MOST_METRICS = 12;
const FAILED = 99;

/** Each source once, setup, each task once, teardown: told as it goes on. 0 if nothing failed, else 99. */
export async function checkOnce(io: Io, { plan, feeds }: Prepared): Promise<number> {
  const screen = new Screen(io.stdout, { color: wantsColor(io) });
  const clock = new SystemClock(monotonicMs());
  const secrets = new Secrets((name) => io.environment[name] ?? "");
  for (const name of secretNames(plan)) secrets.value(name);
  const secret = (name: string) => secrets.value(name);
  const redact = (text: string) => secrets.redact(text);
  const wallAt = (time: number) => plan.startedAt + time;
  const client = new HttpClient(clock, httpOptions(plan.http, secret, wallAt));
  const code = await loadCode(plan);
  let failures = 0;
  const say = (good: boolean, ...line: Line) => {
    if (!good) failures++;
    screen.print([{ text: `    ${good ? "✓" : "✗"} `, style: good ? "green" : "red" }, ...line]);
  };
  const head = (text: string) => screen.print([{ text: `  ${text}`, style: "bold" }]);

  if (plan.sources.length > 0) head("Sources");
  for (const source of plan.sources) say(...(await look(source)));

  let variables: OnceResult["variables"] = [];
  const isSetUp = await once("setup");
  if (isSetUp) {
    let at = "";
    const tell = (step: Rehearsed) => {
      const place = `${step.user} › ${step.task}`;
      if (place !== at) head(place);
      at = place;
      say(step.failure === undefined, ...stepLine(step));
    };
    await rehearse({ plan, provisions: { feeds, variables }, clock, client, code, secret, wallAt, tell });
  }
  await once("teardown");
  screen.print(
    [],
    [failures === 0 ? { text: "✓ all held", style: "green" } : { text: `✗ ${failures} failed`, style: "red" }],
    [],
  );
  return failures === 0 ? 0 : FAILED;

  async function once(name: "setup" | "teardown"): Promise<boolean> {
    const { [name]: steps, seed, metrics = [] } = plan;
    if (steps === undefined) return true;
    head(name);
    const userAgent = `plimsoll/${plan.version}`;
    const before = new Set(variables.map(([variable]) => variable));
    const result = await new Once({
      name,
      steps,
      variables,
      seed,
      userAgent,
      clock,
      client,
      code,
      metrics,
      secret,
      wallAt,
    }).run();
    variables = result.variables;
    const captured = variables
      .filter(([variable]) => !before.has(variable))
      .map(([variable, value]): [string, string] => [variable, shown(variable, value, redact)]);
    const requests = `${result.requests} ${result.requests === 1 ? "request" : "requests"}`;
    const { failure } = result;
    say(
      failure === undefined,
      requests,
      dim(`  ${duration(result.tookMs / 1000)}`),
      ...capturedIn(captured),
      failure === undefined ? "" : `  ${failure}`,
    );
    return failure === undefined;
  }

  async function look(source: Source): Promise<[boolean, ...Line]> {
    const lacking: string[] = [];
    const collector = createCollector(source, {
      clock,
      wallAt,
      secret,
      onEvent: ({ message }) => lacking.push(message),
    });
    const over = new AbortController();
    const timer = clock.at(clock.now() + source.timeoutMs, () => over.abort());
    try {
      const found = await collector.collect(over.signal);
      const told = found.map(
        ({ metric, labels, value }) => `${seriesName(metric, labels)} ${metricValue(metric, value)}`,
      );
      const more = told.length - MOST_METRICS;
      const list = [...told.slice(0, MOST_METRICS), ...(more > 0 ? [`and ${more} more`] : []), ...lacking];
      return [true, source.name, dim(`  ${source.kind}`), `  ${redact(list.join("; ") || "nothing that is known")}`];
    } catch (error) {
      if (!(error instanceof CollectError)) throw error;
      return [false, source.name, dim(`  ${source.kind}`), `  ${error.reason}: ${redact(error.message)}`];
    } finally {
      timer.cancel();
      await collector.close();
    }
  }
}

function stepLine({ request, status, tookMs, expected, captured, failure }: Rehearsed): Line {
  return [
    request,
    ...(status === undefined ? [] : [`  ${status}`]),
    ...(tookMs === undefined ? [] : [dim(`  ${duration(tookMs / 1000)}`)]),
    ...(failure === undefined ? [dim(expected.length === 0 ? "" : `  ${expected.join("; ")}`)] : [`  ${failure}`]),
    ...capturedIn(captured),
  ];
}

function capturedIn(captured: readonly [string, string][]): Line {
  return captured.length === 0
    ? []
    : [`  captured ${captured.map(([name, value]) => `${name} = ${value}`).join(", ")}`];
}

function dim(text: string) {
  return { text, style: "dim" } as const;
}

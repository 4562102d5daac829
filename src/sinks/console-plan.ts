import { count, duration } from "../metrics/units.ts";
import { requestsOf } from "../scenario/flow.ts";
import type { Plan, Task, UserClass, Wait } from "../scenario/plan.ts";
import type { Template, TemplatePart } from "../scenario/plan-request.ts";
import type { Source } from "../scenario/plan-source.ts";
import { loadsInWords } from "./console-load.ts";
import { type ConsoleOptions, type ConsoleOutput, type Line, Screen } from "./console-screen.ts";
import { type Cell, table } from "./console-table.ts";

/** A secret of a scenario, by the name of its variable. */
export interface NamedSecret {
  name: string;
  isSet: boolean;
}

/** Prints what plans of one scenario would do: a plan is one of its profiles. */
export function printPlans(
  plans: readonly Plan[],
  secrets: readonly NamedSecret[],
  out: ConsoleOutput,
  options: ConsoleOptions = {},
): void {
  const screen = new Screen(out, options);
  const [first] = plans;
  if (first === undefined) return;
  const { width } = screen;
  const classes = new Map(
    plans.flatMap(({ loads }) => loads.flatMap((load) => load.classes)).map((one) => [one.name, one]),
  );
  const feeds = new Map(plans.flatMap((plan) => plan.feeds ?? []).map((feed) => [feed.name, feed]));
  screen.print(
    [],
    [
      { text: first.scenario, style: "bold" },
      { text: first.target === "" ? "" : `  ${first.target}`, style: "dim" },
    ],
    ...section("Profiles", table(plain(2), plans.flatMap(profileRows), width)),
    ...section(
      "User classes",
      [...classes.values()].flatMap((one) => classLines(one, width)),
    ),
    ...section("Before and after", onceLines(first)),
    ...section(
      "Feeds",
      table(
        plain(3),
        [...feeds.values()].map(({ name, rows, columns, order }) => [
          name,
          `${count(rows)} ${rows === 1 ? "row" : "rows"}, ${order}`,
          columns.join(", "),
        ]),
        width,
      ),
    ),
    ...section("Sources", table(plain(4), first.sources.map(sourceRow), width)),
    ...section("Thresholds", thresholdLines(plans)),
    ...section(
      "Secrets",
      table(
        plain(2),
        secrets.map(({ name, isSet }): Cell[] => [name, isSet ? "set" : { text: "not set", style: "yellow" }]),
        width,
      ),
    ),
    [],
  );
}

function section(title: string, lines: readonly Line[]): Line[] {
  return lines.length === 0 ? [] : [[], [{ text: title, style: "bold" }], ...lines];
}

function plain(columns: number) {
  return Array.from({ length: columns }, () => ({ title: "", align: "left" as const }));
}

function profileRows(plan: Plan): Cell[][] {
  const words = plan.watchMs === undefined ? loadsInWords(plan) : ["no load: the target is watched alone"];
  return words.map((line, i) => [i === 0 ? plan.profile : "", line]);
}

function classLines(
  { name, weight, fixedCount, wait, tasks, start, stop, sequence }: UserClass,
  width: number,
): Line[] {
  const about = [
    fixedCount === undefined ? `weight ${weight}` : `exactly ${fixedCount}`,
    waitInWords(wait),
    ...(start.length > 0 ? [`start: ${inShort({ steps: start })}`] : []),
    ...(stop.length > 0 ? [`stop: ${inShort({ steps: stop })}`] : []),
    ...(sequence === undefined ? [] : ["in sequence"]),
  ];
  const whole = tasks.reduce((sum, task) => sum + task.weight, 0);
  const rows = tasks.map((task): Cell[] => [
    `  ${String(task.weight)}`,
    { text: sequence === undefined ? `${((task.weight / whole) * 100).toFixed(0)} %` : "", style: "dim" },
    task.name,
    { text: inShort(task), style: "dim" },
  ]);
  return [[`  ${name}`, { text: `  ${about.join(", ")}`, style: "dim" }], ...table(plain(4), rows, width)];
}

function inShort({ steps }: Pick<Task, "steps">): string {
  const requests = requestsOf(steps).map(
    ({ method, url }) => `${method} ${templateText(url).replace(/^https?:\/\/[^/]*/, "")}`,
  );
  return requests.length === 0 ? "code" : requests.join("; ");
}

function onceLines({ setup = [], teardown = [] }: Plan): Line[] {
  return [
    ...(setup.length > 0 ? [[`  setup     ${inShort({ steps: setup })}`]] : []),
    ...(teardown.length > 0 ? [[`  teardown  ${inShort({ steps: teardown })}`]] : []),
  ];
}

function waitInWords(wait: Wait): string {
  const time = (ms: number) => duration(ms / 1000);
  switch (wait.kind) {
    case "uniform":
      if (wait.maxMs === 0) return "no wait";
      return wait.minMs === wait.maxMs
        ? `waits ${time(wait.minMs)}`
        : `waits ${time(wait.minMs)} to ${time(wait.maxMs)}`;
    case "poisson":
      return `waits ${time(wait.meanMs)} on average`;
    case "pace":
      return `a task each ${time(wait.everyMs)}`;
  }
}

function sourceRow(source: Source): Cell[] {
  const where = "url" in source ? templateText(source.url) : "";
  return [source.name, source.kind, where, `every ${duration(source.everyMs / 1000)}`];
}

/** Those that hold for every profile, then each profile's own. */
function thresholdLines(plans: readonly Plan[]): Line[] {
  const of = (plan: Plan) => plan.thresholds.map(({ expression }) => expression);
  const [first, ...more] = plans;
  if (first === undefined) return [];
  const all = of(first).filter((one) => more.every((plan) => of(plan).includes(one)));
  const some = new Set(plans.flatMap(of).filter((one) => !all.includes(one)));
  const own = [...some].map((one): Line => {
    const where = plans.filter((plan) => of(plan).includes(one)).map(({ profile }) => profile);
    return [`  ${one}`, { text: `  in ${where.join(", ")}`, style: "dim" }];
  });
  const none = first.thresholds.length + own.length === 0;
  return none ? [["  none: any failed request fails the run"]] : [...all.map((one): Line => [`  ${one}`]), ...own];
}

/** As it was written, its secrets by name. */
function templateText(template: Template): string {
  return typeof template === "string" ? template : template.map(partText).join("");
}

function partText(part: TemplatePart): string {
  if (typeof part === "string") return part;
  switch (part.kind) {
    case "variable":
      return `{{ ${part.path.join(".")} }}`;
    case "call":
      return `{{ ${part.name}(${part.args.join(", ")}) }}`;
    case "secret":
      return `$${part.name}`;
    default:
      return "{{ … }}";
  }
}

import { count, duration } from "../metrics/units.ts";
import { endOfLoads, endOfPlan, type Load, type Plan, type SearchPlan, UNTIL_STOPPED_MS } from "../scenario/plan.ts";

const MOST_STAGES = 4;

/** How long the run is to take, in milliseconds; 0 for one that goes on until it is stopped. */
export function plannedMs(plan: Plan): number {
  const end = endOfPlan(plan);
  return end >= UNTIL_STOPPED_MS ? 0 : end;
}

/** A line for each load, `100 users within 10 s, held for 5 min`; of several each tells its classes. And the warm-up. */
export function loadsInWords({ loads, warmUpMs, search }: Plan): string[] {
  if (search !== undefined) return [searchInWords(search, endOfLoads(loads))];
  const lines = loads.map(({ load, classes, startMs }) => {
    const which = [
      ...(loads.length > 1 ? classes.map(({ name }) => name) : []),
      ...(startMs > 0 ? [`after ${time(startMs)}`] : []),
    ];
    return which.length > 0 ? `${which.join(", ")}: ${loadInWords(load)}` : loadInWords(load);
  });
  return warmUpMs > 0 ? [...lines, `the first ${time(warmUpMs)} warm up, and count in no threshold`] : lines;
}

function searchInWords({ kind, from, upTo, precision, forMs }: SearchPlan, endMs: number): string {
  const load = (value: number) => (kind === "users" ? usersIn(value) : `${count(value)} arrivals/s`);
  const within = `to ${Number((precision * 100).toPrecision(3))} %, in ${time(endMs)} at most`;
  return `searched from ${load(from)} up to ${load(upTo)}, each tried for about ${time(forMs)}; ${within}`;
}

function loadInWords(load: Load): string {
  switch (load.kind) {
    case "users":
      return stagesInWords(
        load.stages.map(({ users, ...times }) => ({ level: users, ...times })),
        usersIn,
      );
    case "arrivals": {
      const spacing = load.spacing === "poisson" ? ", at random (Poisson)" : "";
      const levels = load.stages.map(({ perSecond, ...times }) => ({ level: perSecond, ...times }));
      return `${stagesInWords(levels, rateIn(levels))}${spacing}, at most ${usersIn(load.maxUsers)}`;
    }
    case "iterations": {
      const { users, iterations, per, maxMs } = load;
      const by = users === 1 ? "by" : per === "run" ? "shared by" : "by each of";
      const what = `${count(iterations)} ${iterations === 1 ? "iteration" : "iterations"} ${by} ${usersIn(users)}`;
      return `${what}, for at most ${time(maxMs)}`;
    }
  }
}

/** How high the load is, in users or arrivals a second. */
interface Level {
  level: number;
  overMs: number;
  forMs: number;
}

type InWords = (level: number, bare?: "bare") => string;

function stagesInWords(stages: Level[], inWords: InWords): string {
  const steps = stepsInWords(stages, inWords);
  if (steps !== undefined) return steps;
  const lasting = stages.flatMap((stage, i) => {
    const before = stages[i - 1];
    // A stage of no length is where the ramp after it comes from.
    const from = before !== undefined && lengthOf(before) === 0 ? `${inWords(before.level, "bare")} → ` : "";
    return lengthOf(stage) === 0 ? [] : [from + stageInWords(stage, inWords)];
  });
  const shown = lasting.slice(0, MOST_STAGES);
  const more = lasting.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more ${more === 1 ? "stage" : "stages"}`] : [])].join("; ");
}

function lengthOf({ overMs, forMs }: Level): number {
  return overMs + forMs;
}

function stageInWords({ level, overMs, forMs }: Level, inWords: InWords): string {
  const what = inWords(level);
  if (overMs === 0) return forMs >= UNTIL_STOPPED_MS ? `${what} until stopped` : `${what} for ${time(forMs)}`;
  const reached = `${what} within ${time(overMs)}`;
  if (forMs === 0) return reached;
  return forMs >= UNTIL_STOPPED_MS ? `${reached}, until stopped` : `${reached}, held for ${time(forMs)}`;
}

/** `10 → 100 users in 10 steps of 1 min`, if that is what they are. */
function stepsInWords(stages: Level[], inWords: InWords): string | undefined {
  const [first, second] = stages;
  const last = stages.at(-1);
  if (first === undefined || second === undefined || last === undefined || stages.length < 3) return undefined;
  const { overMs, forMs } = first;
  const by = second.level - first.level;
  const even = stages.every((stage, i) => {
    const expected = first.level + i * by;
    const close = Math.abs(stage.level - expected) <= Math.abs(by) * 1e-6;
    return close && stage.overMs === overMs && stage.forMs === forMs;
  });
  if (!even || by === 0 || forMs === 0) return undefined;
  const range = `${inWords(first.level, "bare")} → ${inWords(last.level)}`;
  const reached = overMs > 0 ? `, each reached within ${time(overMs)}` : "";
  return `${range} in ${stages.length} steps of ${time(forMs)}${reached}`;
}

function usersIn(users: number, bare?: "bare"): string {
  return bare === undefined ? `${count(users)} ${users === 1 ? "user" : "users"}` : count(users);
}

/** By the second; or by the minute or the hour, if that makes all of them short numbers: 80/min, not 1.33/s. */
function rateIn(stages: Level[]): InWords {
  const units = [
    { unit: "s", seconds: 1 },
    { unit: "min", seconds: 60 },
    { unit: "h", seconds: 3600 },
  ] as const;
  const fits = ({ seconds }: { seconds: number }) => stages.every(({ level }) => isShort(level * seconds));
  const { unit, seconds } = units.find(fits) ?? units[0];
  return (level, bare) => {
    const value = level * seconds;
    const number = isWhole(value) ? count(value) : String(Number(value.toPrecision(3)));
    return bare === undefined ? `${number} ${number === "1" ? "arrival" : "arrivals"}/${unit}` : number;
  };
}

/** Three digits say it all, but for what rounding did to it. */
function isShort(value: number): boolean {
  return isWhole(value) || (value >= 0.1 && Math.abs(Number(value.toPrecision(3)) - value) < 1e-6);
}

function isWhole(value: number): boolean {
  return Math.abs(value - Math.round(value)) < 1e-6;
}

function time(ms: number): string {
  return duration(ms / 1000);
}

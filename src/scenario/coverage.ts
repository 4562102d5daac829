import type { Threshold } from "../verdict/threshold.ts";
import { type Flow, requestsOf } from "./flow.ts";

interface Request {
  kind: "request";
  name: string;
  method: string;
}

/** A user class, its host known or not. */
interface Class {
  name: string;
  tags?: string[];
  start: Flow<Request>[];
  stop: Flow<Request>[];
  tasks: { name: string; tags?: string[]; steps: Flow<Request>[] }[];
}

/**
 * The thresholds that a run can say something about: without those of the client whose labels name only what the run was
 * told to leave out, such as a task of another user class. What is in none of the scenario's classes stays: labels that
 * together name nothing must not pass.
 */
export function coveredBy(thresholds: Threshold[], driven: readonly Class[], all: readonly Class[]): Threshold[] {
  const [here, anywhere] = [seriesOf(driven), seriesOf(all)];
  return thresholds.filter((threshold) => {
    if (threshold.subject !== "client") return true;
    return here.some((series) => matches(threshold, series)) || !anywhere.some((series) => matches(threshold, series));
  });
}

interface Series {
  user: string;
  task: string;
  request: string;
  method: string;
  tags: string[];
}

function seriesOf(classes: readonly Class[]): Series[] {
  return classes.flatMap(({ name: user, tags = [], start, stop, tasks }) =>
    [{ name: "start", tags, steps: start }, { name: "stop", tags, steps: stop }, ...tasks].flatMap((task) =>
      requestsOf(task.steps).map(({ name: request, method }) => {
        return { user, task: task.name, request, method, tags: task.tags ?? [] };
      }),
    ),
  );
}

/** Only by the labels that are known beforehand: not by the outcome. */
function matches({ filters }: Threshold, { tags, ...series }: Series): boolean {
  return Object.entries(filters).every(([label, value]) => {
    if (label === "tag") return tags.includes(value);
    return !Object.hasOwn(series, label) || series[label as keyof typeof series] === value;
  });
}

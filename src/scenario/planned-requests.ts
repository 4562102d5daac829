import { type Flow, requestsOf } from "./flow.ts";

interface Request {
  kind: "request";
  name: string;
  method: string;
}

interface Task {
  name: string;
  tags?: string[];
  steps: Flow<Request>[];
}

/** A user class, its host known or not. */
export interface Class {
  name: string;
  tags?: string[];
  start: Flow<Request>[];
  stop: Flow<Request>[];
  tasks: Task[];
}

/** One request of a task, as thresholds tell them apart. What code sends is not known beforehand. */
export interface PlannedRequest {
  user: string;
  task: string;
  request: string;
  method: string;
  tags: readonly string[];
}

/** What a class's users do: also at their start and at their end. */
export function allTasks({ tags = [], start, stop, tasks }: Class): Task[] {
  return [{ name: "start", tags, steps: start }, { name: "stop", tags, steps: stop }, ...tasks];
}

export function plannedRequests(classes: readonly Class[]): PlannedRequest[] {
  return classes.flatMap((one) =>
    allTasks(one).flatMap(({ name: task, tags = [], steps }) =>
      requestsOf(steps).map(({ name: request, method }) => ({ user: one.name, task, request, method, tags })),
    ),
  );
}

/** Whether a threshold's labels can mean it: only those count that are known beforehand, not the outcome. */
export function isSelected({ tags, ...planned }: PlannedRequest, filters: Readonly<Record<string, string>>): boolean {
  return Object.entries(filters).every(([label, value]) => {
    if (label === "tag") return tags.includes(value);
    return !Object.hasOwn(planned, label) || planned[label as keyof typeof planned] === value;
  });
}

import { userSequence } from "../load/share.ts";
import { usersOf } from "../load/stages.ts";
import type { Plan, UserClass } from "../scenario/plan.ts";

interface Ratio {
  ratio: number;
  tasks?: Record<string, Ratio>;
}

/** `--show-task-ratio`: how often each task runs, of its class and of all. */
export function printTaskRatio(plan: Plan): string {
  const lines = (ratios: Record<string, Ratio>, level = 0): string[] =>
    Object.entries(ratios).flatMap(([name, { ratio, tasks = {} }]) => {
      const indent = "  ".repeat(level);
      const share = `${indent}${(ratio * 100).toFixed(1).padEnd(6)}`;
      return [` ${share.padEnd(10)} ${`${indent}${name}`.padEnd(50)}`.trimEnd(), ...lines(tasks, level + 1)];
    });
  const rule = "-".repeat(80);
  const { per_class, total } = ratiosOf(plan);
  return [
    "",
    " Task ratio per User class",
    rule,
    ...lines(per_class),
    "",
    " Total task ratio",
    rule,
    ...lines(total),
    "",
  ].join("\n");
}

/** `--show-task-ratio-json`. */
export function taskRatioJson(plan: Plan): string {
  return `${JSON.stringify(ratiosOf(plan), null, 4)}\n`;
}

/** Locust's `/tasks`. */
export function ratiosOf({ loads }: Plan): { per_class: Record<string, Ratio>; total: Record<string, Ratio> } {
  const users = new Map<UserClass, number>();
  for (const { load, classes } of loads) {
    const { classOf } = userSequence(classes);
    // Whole cycles of the weights, where the load alone would be too short to show them.
    const all = classes.reduce((sum, { weight, fixedCount }) => sum + (fixedCount ?? weight), 0);
    const n = Math.max(usersOf(load), Math.ceil(all));
    for (let user = 0; user < n; user++) {
      const one = classes[classOf(user)];
      if (one !== undefined) users.set(one, (users.get(one) ?? 0) + 1);
    }
  }
  const sum = [...users.values()].reduce((total, count) => total + count, 0);
  const classes = loads.flatMap((load) => load.classes);
  const ratios = (of: "class" | "all") =>
    Object.fromEntries(
      classes.map((one): [string, Ratio] => {
        const ratio = (users.get(one) ?? 0) / sum;
        return [one.name, { ratio, tasks: taskRatios(one, of === "all" ? ratio : 1) }];
      }),
    );
  return { per_class: ratios("class"), total: ratios("all") };
}

function taskRatios({ tasks }: UserClass, whole: number): Record<string, Ratio> {
  const sum = tasks.reduce((total, { weight }) => total + weight, 0);
  return Object.fromEntries(tasks.map(({ name, weight }) => [name, { ratio: (weight / sum) * whole }]));
}

import type { UserClass, Wait } from "../scenario/plan.ts";
import { compileProgram, type Program } from "./program.ts";
import type { Random } from "./random.ts";
import type { Compiling } from "./request.ts";

/** A user class of the Plan, made runnable: what a user does at each turn is a call, with nothing left to look up. */
export interface CompiledClass {
  name: string;
  wait: Wait;
  start: Program;
  stop: Program;
  /** The task of a user's n-th iteration: by weight, or the next of the sequence. */
  pick(random: Random, turn: number): Program;
}

export function compileClass(userClass: UserClass, compiling: Compiling): CompiledClass {
  const { name: user, wait, start, stop, sequence } = userClass;
  const tasks = userClass.tasks.map(({ name, weight, steps }) => ({
    name,
    weight,
    program: compileProgram(steps, { user, task: name }, compiling, compiling.iterationTimes),
  }));
  const inOrder = sequence?.flatMap((name) => tasks.filter((task) => task.name === name));
  return {
    name: user,
    wait,
    start: compileProgram(start, { user, task: "start" }, compiling),
    stop: compileProgram(stop, { user, task: "stop" }, compiling),
    pick: inOrder === undefined ? byWeight(tasks) : (_, turn) => (inOrder[turn % inOrder.length] as Choice).program,
  };
}

interface Choice {
  weight: number;
  program: Program;
}

function byWeight(choices: Choice[]): CompiledClass["pick"] {
  let total = 0;
  const ends = choices.map(({ weight }) => {
    total += weight;
    return total;
  });
  return (random) => {
    const point = random() * total;
    let index = 0;
    while (index < ends.length - 1 && point >= (ends[index] as number)) index++;
    return (choices[index] as Choice).program;
  };
}

import type { Histogram } from "../metrics/histogram.ts";
import { type Flow, MOST_ROUNDS } from "../scenario/flow.ts";
import type { Step } from "../scenario/plan.ts";
import type { RequestStep } from "../scenario/plan-request.ts";
import { compileCondition, compileJson, type Scope } from "../scenario/template.ts";
import { type CompiledCode, compileCode } from "./code.ts";
import { type CompiledRequest, type Compiling, compileRequest, type Owner } from "./request.ts";

/**
 * Steps as a flat list that a user walks in one loop: loops and conditions are jumps, so that a task without them costs
 * nothing for their being there, and one with them no further async function.
 */
export interface Program {
  owner: Owner;
  instructions: Instruction[];
  /** How many values the user keeps while it walks. */
  slots: number;
  /** Ends what the program left open, because a step failed. */
  abandon(slots: Slots, now: number): void;
}

export type Instruction =
  | CompiledRequest
  | CompiledCode
  | { kind: "think"; minMs: number; maxMs: number }
  | { kind: "parallel"; requests: CompiledRequest[] }
  /** Gives the place of the next instruction. Throws a FlowError if what it should go by is not there. */
  | { kind: "jump"; next(scope: Scope, slots: Slots, now: number): number };

/** Rounds of loops, lists and start times, by number. */
export type Slots = unknown[];

/** Steps cannot go on as they are written. The task has failed then. */
export class FlowError extends Error {
  override readonly name = "FlowError";
}

/** Of programs that need none. */
export const noSlots: Slots = [];
/** The program of no steps. */
export const nothing: Program = { owner: { user: "", task: "" }, instructions: [], slots: 0, abandon: () => {} };

/** `times`: how long the whole takes goes there, whether it fails or not. */
export function compileProgram(
  steps: readonly Step[],
  owner: Owner,
  compiling: Compiling,
  times?: Histogram | undefined,
): Program {
  return new ProgramCompiler(owner, compiling).compile(steps, times);
}

interface Group {
  slot: number;
  failure: Histogram;
}

class ProgramCompiler {
  readonly #owner: Owner;
  readonly #compiling: Compiling;
  readonly #instructions: Instruction[] = [];
  readonly #groups: Group[] = [];
  /** Names of the groups around. */
  #path: string[] = [];
  #slots = 0;

  constructor(owner: Owner, compiling: Compiling) {
    this.#owner = owner;
    this.#compiling = compiling;
  }

  compile(steps: readonly Step[], times: Histogram | undefined): Program {
    if (times === undefined) this.#steps(steps);
    else this.#timed(times, times, () => this.#steps(steps));
    const groups = this.#groups;
    return {
      owner: this.#owner,
      instructions: this.#instructions,
      slots: this.#slots,
      abandon(slots, now) {
        for (const { slot, failure } of groups) {
          const since = slots[slot];
          if (typeof since === "number") failure.record((now - since) / 1000);
        }
      },
    };
  }

  get #here(): number {
    return this.#instructions.length;
  }

  #steps(steps: readonly Step[]): void {
    for (const step of steps) this.#step(step);
  }

  #step(step: Step): void {
    switch (step.kind) {
      case "request":
        this.#instructions.push(this.#request(step));
        break;
      case "think":
        this.#instructions.push(step);
        break;
      case "code":
        this.#instructions.push(compileCode(step, this.#owner, this.#compiling));
        break;
      case "parallel":
        this.#instructions.push({ kind: "parallel", requests: step.requests.map((one) => this.#request(one)) });
        break;
      case "if":
        this.#if(step);
        break;
      case "repeat":
        this.#loop(() => step.times, step.steps);
        break;
      case "foreach":
        this.#foreach(step);
        break;
      case "group":
        this.#group(step);
        break;
    }
  }

  #request(step: RequestStep): CompiledRequest {
    return compileRequest(step, this.#owner, this.#compiling);
  }

  #jump(next: (scope: Scope, slots: Slots, now: number) => number): void {
    this.#instructions.push({ kind: "jump", next });
  }

  #if({ condition, steps, otherwise }: Of<"if">): void {
    const holds = compileCondition(condition);
    const first = this.#here + 1;
    let elsewhere = 0;
    this.#jump((scope) => (holds(scope) ? first : elsewhere));
    this.#steps(steps);
    if (otherwise.length > 0) {
      let end = 0;
      this.#jump(() => end);
      elsewhere = this.#here;
      this.#steps(otherwise);
      end = this.#here;
    } else elsewhere = this.#here;
  }

  #foreach({ variable, items, steps }: Of<"foreach">): void {
    const list = compileJson(items);
    const slot = this.#slots++;
    const rounds = (scope: Scope, slots: Slots) => {
      const value = list(scope);
      if (!Array.isArray(value)) throw new FlowError(`foreach expected a list for ${variable}, got ${kindOf(value)}`);
      if (value.length > MOST_ROUNDS) {
        throw new FlowError(`foreach expected at most ${MOST_ROUNDS} items for ${variable}, got ${value.length}`);
      }
      slots[slot] = value;
      return value.length;
    };
    this.#loop(rounds, steps, (scope, slots, round) => {
      scope.variables.set(variable, (slots[slot] as unknown[])[round]);
    });
  }

  /** `rounds` is asked when the loop begins, `each` called before each round. */
  #loop(
    rounds: (scope: Scope, slots: Slots) => number,
    steps: readonly Step[],
    each: (scope: Scope, slots: Slots, round: number) => void = () => {},
  ): void {
    const left = this.#slots++;
    const round = this.#slots++;
    const head = this.#here + 1;
    let end = 0;
    this.#jump((scope, slots) => {
      slots[left] = rounds(scope, slots);
      slots[round] = 0;
      return head;
    });
    this.#jump((scope, slots) => {
      const at = slots[round] as number;
      if (at >= (slots[left] as number)) return end;
      slots[round] = at + 1;
      each(scope, slots, at);
      return head + 1;
    });
    this.#steps(steps);
    this.#jump(() => head);
    end = this.#here;
  }

  /** A group in a group is counted under both names. */
  #group({ name, steps }: Of<"group">): void {
    const { aggregator } = this.#compiling;
    const path = [...this.#path, name];
    const group = path.join("::");
    const metric = "plimsoll_group_duration_seconds";
    const label = aggregator.bounded("group", group);
    const success = aggregator.histogram(metric, { group: label, outcome: "success" });
    const failure = aggregator.histogram(metric, { group: label, outcome: "failure" });
    const around = this.#path;
    this.#path = path;
    this.#timed(success, failure, () => this.#steps(steps));
    this.#path = around;
  }

  #timed(success: Histogram, failure: Histogram, inside: () => void): void {
    const slot = this.#slots++;
    this.#groups.push({ slot, failure });
    const first = this.#here + 1;
    this.#jump((_scope, slots, now) => {
      slots[slot] = now;
      return first;
    });
    inside();
    const after = this.#here + 1;
    this.#jump((_scope, slots, now) => {
      success.record((now - (slots[slot] as number)) / 1000);
      slots[slot] = undefined;
      return after;
    });
  }
}

type Of<Kind extends Step["kind"]> = Extract<Flow<RequestStep>, { kind: Kind }>;

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return typeof value === "object" ? "a map" : `a ${typeof value}`;
}

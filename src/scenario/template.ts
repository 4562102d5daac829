import { randomUUID } from "node:crypto";
import { isTrue, operate } from "./condition.ts";
import type { Condition } from "./flow.ts";
import type { JsonTemplate, Operand, Template, TemplatePart } from "./plan-request.ts";

/** What a template is filled in from: one user at one moment. */
export interface Scope {
  /** What was captured. A Map: a variable may have any name and touches no prototype. */
  variables: Map<string, unknown>;
  /** The value of a variable of the worker's environment, which the plan only names. */
  secret(name: string): string;
  /** From 0 to below 1, seeded. */
  random(): number;
  /** From 0, the same whatever the number of workers. */
  userNumber: number;
  /** Wall clock, Unix ms. */
  now(): number;
}

/** No user, for what is the same whoever asks: nothing was captured, and no time passes. */
export function nobody(secret: Scope["secret"] = () => ""): Scope {
  return { variables: new Map(), secret, random: () => 0, userNumber: 0, now: () => 0 };
}

/** A template names something that the user has not captured. The caller makes a failure of the request of it. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  /** As written: `order.id`. */
  readonly variable: string;

  constructor(path: readonly string[]) {
    super(`{{ ${path.join(".")} }} has no value: nothing was captured there`);
    this.variable = path.join(".");
  }
}

/** The variables that a template needs. */
export function templateVariables(template: Template): string[] {
  if (typeof template === "string") return [];
  return template.flatMap((part) => (typeof part === "string" ? [] : variablePaths(part).map(([name = ""]) => name)));
}

/** The variables of an expression, each with the way to what is taken of it. */
export function variablePaths(part: Operand | Exclude<TemplatePart, string>): string[][] {
  if (part.kind === "variable") return [part.path];
  if (part.kind === "base64") return part.of.flatMap((one) => (typeof one === "string" ? [] : variablePaths(one)));
  return part.kind === "operation" ? part.operands.flatMap(variablePaths) : [];
}

type Fill<T> = (scope: Scope) => T;

/**
 * Makes a template a function. One without places to fill in costs nothing per call.
 * @throws TemplateError (the function, not this) if a variable has no value.
 */
export function compileTemplate(template: Template): Fill<string> {
  if (typeof template === "string") return () => template;
  const parts = template.map(compileText);
  const [first, second] = parts;
  if (first === undefined) return () => "";
  if (second === undefined) return first;
  return (scope) => {
    let text = "";
    for (const part of parts) text += part(scope);
    return text;
  };
}

/**
 * Makes a JSON template a function that gives the value to send. What is constant in it is made once and shared: do not
 * change it.
 * @throws TemplateError (the function, not this) if a variable has no value.
 */
export function compileJson(template: JsonTemplate): Fill<unknown> {
  if (isConstant(template)) {
    const value = compileVaryingJson(template)(nobody());
    return () => value;
  }
  return compileVaryingJson(template);
}

/** Makes a condition a function. A variable without a value does not hold. */
export function compileCondition(condition: Condition): Fill<boolean> {
  const operand = compileOperand(condition);
  return (scope) => isTrue(operand(scope));
}

function compileVaryingJson(template: JsonTemplate): Fill<unknown> {
  if (template === null || typeof template !== "object") return () => template;
  switch (template.kind) {
    case "text": {
      const [only, ...more] = typeof template.value === "string" ? [] : template.value;
      // Alone in its string, a variable or a number keeps its type.
      if (only !== undefined && more.length === 0) return compileValue(only);
      return compileTemplate(template.value);
    }
    case "array": {
      const items = template.items.map(compileJson);
      return (scope) => items.map((item) => item(scope));
    }
    case "object": {
      const entries = template.entries.map(([name, value]) => [name, compileJson(value)] as const);
      // fromEntries defines own properties: a name `__proto__` is a name like any other.
      return (scope) => Object.fromEntries(entries.map(([name, value]) => [name, value(scope)]));
    }
  }
}

function isConstant(template: JsonTemplate): boolean {
  if (template === null || typeof template !== "object") return true;
  if (template.kind === "text") return typeof template.value === "string";
  if (template.kind === "array") return template.items.every(isConstant);
  return template.entries.every(([, value]) => isConstant(value));
}

function compileText(part: TemplatePart): Fill<string> {
  if (typeof part === "string") return () => part;
  const value = compileValue(part);
  return (scope) => textOf(value(scope));
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function compileValue(part: TemplatePart): Fill<unknown> {
  if (typeof part === "string") return () => part;
  switch (part.kind) {
    case "secret":
      return ({ secret }) => secret(part.name);
    case "base64": {
      const text = compileTemplate(part.of);
      return (scope) => Buffer.from(text(scope)).toString("base64");
    }
    case "variable":
      return compileVariable(part.path);
    case "call":
      return compileCall(part);
    case "operation":
      return compileOperand(part);
  }
}

/** What has no value is null: a condition asks for that. */
function compileOperand(part: Operand): Fill<unknown> {
  switch (part.kind) {
    case "literal":
      return () => part.value;
    case "variable": {
      const find = compileLookUp(part.path);
      return (scope) => find(scope) ?? null;
    }
    case "call":
      return compileCall(part);
    case "operation": {
      const operands = part.operands.map(compileOperand);
      return (scope) =>
        operate(
          part.operator,
          operands.map((operand) => operand(scope)),
        );
    }
  }
}

/** Own and enumerable: what JSON brought, not what JavaScript gives every array. */
const isData = Object.prototype.propertyIsEnumerable;

function compileVariable(path: readonly string[]): Fill<unknown> {
  const find = compileLookUp(path);
  return (scope) => {
    const value = find(scope);
    if (value === undefined) throw new TemplateError(path);
    return value;
  };
}

function compileLookUp(path: readonly string[]): Fill<unknown> {
  const [name = "", ...keys] = path;
  return ({ variables }) => {
    let value = variables.get(name);
    for (const key of keys) {
      value =
        typeof value === "object" && value !== null && isData.call(value, key) ? Reflect.get(value, key) : undefined;
    }
    return value;
  };
}

function compileCall({ name, args }: Extract<TemplatePart, { kind: "call" }>): Fill<unknown> {
  switch (name) {
    // Not from the seed: a second run against the same database must not meet the first one's.
    case "uuid":
      return () => randomUUID();
    case "userNumber":
      return ({ userNumber }) => userNumber;
    case "randomInt": {
      const [least = 0, most = 0] = args.map(Number);
      return ({ random }) => least + Math.floor(random() * (most - least + 1));
    }
    case "randomString": {
      const [length = 0] = args.map(Number);
      return ({ random }) => randomString(length, random);
    }
    case "now":
      return compileNow(args[0]);
  }
}

function compileNow(form: string | number | undefined): Fill<unknown> {
  if (form === "iso") return ({ now }) => new Date(now()).toISOString();
  if (form === "s") return ({ now }) => Math.floor(now() / 1000);
  return ({ now }) => Math.floor(now());
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789";

function randomString(length: number, random: () => number): string {
  let text = "";
  for (let i = 0; i < length; i++) text += letters[Math.floor(random() * letters.length)];
  return text;
}

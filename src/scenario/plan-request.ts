/** One request with what is expected of it. */
export interface RequestStep {
  kind: "request";
  /** What it is counted under. */
  name: string;
  method: string;
  /** Absolute: the host is already in it. */
  url: Template;
  headers: [name: string, value: Template][];
  body?: Body;
  expect: Expect;
  captures: Capture[];
  /** Where the response says what it cost. */
  usage?: Usage;
  deadlineMs: number;
  /** How many redirects are followed; 10 unless given. With 0 a redirect is the response. */
  redirects?: number;
  /** A response's body may be this large; without limit unless given, where it is not captured or checked. */
  maxBytes?: number;
}

export type Body =
  | { kind: "json"; value: JsonTemplate }
  | { kind: "text"; value: Template }
  | { kind: "form"; fields: [name: string, value: Template][] }
  /** `multipart/form-data` (RFC 7578). */
  | { kind: "multipart"; parts: FormPart[] }
  | { kind: "file"; base64: string };

export type FormPart =
  | { kind: "field"; name: string; value: Template }
  | { kind: "file"; name: string; fileName: string; type: string; base64: string };

export interface Expect {
  /** Any of these; none means "below 400". */
  status: number[];
  json: JsonCheck[];
  body: TextCheck[];
  /** No value that this JSONPath finds comes twice in the whole run. */
  unique?: string;
  /** The service time may not exceed it. */
  withinMs?: number;
}

/** What is asked of each value that a JSONPath (RFC 9535) finds; `matches` is a regular expression. */
export interface JsonCheck {
  path: string;
  check:
    | { kind: "equals"; value: JsonTemplate }
    | { kind: "exists"; value: boolean }
    | { kind: "type"; value: "string" | "number" | "boolean" | "array" | "object" | "null" }
    | { kind: "minLength" | "maxLength" | "min" | "max"; value: number }
    | { kind: "matches"; value: string };
}

export type TextCheck = { kind: "contains"; value: Template } | { kind: "matches"; value: string };

/** JSONPaths to the tokens that a response of an AI provider has used; the model's name is a JSONPath or a fixed text. */
export interface Usage {
  model: { kind: "path" | "text"; value: string };
  input?: string;
  output?: string;
}

/** Keeps the first value that a JSONPath finds in the user's variables. */
export interface Capture {
  variable: string;
  path: string;
}

/** Text with places to fill in while running; a plain string has none. */
export type Template = string | TemplatePart[];

export type TemplatePart =
  | string
  | { kind: "variable"; path: string[] }
  | { kind: "call"; name: TemplateFunction; args: (string | number)[] }
  /** True or false. A variable in it that has no value is null. */
  | { kind: "operation"; operator: Operator; operands: Operand[] }
  /** Read from each worker's own environment; `name` is the variable's. */
  | { kind: "secret"; name: string }
  | { kind: "base64"; of: TemplatePart[] };

export const templateFunctions = ["uuid", "randomInt", "randomString", "now", "userNumber"] as const;
export type TemplateFunction = (typeof templateFunctions)[number];

/** Of two operands; but `not`, of one. */
export type Operator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "and" | "or" | "not";
export type Operand =
  | { kind: "literal"; value: null | boolean | number | string }
  | Exclude<TemplatePart, string | { kind: "secret" | "base64" }>;

/** JSON whose strings are templates. A string that is one `{{ variable }}` alone becomes the variable's value, type kept. */
export type JsonTemplate =
  | null
  | boolean
  | number
  | { kind: "text"; value: Template }
  | { kind: "array"; items: JsonTemplate[] }
  | { kind: "object"; entries: [name: string, value: JsonTemplate][] };

import type { FormPart } from "../scenario/plan-request.ts";
import { compileTemplate, type Scope } from "../scenario/template.ts";

/** Ends no part: 24 random bytes, the same in every run, so that a run can be had again. */
export const BOUNDARY = "plimsoll-4f1c7d0e9b2a4c6d8e0f1a3b5c7d9e1f";

/**
 * Makes the parts of a form a function that gives its body. Files are encoded once.
 *
 * Source: RFC 7578; names are escaped as browsers do (HTML standard, "multipart/form-data encoding algorithm").
 */
export function compileMultipart(parts: readonly FormPart[]): (scope: Scope) => Buffer {
  const pieces = parts.map((part): ((scope: Scope) => Buffer) => {
    const name = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${escapeName(part.name)}"`;
    if (part.kind === "field") {
      const value = compileTemplate(part.value);
      return (scope) => Buffer.from(`${name}\r\n\r\n${value(scope)}\r\n`);
    }
    const head = `${name}; filename="${escapeName(part.fileName)}"\r\nContent-Type: ${part.type}\r\n\r\n`;
    const piece = Buffer.concat([Buffer.from(head), Buffer.from(part.base64, "base64"), Buffer.from("\r\n")]);
    return () => piece;
  });
  const end = Buffer.from(`--${BOUNDARY}--\r\n`);
  return (scope) => Buffer.concat([...pieces.map((piece) => piece(scope)), end]);
}

function escapeName(name: string): string {
  return name.replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22");
}

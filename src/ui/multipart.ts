import express, { type RequestHandler } from "express";

const MOST_BYTES = 64 * 1024;

/**
 * Reads `multipart/form-data` of a few short fields, as Locust's page and Python's `requests` with `files=` send a form, into
 * `body`: a name that comes twice is a list. Files are no business of ours and are left out.
 *
 * Source: RFC 7578. The platform's own reader takes the body apart.
 */
export function multipart(): RequestHandler[] {
  const read = express.raw({ type: "multipart/form-data", limit: MOST_BYTES });
  const take: RequestHandler = async (request, response, next) => {
    const { body } = request;
    if (!Buffer.isBuffer(body)) {
      next();
      return;
    }
    const type = request.headers["content-type"] ?? "";
    let form: FormData;
    try {
      form = await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData();
    } catch {
      // What the reader says of a broken form is for programmers.
      response.status(400).type("text/plain").send("The form cannot be read: expected multipart/form-data.\n");
      return;
    }
    const fields = new Map<string, string[]>();
    for (const [name, value] of form) {
      if (typeof value === "string") fields.set(name, [...(fields.get(name) ?? []), value]);
    }
    request.body = Object.fromEntries(
      [...fields].map(([name, values]) => [name, values.length > 1 ? values : values[0]]),
    );
    next();
  };
  return [read, take];
}

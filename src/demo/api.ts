import express, { type Express, type Request, type RequestHandler, type Response } from "express";

export type Handler = (req: Request, res: Response) => Response | Promise<Response>;

/** Routes of the systems: each request does the API's work first, whatever it asks for. */
export class Api {
  readonly #app: Express;
  readonly #work: RequestHandler;
  readonly #body = express.json();

  constructor(app: Express, work: RequestHandler) {
    this.#app = app;
    this.#work = work;
  }

  get(path: string, handler: Handler): void {
    this.#app.get(path, this.#work, handler);
  }

  post(path: string, handler: Handler): void {
    this.#app.post(path, this.#work, this.#body, handler);
  }

  patch(path: string, handler: Handler): void {
    this.#app.patch(path, this.#work, this.#body, handler);
  }
}

export function naturalNumber(text: unknown): number | undefined {
  return typeof text === "string" && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** A field of a JSON body, if it is a text that is not empty. */
export function textOf(req: Request, field: string): string | undefined {
  const value: unknown = req.body?.[field];
  return typeof value === "string" && value !== "" ? value : undefined;
}

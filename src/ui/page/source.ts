import type { Standing } from "../../runs/standing.ts";
import type { ViewTick } from "../../runs/view.ts";
import type { Shown } from "../../runs/view-sink.ts";
import type { Choices } from "../control.ts";

/** What the server says as it happens. A `view` comes first and whenever another run begins. */
export type Message =
  | { kind: "ready"; choices: Choices }
  | { kind: "view"; shown: Shown; choices: Choices | null }
  | { kind: "tick"; tick: ViewTick; standing: Standing };

/** What the report embeds, as JSON in the element `#run`. */
export function embedded(): Shown | undefined {
  const element = document.getElementById("run");
  return element?.textContent ? (JSON.parse(element.textContent) as Shown) : undefined;
}

/** Follows the server's events; it reconnects by itself, and gets a whole view again. */
export function follow(tell: (message: Message) => void, connected: (is: boolean) => void): () => void {
  const events = new EventSource("/api/v1/events");
  events.onopen = () => connected(true);
  events.onerror = () => connected(false);
  events.onmessage = ({ data }) => tell(JSON.parse(data as string) as Message);
  return () => events.close();
}

const SILENT = "The server does not answer.";

/** Asks the server to do something; what it refuses is told in its own words. */
export async function command(path: string, body: unknown): Promise<string | undefined> {
  const answer = await asked(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.kind === "problem" ? answer.message : undefined;
}

/** What the server has at a path, or why it cannot give it. */
export async function fetched<T>(path: string): Promise<Fetched<T>> {
  const answer = await asked(path, {});
  return answer.kind === "problem" ? answer : { kind: "fetched", value: answer.said as T };
}

export type Fetched<T> = { kind: "fetched"; value: T } | { kind: "problem"; message: string };

async function asked(
  path: string,
  how: RequestInit,
): Promise<{ kind: "answer"; said: unknown } | { kind: "problem"; message: string }> {
  // It has ended, or the way to it.
  const response = await fetch(`/api/v1/${path}`, how).catch(() => undefined);
  if (response === undefined) return { kind: "problem", message: SILENT };
  // An answer without content is none of JSON.
  const said: unknown = await response.json().catch(() => undefined);
  if (response.ok) return { kind: "answer", said };
  const { message } = (said ?? {}) as { message?: string };
  return { kind: "problem", message: message ?? `The server answered ${response.status}.` };
}

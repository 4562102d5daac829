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

/** Asks the server to do something; what it refuses is told in its own words. */
export async function command(path: string, body: unknown): Promise<string | undefined> {
  const response = await fetch(`/api/v1/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (response.ok) return undefined;
  const problem = (await response.json().catch(() => ({}))) as { message?: string };
  return problem.message ?? `The server answered ${response.status}.`;
}

/** What the server has at a path, or why it cannot give it. */
export async function fetched<T>(
  path: string,
): Promise<{ kind: "fetched"; value: T } | { kind: "problem"; message: string }> {
  const response = await fetch(`/api/v1/${path}`);
  const said = (await response.json().catch(() => ({}))) as T & { message?: string };
  if (response.ok) return { kind: "fetched", value: said };
  return { kind: "problem", message: said.message ?? `The server answered ${response.status}.` };
}

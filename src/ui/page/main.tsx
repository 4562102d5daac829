import { render } from "preact";
import { extendView } from "../../runs/view.ts";
import type { Shown } from "../../runs/view-sink.ts";
import { App } from "./app.tsx";
import "./page.css";
import type { Choices } from "../control.ts";
import { embedded, follow, type Message } from "./source.ts";

const root = document.getElementById("app");
if (root === null) throw new Error("The page has no element #app");
// What stands there without scripts gives way to what can be used.
root.replaceChildren();

const whole = embedded();
if (whole === undefined) live(root);
else render(<App shown={whole} choices={null} source="report" />, root);

/** Keeps what the server says, and draws it when the browser is ready to. */
function live(element: HTMLElement): void {
  let shown: Shown | undefined;
  let choices: Choices | null = null;
  let source: "live" | "lost" = "live";
  let asked = false;
  const draw = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      render(<App shown={shown && { ...shown }} choices={choices} source={source} />, element);
    });
  };
  const take = (message: Message) => {
    switch (message.kind) {
      case "ready":
        choices = message.choices;
        break;
      case "view":
        ({ shown, choices } = message);
        break;
      case "tick":
        if (shown !== undefined) {
          extendView(shown.view, message.tick);
          shown = { view: shown.view, standing: message.standing };
        }
    }
    draw();
  };
  follow(take, (connected) => {
    source = connected ? "live" : "lost";
    draw();
  });
  draw();
}

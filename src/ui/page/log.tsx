import { runTime } from "../../metrics/units.ts";
import type { RunEvent } from "../../runs/sink.ts";
import type { RunView } from "../../runs/view.ts";
import { Fold } from "./section.tsx";

/** What happened, the latest first. */
export function Log({ view: { events } }: { view: RunView }) {
  if (events.length === 0) return <p class="empty">Nothing to tell.</p>;
  return (
    <ol class="log">
      {events.toReversed().map((event) => (
        <li key={`${event.at} ${event.message}`}>
          <time>{runTime(event.at)}</time> <em>{event.kind}</em> {event.message}
          {event.evidence !== undefined && <Evidence of={event.evidence} />}
        </li>
      ))}
    </ol>
  );
}

/** What sources and load had to show when limits broke. */
function Evidence({ of: { exhibits } }: { of: NonNullable<RunEvent["evidence"]> }) {
  return (
    <>
      {exhibits.map(({ source, title, lines }) => (
        <Fold key={`${source} ${title}`} title={`${source}: ${title}`}>
          <pre>{lines.join("\n")}</pre>
        </Fold>
      ))}
    </>
  );
}

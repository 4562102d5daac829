import { useEffect, useState } from "preact/hooks";

/** Where somebody is on the page; it stands behind the address's `#`, so that the browser's own ways back work. */
export type Place =
  | { kind: "now" }
  | { kind: "runs" }
  | { kind: "run"; id: string }
  | { kind: "comparison"; before: string; after: string };

export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const follow = () => setPlace(placeOf(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return place;
}

function placeOf(hash: string): Place {
  const [what, first, second] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  if (what === "runs") return first ? { kind: "run", id: first } : { kind: "runs" };
  if (what === "comparison" && first && second) return { kind: "comparison", before: first, after: second };
  return { kind: "now" };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Somebody typed a lone %.
    return text;
  }
}

export function addressOf(place: Place): string {
  switch (place.kind) {
    case "now":
      return "#/";
    case "runs":
      return "#/runs";
    case "run":
      return `#/runs/${encodeURIComponent(place.id)}`;
    case "comparison":
      return `#/comparison/${encodeURIComponent(place.before)}/${encodeURIComponent(place.after)}`;
  }
}

const places: [title: string, place: Place][] = [
  ["Run", { kind: "now" }],
  ["Past runs", { kind: "runs" }],
];

export function Places({ now }: { now: Place }) {
  return (
    <nav aria-label="Page">
      {places.map(([title, place]) => (
        <a key={title} href={addressOf(place)} aria-current={place.kind === now.kind ? "page" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

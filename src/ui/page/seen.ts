import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** What is about to be scrolled to is made ready. */
const AHEAD = "400px 0px";

/**
 * The latest of something that is shown in `host` while somebody can see it there, and otherwise what they saw last: a page of
 * thousands of cells and dozens of charts is drawn anew only where somebody looks. Another `version` is taken at once.
 */
export function useSeen<T>(host: RefObject<Element | null>, latest: T, version: unknown = undefined): T {
  const [seen, setSeen] = useState(true);
  const kept = useRef({ shown: latest, version });
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    // Several may have come together: the last is how it is now.
    const sight = new IntersectionObserver((entries) => setSeen(entries.at(-1)?.isIntersecting ?? true), {
      rootMargin: AHEAD,
    });
    sight.observe(element);
    return () => sight.disconnect();
  }, [host]);
  if (seen || kept.current.version !== version) kept.current = { shown: latest, version };
  return kept.current.shown;
}

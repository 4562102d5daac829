import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { useSeen } from "./seen.ts";

interface SectionProps {
  title: string;
  children: ComponentChildren;
  /** What is in it is drawn anew where it is not seen, too, when this changes. */
  version?: unknown;
}

/** A part of the page with its heading. */
export function Section({ title, children, version }: SectionProps) {
  const host = useRef<HTMLElement>(null);
  const shown = useSeen(host, children, version);
  const id = title.toLowerCase().replaceAll(" ", "-");
  return (
    <section ref={host} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {shown}
    </section>
  );
}

/** What is in it is drawn only where it is open. */
export function Fold({ title, children }: { title: string; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {open && children}
    </details>
  );
}

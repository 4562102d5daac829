import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Fetched as Answer, fetched } from "./source.ts";

interface FetchedProps<T> {
  /** Below `/api/v1/`. Another path needs another `key`. */
  path: string;
  children: (value: T) => ComponentChildren;
}

/** Shows what the server has at a path, once it has come. */
export function Fetched<T>({ path, children }: FetchedProps<T>) {
  const [answer, setAnswer] = useState<Answer<T>>();
  useEffect(() => {
    let wanted = true;
    const take = async () => {
      const came = await fetched<T>(path);
      if (wanted) setAnswer(came);
    };
    void take();
    return () => {
      wanted = false;
    };
  }, [path]);
  if (answer === undefined) return <p role="status">Reading…</p>;
  if (answer.kind === "problem") {
    return (
      <p role="alert" class="problem">
        {answer.message}
      </p>
    );
  }
  return <>{children(answer.value)}</>;
}

import type { Answer, Archive, Question } from "../../src/ui/archive.ts";
import type { ServerOptions } from "../../src/ui/server.ts";

/** An archive that knows no run. */
export const emptyArchive: Archive = {
  ask: async <Q extends Question>(question: Q): Promise<Answer<Q>> => {
    if (question.kind === "list") return { kind: "answer", answer: [] } as unknown as Answer<Q>;
    return { kind: "problem", message: "There is no such run." };
  },
};

/** What a server tells before the first run. */
export function apiSources(): Pick<ServerOptions, "viewed" | "figures" | "archive" | "runFile"> {
  return {
    viewed: { shown: () => undefined, watch: () => () => undefined },
    figures: {
      requests: () => ({ stats: [], state: "ready" }),
      exceptions: () => ({ exceptions: [] }),
      csv: (file) => `${file}\r\n`,
      tasks: () => ({ per_class: {}, total: {} }),
      logs: () => ["a line"],
    },
    archive: emptyArchive,
    runFile: () => undefined,
  };
}

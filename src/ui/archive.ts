import type { Comparison } from "../runs/comparison.ts";
import type { ListedRun } from "../runs/run-list.ts";
import type { Summary } from "../runs/summary.ts";
import type { Shown } from "../runs/view-sink.ts";

/** A run that is kept: by its id in the runs folder, or where its file is. */
export type KeptRun = { kind: "id"; id: string } | { kind: "path"; path: string };

export type Theme = "light" | "dark";

/** What can be asked of the runs that are kept, with what is answered. */
export interface Answers {
  list: { question: { kind: "list" }; answer: ListedRun[] };
  find: { question: { kind: "find"; run: KeptRun }; answer: ListedRun };
  view: { question: { kind: "view"; run: KeptRun }; answer: Shown };
  summary: { question: { kind: "summary"; run: KeptRun }; answer: Summary };
  /** HTML. */
  report: { question: { kind: "report"; run: KeptRun; theme: Theme | undefined }; answer: string };
  /** Locust's history with a row a second for each request name, written to this file. */
  history: { question: { kind: "history"; run: KeptRun; into: string }; answer: string };
  compare: { question: { kind: "compare"; before: KeptRun[]; after: KeptRun[] }; answer: Comparison };
}

export type Question = Answers[keyof Answers]["question"];

/** It is not there, or cannot be read; for people. */
export interface ArchiveProblem {
  kind: "problem";
  message: string;
}

export type Answer<Q extends Question> = { kind: "answer"; answer: Answers[Q["kind"]]["answer"] } | ArchiveProblem;

/** The runs of a folder. Reading a long one takes seconds, in which whoever asks must not stand still. */
export interface Archive {
  ask<Q extends Question>(question: Q): Promise<Answer<Q>>;
}

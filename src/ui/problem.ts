/** What can be expected to go wrong here, as a sentence for people: what was wanted, what was met, what to do. */
export interface ServerProblem {
  kind: "problem";
  message: string;
}

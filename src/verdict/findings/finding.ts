/** What a finding is about. */
export type FindingKind = "load-line" | "gave-way" | "drift" | "recovery" | "change" | "sign";

/** One thing that was seen: of what, and its figures in base units; times in seconds of the run. */
export interface Evidence {
  of: string;
  figures: Record<string, number | string | null>;
}

/** A claim about a run that its evidence bears out; for people, with the figures for programs. */
export interface Finding {
  kind: FindingKind;
  claim: string;
  severity: "info" | "warning" | "critical";
  evidence: Evidence[];
}

/** Whether a warning sign that teams look out for was seen. */
export interface SignSeen {
  /** As guides call it: `Memory growing`. */
  name: string;
  /** `unknown`: nobody watched what would show it. */
  state: "present" | "absent" | "unknown";
  /** What was seen, or what would have to be watched; empty for an absent one. */
  detail: string;
}

/** The most load that kept every threshold. */
export interface LoadLine {
  users?: number;
  arrivalsPerSecond?: number;
  /** Surely kept, and surely no longer; both are the most that was loaded where nothing gave way. */
  interval: [low: number, high: number];
  /** The threshold that gave way first, or what else ended the search. */
  limitedBy: string;
}

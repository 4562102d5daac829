import type { Threshold } from "../verdict/threshold.ts";
import { type Class, isSelected, plannedRequests } from "./planned-requests.ts";

/**
 * The thresholds that a run can say something about: without those of the client whose labels name only what the run was
 * told to leave out, such as a task of another user class. What is in none of the scenario's classes stays: labels that
 * together name nothing must not pass.
 */
export function coveredBy(thresholds: Threshold[], driven: readonly Class[], all: readonly Class[]): Threshold[] {
  const [here, anywhere] = [plannedRequests(driven), plannedRequests(all)];
  return thresholds.filter(({ subject, filters }) => {
    if (subject !== "client") return true;
    return here.some((one) => isSelected(one, filters)) || !anywhere.some((one) => isSelected(one, filters));
  });
}

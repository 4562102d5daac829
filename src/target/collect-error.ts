/**
 * Why a look at a source failed: a closed list, the label `reason` of `target_scrape_errors_total`.
 *
 * - `timeout`: no whole answer within the source's time.
 * - `refused`: no connection, or the target would not serve (name unknown, TLS, a status of 500).
 * - `auth`: status 401 or 403.
 * - `parse`: an answer that is not what such a source gives.
 * - `missing`: an answer without what was asked for (status 404, no metric of those wanted).
 */
export const collectReasons = ["timeout", "refused", "auth", "parse", "missing"] as const;

export type CollectReason = (typeof collectReasons)[number];

/**
 * The one way in which a look may fail. `message` is for people: it says what was expected and what was got, and holds
 * no secret.
 */
export class CollectError extends Error {
  readonly reason: CollectReason;

  constructor(reason: CollectReason, message: string) {
    super(message);
    this.name = "CollectError";
    this.reason = reason;
  }
}

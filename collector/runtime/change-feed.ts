import type { Change, ChangeFeed } from "../port/query.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";

/** Changes of one commit that readers are told of; in a storm the rest is lost, and they ask again. */
const CHANGES_A_COMMIT_MAX = 2_000;

/**
 * Tells readers what was committed. Listeners are called in turn and must return at once: whoever writes to a slow reader
 * drops what that reader does not take. A listener that throws is dropped.
 */
export class CommittedChanges implements ChangeFeed {
  private readonly listeners = new Set<(change: Change) => void>();
  private readonly log: Log;
  private readonly telemetry: Telemetry;

  constructor(log: Log, telemetry: Telemetry) {
    this.log = log;
    this.telemetry = telemetry;
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  publish(changes: readonly Change[]): void {
    if (this.listeners.size === 0 || changes.length === 0) return;
    // Incidents and notifications before alerts: of them there are few, and they matter more.
    const told =
      changes.length <= CHANGES_A_COMMIT_MAX
        ? changes
        : [...changes.filter(({ kind }) => kind !== "alert"), ...changes.filter(({ kind }) => kind === "alert")].slice(
            0,
            CHANGES_A_COMMIT_MAX,
          );
    if (told.length < changes.length)
      this.telemetry.count("tocsin_changes_lost_total", {}, changes.length - told.length);
    for (const listener of this.listeners) {
      try {
        for (const change of told) listener(change);
      } catch (error) {
        this.listeners.delete(listener);
        this.log.error("a reader of changes failed and is dropped", { error });
      }
    }
  }
}

import type { Alert } from "../core/model/alert.ts";
import type { Clock } from "../port/clock.ts";
import type { Query } from "../port/query.ts";

/** What a later message about the same condition must repeat to mean the same alert. */
export type AlertIdentity = Pick<Alert, "ci" | "check" | "instance">;

/** Between two looks through all alerts for a key that is not remembered. */
const LOOK_AGAIN_MS = 5_000;

/**
 * Finds the alert that a sender means by a key of its own: its `resolve` carries the key and often nothing else.
 * Remembers keys as they come; after a restart, and for keys that another collector took in, it looks through the live
 * alerts, at most every few seconds.
 */
export class OpenAlerts {
  private readonly query: Pick<Query, "liveAlerts">;
  private readonly clock: Clock;
  private readonly keyOf: (alert: Readonly<Alert>) => string | undefined;
  private readonly max: number;
  private young = new Map<string, AlertIdentity>();
  private old = new Map<string, AlertIdentity>();
  private lookedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param keyOf the sender's key of one of its alerts; undefined for alerts of others.
   * @param max keys remembered; the least recently used go first.
   */
  constructor(
    ports: { query: Pick<Query, "liveAlerts">; clock: Clock },
    keyOf: (alert: Readonly<Alert>) => string | undefined,
    max = 100_000,
  ) {
    this.query = ports.query;
    this.clock = ports.clock;
    this.keyOf = keyOf;
    this.max = max;
  }

  find(key: string): AlertIdentity | undefined {
    const known = this.recall(key);
    if (known !== undefined || this.clock.monotonic() - this.lookedAt < LOOK_AGAIN_MS) return known;
    this.lookedAt = this.clock.monotonic();
    for (const alert of this.query.liveAlerts()) {
      const found = this.keyOf(alert);
      if (found !== undefined) this.remember(found, alert);
    }
    return this.recall(key);
  }

  remember(key: string, { ci, check, instance }: AlertIdentity): void {
    if (this.young.size >= Math.max(1, this.max / 2)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, { ci, check, instance });
  }

  /**
   * The condition has ended: what comes under the key next may be about something else.
   *
   * @param ended what `find` gave; what was remembered since then stays.
   */
  forget(key: string, ended: AlertIdentity): void {
    if (this.young.get(key) !== ended) return;
    this.young.delete(key);
    this.old.delete(key);
  }

  /** The live alert itself; a look through all alerts: for rare requests only. */
  alert(key: string): Readonly<Alert> | undefined {
    for (const alert of this.query.liveAlerts()) if (this.keyOf(alert) === key) return alert;
    return undefined;
  }

  private recall(key: string): AlertIdentity | undefined {
    const known = this.old.get(key);
    if (known !== undefined && !this.young.has(key)) this.remember(key, known);
    return this.young.get(key);
  }
}

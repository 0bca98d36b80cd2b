import type { AlertTable } from "../model/alert-table.ts";
import type { Alert } from "../model/alert.ts";
import { TimerQueue } from "../model/timer-queue.ts";

/** Resolved alerts in memory, those that were resolved first go first. */
export class ResolvedAlerts {
  private readonly order = new TimerQueue();

  get size(): number {
    return this.order.size;
  }

  remember(alert: Readonly<Alert>): void {
    this.order.schedule(alert.id, alert.resolvedAt ?? alert.lastSeenAt);
  }

  forget(alert: Readonly<Alert>): void {
    this.order.cancel(alert.id);
  }

  /** Takes out of the table what is beyond `max`, and returns it. */
  evict(table: AlertTable, max: number): Alert[] {
    const gone: Alert[] = [];
    while (this.order.size > max) {
      const id = this.order.take(Number.POSITIVE_INFINITY);
      const alert = id === undefined ? undefined : table.get(id);
      if (alert === undefined) continue;
      table.remove(alert);
      gone.push(alert);
    }
    return gone;
  }
}

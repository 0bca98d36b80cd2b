import type { Alert, AlertId } from "./alert.ts";
import type { CiId } from "./ci.ts";
import { hashHex } from "./hash.ts";

const NONE: readonly Alert[] = [];

/** Firing, unobserved or pending: it is about something that is not over. */
export function isActive(alert: Readonly<Alert>): boolean {
  return alert.status !== "resolved";
}

/** The id of the identity (CI, source, check, instance); the same in every episode, on every machine. */
export function alertId(ci: CiId, source: string, check: string, instance: string): AlertId {
  return `a-${hashHex([ci, source, check, instance])}`;
}

/**
 * The alerts in memory, and how to find them: by identity (hot path: one look-up), by id, and the active ones of a CI.
 * Whoever changes `status`, `firstSeenAt` or `ci` of an alert says so with `reindex`.
 */
export class AlertTable {
  private readonly byId = new Map<AlertId, Alert>();
  private readonly byIdentity = new Map<string, Alert>();
  private readonly activeByCi = new Map<CiId, Alert[]>();
  private activeSize = 0;

  get size(): number {
    return this.byId.size;
  }

  get activeCount(): number {
    return this.activeSize;
  }

  get(id: AlertId): Alert | undefined {
    return this.byId.get(id);
  }

  find(ci: CiId, source: string, check: string, instance: string): Alert | undefined {
    return this.byIdentity.get(identity(ci, source, check, instance));
  }

  add(alert: Alert): void {
    this.byId.set(alert.id, alert);
    this.byIdentity.set(identity(alert.ci, alert.source, alert.check, alert.instance), alert);
    this.reindex(alert);
  }

  remove(alert: Alert): void {
    this.byId.delete(alert.id);
    this.byIdentity.delete(identity(alert.ci, alert.source, alert.check, alert.instance));
    this.withdraw(alert);
  }

  /** Puts the alert where its status and first-seen time say it belongs. */
  reindex(alert: Alert): void {
    this.withdraw(alert);
    if (!isActive(alert)) return;
    const list = this.activeByCi.get(alert.ci);
    this.activeSize += 1;
    if (list === undefined) {
      this.activeByCi.set(alert.ci, [alert]);
      return;
    }
    let index = list.length;
    while (index > 0 && isBefore(alert, list[index - 1] as Alert)) index -= 1;
    list.splice(index, 0, alert);
  }

  /** Active alerts on this CI, by first-seen time, then id. Do not keep, do not change. */
  activeOn(ci: CiId): readonly Alert[] {
    return this.activeByCi.get(ci) ?? NONE;
  }

  /** CIs with an active alert, in no useful order. */
  activeCis(): Iterable<CiId> {
    return this.activeByCi.keys();
  }

  /** In no useful order: sort before a decision depends on it. */
  all(): Iterable<Alert> {
    return this.byId.values();
  }

  private withdraw(alert: Alert): void {
    const list = this.activeByCi.get(alert.ci);
    const index = list?.indexOf(alert) ?? -1;
    if (list === undefined || index < 0) return;
    this.activeSize -= 1;
    if (list.length === 1) this.activeByCi.delete(alert.ci);
    else list.splice(index, 1);
  }
}

function isBefore(a: Alert, b: Alert): boolean {
  return a.firstSeenAt < b.firstSeenAt || (a.firstSeenAt === b.firstSeenAt && a.id < b.id);
}

function identity(ci: string, source: string, check: string, instance: string): string {
  return `${ci}\n${source}\n${check}\n${instance}`;
}

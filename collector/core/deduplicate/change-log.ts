import type { CiId } from "../model/ci.ts";
import type { ChangeRecord } from "../model/correlation.ts";
import { byText } from "../model/order.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

const KEEP_MS: Milliseconds = 7 * 24 * 3_600_000;
const PER_CI_MAX = 50;
const CIS_MAX = 100_000;
const HOUR_MS: Milliseconds = 3_600_000;
const NONE: readonly ChangeRecord[] = [];

/** Deployments and configuration changes by CI, the last fifty of each, for a week. Stored as one entity a CI. */
export class ChangeLog {
  private readonly byCi = new Map<CiId, ChangeRecord[]>();
  /** How many of them are from each hour. */
  private readonly byHour = new Map<number, number>();

  /** Returns the CIs whose records were dropped because there are too many CIs with changes. */
  add(change: ChangeRecord): CiId[] {
    const before = this.on(change.ci);
    const list = before.filter((known) => known.at > change.at - KEEP_MS);
    list.push(change);
    list.sort((a, b) => a.at - b.at);
    if (list.length > PER_CI_MAX) list.splice(0, list.length - PER_CI_MAX);
    this.count(before, -1);
    this.count(list, 1);
    // Newest last, so that the CI that has not changed for longest goes first.
    this.byCi.delete(change.ci);
    this.byCi.set(change.ci, list);
    const dropped: CiId[] = [];
    while (this.byCi.size > CIS_MAX) {
      const [oldest] = this.byCi.keys();
      if (oldest === undefined) break;
      this.count(this.on(oldest), -1);
      this.byCi.delete(oldest);
      dropped.push(oldest);
    }
    return dropped;
  }

  restore(ci: CiId, list: readonly ChangeRecord[]): void {
    this.count(this.on(ci), -1);
    this.count(list, 1);
    this.byCi.set(ci, [...list]);
  }

  /** After names have changed: returns the CIs whose lists did, by code unit. */
  rename(nameNow: (ci: CiId) => CiId): CiId[] {
    const touched = new Set<CiId>();
    for (const [ci, list] of [...this.byCi].sort(([a], [b]) => byText(a, b))) {
      const now = nameNow(ci);
      if (now === ci) continue;
      this.count(list, -1);
      this.byCi.delete(ci);
      for (const change of list) this.add({ ...change, ci: now });
      touched.add(ci).add(now);
    }
    return [...touched].sort(byText);
  }

  /** Oldest first. */
  on(ci: CiId): readonly ChangeRecord[] {
    return this.byCi.get(ci) ?? NONE;
  }

  /** How many there have been of late, over all CIs: this week, or for as long as any are known. */
  lately(at: UnixMillis): { count: number; withinMs: Milliseconds } {
    let first = at - HOUR_MS;
    let count = 0;
    for (const [hour, some] of this.byHour) {
      if (hour < at - KEEP_MS) continue;
      first = Math.min(first, hour);
      count += some;
    }
    return { count, withinMs: at - first };
  }

  private count(list: readonly ChangeRecord[], by: number): void {
    for (const { at } of list) {
      const hour = at - (at % HOUR_MS);
      const sum = (this.byHour.get(hour) ?? 0) + by;
      if (sum > 0) this.byHour.set(hour, sum);
      else this.byHour.delete(hour);
    }
  }

  all(): Iterable<readonly ChangeRecord[]> {
    return this.byCi.values();
  }
}

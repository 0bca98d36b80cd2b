import type { CiId } from "../model/ci.ts";
import type { ChangeRecord } from "../model/correlation.ts";
import { byText } from "../model/order.ts";
import type { Milliseconds } from "../model/time.ts";

const KEEP_MS: Milliseconds = 7 * 24 * 3_600_000;
const PER_CI_MAX = 50;
const CIS_MAX = 100_000;
const NONE: readonly ChangeRecord[] = [];

/** Deployments and configuration changes by CI, the last fifty of each, for a week. Stored as one entity a CI. */
export class ChangeLog {
  private readonly byCi = new Map<CiId, ChangeRecord[]>();

  /** Returns the CIs whose records were dropped because there are too many CIs with changes. */
  add(change: ChangeRecord): CiId[] {
    const list = (this.byCi.get(change.ci) ?? []).filter((known) => known.at > change.at - KEEP_MS);
    list.push(change);
    list.sort((a, b) => a.at - b.at);
    if (list.length > PER_CI_MAX) list.splice(0, list.length - PER_CI_MAX);
    // Newest last, so that the CI that has not changed for longest goes first.
    this.byCi.delete(change.ci);
    this.byCi.set(change.ci, list);
    const dropped: CiId[] = [];
    while (this.byCi.size > CIS_MAX) {
      const [oldest] = this.byCi.keys();
      if (oldest === undefined) break;
      this.byCi.delete(oldest);
      dropped.push(oldest);
    }
    return dropped;
  }

  restore(ci: CiId, list: readonly ChangeRecord[]): void {
    this.byCi.set(ci, [...list]);
  }

  /** After names have changed: returns the CIs whose lists did, by code unit. */
  rename(nameNow: (ci: CiId) => CiId): CiId[] {
    const touched = new Set<CiId>();
    for (const [ci, list] of [...this.byCi].sort(([a], [b]) => byText(a, b))) {
      const now = nameNow(ci);
      if (now === ci) continue;
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

  all(): Iterable<readonly ChangeRecord[]> {
    return this.byCi.values();
  }
}

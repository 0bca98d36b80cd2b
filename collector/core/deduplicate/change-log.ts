import type { CiId } from "../model/ci.ts";
import type { ChangeRecord } from "../model/correlation.ts";
import { Marks } from "../model/marks.ts";
import { byText } from "../model/order.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

const KEEP_MS: Milliseconds = 7 * 24 * 3_600_000;
const PER_CI_MAX = 50;
const CIS_MAX = 100_000;
const HOUR_MS: Milliseconds = 3_600_000;
const NONE: readonly ChangeRecord[] = [];

/** Deployments and configuration changes by CI, the last fifty of each, for a week. Stored as one entity a CI. */
export class ChangeLog {
  private readonly byCi = new Map<CiId, ChangeRecord[]>();
  private readonly hours = new Hours();
  /** The same by type of CI, for as much of this graph as has been read; derived. */
  private readonly byType = new Map<string, { hours: Hours; cis: number }>();
  private graph: Topology | null = null;
  private read = 0;
  /** CIs of that part of the graph that have changed, some of them long ago. */
  private changed = new Marks();
  private isUnsure = false;

  /** Returns the CIs whose records were dropped because there are too many CIs with changes. */
  add(change: ChangeRecord): CiId[] {
    const before = this.on(change.ci);
    const list = before.filter((known) => known.at > change.at - KEEP_MS);
    list.push(change);
    list.sort((a, b) => a.at - b.at);
    if (list.length > PER_CI_MAX) list.splice(0, list.length - PER_CI_MAX);
    this.count(change.ci, before, -1);
    this.count(change.ci, list, 1);
    // Newest last, so that the CI that has not changed for longest goes first.
    this.byCi.delete(change.ci);
    this.byCi.set(change.ci, list);
    const dropped: CiId[] = [];
    while (this.byCi.size > CIS_MAX) {
      const [oldest] = this.byCi.keys();
      if (oldest === undefined) break;
      this.count(oldest, this.on(oldest), -1);
      this.byCi.delete(oldest);
      dropped.push(oldest);
    }
    return dropped;
  }

  restore(ci: CiId, list: readonly ChangeRecord[]): void {
    this.count(ci, this.on(ci), -1);
    this.count(ci, list, 1);
    this.byCi.set(ci, [...list]);
  }

  /** After names have changed: returns the CIs whose lists did, by code unit. */
  rename(nameNow: (ci: CiId) => CiId): CiId[] {
    const touched = new Set<CiId>();
    for (const [ci, list] of [...this.byCi].sort(([a], [b]) => byText(a, b))) {
      const now = nameNow(ci);
      if (now === ci) continue;
      this.count(ci, list, -1);
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

  /** Whether there can be any on this CI of the graph; false is sure. */
  mayBeOn(ci: number, topology: Topology): boolean {
    this.readOn(topology);
    return this.isUnsure || this.changed.has(ci);
  }

  /** How many there have been of late, over all CIs: this week, or for as long as any are known. */
  lately(at: UnixMillis): { count: number; withinMs: Milliseconds } {
    const { count, first } = this.hours.lately(at);
    return { count, withinMs: at - Math.min(first, at - HOUR_MS) };
  }

  /** How many of these are on CIs of one type, and how many such CIs there are. */
  ofType(type: string, topology: Topology, at: UnixMillis): { count: number; cis: number } {
    this.readOn(topology);
    const found = this.byType.get(type);
    return found === undefined ? { count: 0, cis: 0 } : { count: found.hours.lately(at).count, cis: found.cis };
  }

  private readOn(topology: Topology): void {
    if (topology !== this.graph) {
      this.byType.clear();
      this.changed = new Marks();
      this.graph = topology;
      this.read = 0;
    }
    for (; this.read < topology.size; this.read += 1) {
      const { id, type } = topology.ci(this.read);
      const found = this.byType.get(type) ?? { hours: new Hours(), cis: 0 };
      found.cis += 1;
      const known = this.byCi.get(id);
      if (known !== undefined) {
        found.hours.count(known, 1);
        this.changed.add(this.read);
      }
      this.byType.set(type, found);
    }
  }

  private count(ci: CiId, list: readonly ChangeRecord[], by: number): void {
    this.hours.count(list, by);
    const index = this.graph?.find(ci);
    if (this.graph === null || index === undefined || index >= this.read) return;
    this.changed.add(index);
    // Two CIs are told apart by capitals only: which of them this number is cannot be said.
    if (this.graph.id(index) !== ci) this.isUnsure = true;
    this.byType.get(this.graph.ci(index).type)?.hours.count(list, by);
  }

  all(): Iterable<readonly ChangeRecord[]> {
    return this.byCi.values();
  }
}

/** How many changes are from each hour. */
class Hours {
  private readonly counts = new Map<number, number>();

  count(list: readonly ChangeRecord[], by: number): void {
    for (const { at } of list) {
      const hour = at - (at % HOUR_MS);
      const sum = (this.counts.get(hour) ?? 0) + by;
      if (sum > 0) this.counts.set(hour, sum);
      else this.counts.delete(hour);
    }
  }

  /** This week's, and the first hour that has any. */
  lately(at: UnixMillis): { count: number; first: UnixMillis } {
    let first = at;
    let count = 0;
    for (const [hour, some] of this.counts) {
      if (hour < at - KEEP_MS) continue;
      first = Math.min(first, hour);
      count += some;
    }
    return { count, first };
  }
}

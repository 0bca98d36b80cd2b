import { isActive } from "../model/alert-table.ts";
import { alertLabel } from "../model/alert-label.ts";
import type { Alert } from "../model/alert.ts";
import { matchesAll } from "../model/matcher.ts";
import { byText } from "../model/order.ts";
import type { Inhibition } from "../model/settings.ts";
import type { AlertId } from "../model/identity.ts";

/** The alerts of one rule with equal values of its `equal` labels. Sets: one representative a key loses the others. */
interface Bucket {
  /** Active alerts that match `source`. */
  sources: Set<AlertId>;
  /** Of these, the ones that also match `target`: they cannot mute another one that matches both. */
  twoSided: Set<AlertId>;
  /** Active alerts that match `target`. */
  targets: Set<AlertId>;
}

interface Rule {
  inhibition: Inhibition;
  buckets: Map<string, Bucket>;
}

/**
 * Inhibition as in Alertmanager: while an alert matches `source`, those that match `target` and have the same values of
 * `equal` are muted; a missing label equals an empty one. An alert that matches both sides is muted only by one that does not.
 */
export class Inhibitions {
  private rules: Rule[] = [];
  /** Where each alert was filed, so that it is found again after its labels have changed. */
  private readonly filed = new Map<AlertId, { rule: Rule; key: string }[]>();

  /** Forgets all alerts: file the active ones again. */
  take(inhibitions: readonly Inhibition[]): void {
    this.rules = inhibitions.map((inhibition) => ({ inhibition, buckets: new Map() }));
    this.filed.clear();
  }

  get isEmpty(): boolean {
    return this.rules.length === 0;
  }

  /** Files an alert as it is now; returns the others whose muting may have changed, sorted. */
  file(alert: Readonly<Alert>): AlertId[] {
    if (this.rules.length === 0) return [];
    const affected = new Set<AlertId>();
    this.withdraw(alert.id, affected);
    if (isActive(alert)) this.enter(alert, affected);
    affected.delete(alert.id);
    return [...affected].sort(byText);
  }

  /** Ids of the alerts that mute this one: one a rule, the smallest. */
  inhibitorsOf(alert: Readonly<Alert>): AlertId[] {
    const found = new Set<AlertId>();
    for (const { rule, key } of this.filed.get(alert.id) ?? []) {
      const bucket = rule.buckets.get(key);
      if (bucket === undefined || !bucket.targets.has(alert.id)) continue;
      const isTwoSided = bucket.twoSided.has(alert.id);
      let first: AlertId | undefined;
      for (const id of bucket.sources) {
        if (id === alert.id || (isTwoSided && bucket.twoSided.has(id))) continue;
        if (first === undefined || id < first) first = id;
      }
      if (first !== undefined) found.add(first);
    }
    return [...found].sort(byText);
  }

  private enter(alert: Readonly<Alert>, affected: Set<AlertId>): void {
    const label = (name: string): string => alertLabel(alert, name);
    const places: { rule: Rule; key: string }[] = [];
    for (const rule of this.rules) {
      const { source, target, equal } = rule.inhibition;
      const isSource = matchesAll(source, label);
      const isTarget = matchesAll(target, label);
      if (!isSource && !isTarget) continue;
      const key = equal.map(label).join("\n");
      const bucket = rule.buckets.get(key) ?? { sources: new Set(), twoSided: new Set(), targets: new Set() };
      rule.buckets.set(key, bucket);
      if (isSource) bucket.sources.add(alert.id);
      if (isTarget) bucket.targets.add(alert.id);
      if (isSource && isTarget) bucket.twoSided.add(alert.id);
      if (isSource) for (const id of bucket.targets) affected.add(id);
      places.push({ rule, key });
    }
    if (places.length > 0) this.filed.set(alert.id, places);
  }

  private withdraw(id: AlertId, affected: Set<AlertId>): void {
    for (const { rule, key } of this.filed.get(id) ?? []) {
      const bucket = rule.buckets.get(key);
      if (bucket === undefined) continue;
      if (bucket.sources.delete(id)) for (const target of bucket.targets) affected.add(target);
      bucket.targets.delete(id);
      bucket.twoSided.delete(id);
      if (bucket.sources.size === 0 && bucket.targets.size === 0) rule.buckets.delete(key);
    }
    this.filed.delete(id);
  }
}

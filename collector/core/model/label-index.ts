import { alertLabel } from "./alert-label.ts";
import type { Alert } from "./alert.ts";

/** Names that are indexed at one time; the one asked for longest ago gives way. About 100 bytes an alert and name. */
const NAMES_MAX = 8;

/**
 * Finds alerts by a label without looking at all of them. A name costs nothing until somebody asks for it; then one pass
 * over all alerts, and a set insertion for each new one. Entries that no longer fit are dropped when they are met.
 */
export class LabelIndex {
  private readonly byName = new Map<string, Map<string, Set<Alert>>>();
  private readonly all: () => Iterable<Alert>;
  private readonly isKept: (alert: Alert) => boolean;

  /** @param isKept whether an alert is still one of `all`. */
  constructor(all: () => Iterable<Alert>, isKept: (alert: Alert) => boolean) {
    this.all = all;
    this.isKept = isKept;
  }

  /** Alerts whose label, as matchers see it, is this text; not for the empty text, which means absent. */
  find(name: string, value: string): readonly Alert[] {
    const found = this.ofName(name).get(value);
    if (found === undefined) return [];
    const alerts: Alert[] = [];
    for (const alert of found) {
      if (this.isKept(alert) && alertLabel(alert, name) === value) alerts.push(alert);
      else found.delete(alert);
    }
    return alerts;
  }

  /** A new alert, or one with other labels. */
  enter(alert: Alert): void {
    for (const [name, values] of this.byName) enter(values, alertLabel(alert, name), alert);
  }

  private ofName(name: string): Map<string, Set<Alert>> {
    const known = this.byName.get(name);
    this.byName.delete(name);
    const values = known ?? new Map<string, Set<Alert>>();
    if (known === undefined) for (const alert of this.all()) enter(values, alertLabel(alert, name), alert);
    const [oldest] = this.byName.keys();
    if (oldest !== undefined && this.byName.size >= NAMES_MAX) this.byName.delete(oldest);
    this.byName.set(name, values);
    return values;
  }
}

function enter(values: Map<string, Set<Alert>>, value: string, alert: Alert): void {
  if (value === "") return;
  const alerts = values.get(value);
  if (alerts === undefined) values.set(value, new Set([alert]));
  else alerts.add(alert);
}

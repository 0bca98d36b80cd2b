import { alertLabel } from "./alert-label.ts";
import type { Alert } from "./alert.ts";
import type { AlertId } from "./identity.ts";

/** Names that are indexed at one time; the one asked for longest ago gives way. About 50 bytes an alert and name. */
const NAMES_MAX = 8;

/** One alert alone stands for itself: of an instance there is often one. By id, as an object's own hash is made when it is first asked for. */
type Found = Alert | Map<AlertId, Alert>;

/**
 * Finds alerts by a label without looking at all of them. A name costs nothing until somebody asks for it; then one pass
 * over all alerts, and an insertion for each new one. Entries that no longer fit are dropped when they are met.
 */
export class LabelIndex {
  private readonly byName = new Map<string, Map<string, Found>>();
  private readonly all: () => Iterable<Alert>;
  private readonly isKept: (alert: Alert) => boolean;

  /** @param isKept whether an alert is still one of `all`. */
  constructor(all: () => Iterable<Alert>, isKept: (alert: Alert) => boolean) {
    this.all = all;
    this.isKept = isKept;
  }

  /** Alerts whose label, as matchers see it, is this text; not for the empty text, which means absent. */
  find(name: string, value: string): readonly Alert[] {
    const values = this.ofName(name);
    const found = values.get(value);
    if (found === undefined) return [];
    const fits = (alert: Alert): boolean => this.isKept(alert) && alertLabel(alert, name) === value;
    if (!(found instanceof Map)) {
      if (fits(found)) return [found];
      values.delete(value);
      return [];
    }
    const alerts: Alert[] = [];
    for (const [id, alert] of found) {
      if (fits(alert)) alerts.push(alert);
      else found.delete(id);
    }
    return alerts;
  }

  /** A new alert, or one with other labels. */
  enter(alert: Alert): void {
    for (const [name, values] of this.byName) enter(values, alertLabel(alert, name), alert);
  }

  private ofName(name: string): Map<string, Found> {
    const known = this.byName.get(name);
    this.byName.delete(name);
    const values = known ?? new Map<string, Found>();
    if (known === undefined) for (const alert of this.all()) enter(values, alertLabel(alert, name), alert);
    const [oldest] = this.byName.keys();
    if (oldest !== undefined && this.byName.size >= NAMES_MAX) this.byName.delete(oldest);
    this.byName.set(name, values);
    return values;
  }
}

function enter(values: Map<string, Found>, value: string, alert: Alert): void {
  if (value === "") return;
  const known = values.get(value);
  if (known instanceof Map) known.set(alert.id, alert);
  else if (known === undefined || known.id === alert.id) values.set(value, alert);
  else
    values.set(
      value,
      new Map([
        [known.id, known],
        [alert.id, alert],
      ]),
    );
}

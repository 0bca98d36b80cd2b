import { type AlertRefs, idOf, REF_LENGTH, UNKNOWN_PLACE } from "./alert-ref.ts";
import type { Alert } from "./alert.ts";
import type { CiId } from "./ci.ts";
import { hashId } from "./hash.ts";
import { LabelIndex } from "./label-index.ts";
import { LiveAlert } from "./live-alert.ts";
import type { AlertId } from "./identity.ts";
import { type Repeat, Sightings } from "./sightings.ts";

const NONE: readonly Alert[] = [];
/** One alert alone stands for itself: most CIs have one, and a list around it costs 80 bytes. */
type AlertLists = Map<CiId, Alert | Alert[]>;
/** The alerts of one CI by their instance; one alone stands for itself here, too. */
type Crowd = Map<string, Alert | Alert[]>;
/** A CI with more alerts than this gets an index of its own. */
const SCANNED_MAX = 16;

/** Firing, unobserved or pending: it is about something that is not over. */
export function isActive(alert: Readonly<Alert>): boolean {
  return alert.status !== "resolved";
}

/** The id of the identity (CI, source, check, instance); the same in every episode, on every machine. */
export function alertId(ci: CiId, source: string, check: string, instance: string): AlertId {
  return hashId("a-", [ci, source, check, instance]);
}

/**
 * The alerts in memory, and how to find them: by identity (hot path: one look-up), by id, and the active ones of a CI.
 * Whoever changes `status`, `firstSeenAt` or `ci` of an alert says so with `reindex`.
 */
export class AlertTable {
  private readonly byId = new Map<AlertId, LiveAlert>();
  private readonly sightings = new Sightings();
  /** By the place of their sightings. */
  private readonly byPlace: (LiveAlert | undefined)[] = [];
  /** All alerts of a CI; few, so that a scan that compares texts is faster than a key that must be built and hashed. */
  private readonly byCi: AlertLists = new Map();
  /** The alerts of a CI with many, by instance: of one instance there are few, and its text is there already. */
  private readonly crowded = new Map<CiId, Crowd>();
  private readonly activeByCi: AlertLists = new Map();
  private activeSize = 0;
  private readonly labels = new LabelIndex(
    () => this.byId.values(),
    (alert) => this.byId.get(alert.id) === alert,
  );

  get size(): number {
    return this.byId.size;
  }

  get activeCount(): number {
    return this.activeSize;
  }

  get(id: AlertId): Alert | undefined {
    return this.byId.get(id);
  }

  /** Whether it is this object that `get` gives for its id. */
  has(alert: Readonly<Alert>): boolean {
    return alert instanceof LiveAlert && this.byPlace[alert.place] === alert;
  }

  find(ci: CiId, source: string, check: string, instance: string): Alert | undefined {
    const list = this.byCi.get(ci);
    if (list === undefined) return undefined;
    if (!Array.isArray(list)) return isOf(list, source, check, instance) ? list : undefined;
    const near = list.length > SCANNED_MAX ? this.crowdOf(ci, list).get(instance) : list;
    if (near === undefined) return undefined;
    if (!Array.isArray(near)) return isOf(near, source, check, instance) ? near : undefined;
    for (const alert of near) {
      if (isOf(alert, source, check, instance)) return alert;
    }
    return undefined;
  }

  /** An alert that will be added, as the object that it will be from then on. */
  enrol(alert: Readonly<Alert>): LiveAlert {
    return new LiveAlert(alert, this.sightings);
  }

  /** As `enrol`, of many that will be added together when all are there: by its id it is found from now on. */
  restore(stored: Readonly<Alert>): LiveAlert {
    const alert = this.enrol(stored);
    this.byPlace[alert.place] = alert;
    this.byId.set(alert.id, alert);
    return alert;
  }

  /** Those of `restore`, as far as they have the CI that they will have. Nearly in order it is done soonest. */
  addRestored(alerts: readonly Alert[]): void {
    const unordered = new Set<Alert[]>();
    for (const alert of alerts) {
      this.list(alert);
      if (!isActive(alert)) continue;
      this.activeSize += 1;
      const list = this.activeByCi.get(alert.ci);
      if (list === undefined) this.activeByCi.set(alert.ci, alert);
      else if (!Array.isArray(list))
        this.activeByCi.set(alert.ci, isBefore(alert, list) ? [alert, list] : [list, alert]);
      else {
        if (isBefore(alert, list[list.length - 1] as Alert)) unordered.add(list);
        list.push(alert);
      }
    }
    // One by one into its place would take a CI with a hundred thousand of them the square of that.
    for (const list of unordered) list.sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  /** The alert as it lives from now on: whoever has the one that was given must go on with this one. */
  add(given: Alert): Alert {
    const alert = given instanceof LiveAlert ? given : this.enrol(given);
    if (!alert.isIn(this.sightings)) alert.moveTo(this.sightings);
    this.byPlace[alert.place] = alert;
    this.byId.set(alert.id, alert);
    this.list(alert);
    if (isActive(alert)) this.activate(alert);
    return alert;
  }

  private list(alert: Alert): void {
    const list = this.byCi.get(alert.ci);
    if (list === undefined) this.byCi.set(alert.ci, alert);
    else if (!Array.isArray(list)) this.byCi.set(alert.ci, [list, alert]);
    else {
      list.push(alert);
      if (list.length > SCANNED_MAX) enterCrowd(this.crowded.get(alert.ci), alert);
    }
    this.labels.enter(alert);
  }

  /** Where `repeat` finds it for as long as it is in the table; −1 = it is not. */
  placeOf(id: AlertId): number {
    return this.byId.get(id)?.place ?? UNKNOWN_PLACE;
  }

  /**
   * Says an alert again, as its source said it last. The hot path of resends: for most of them one row of numbers.
   *
   * @param index of the alert in the list.
   * @param onNearer gets the alert when it is now believed for less long than before.
   * @returns how often it was said in this episode; −1 = it is not known, or something else has happened to it.
   */
  repeat(refs: AlertRefs, index: number, repeat: Readonly<Repeat>, onNearer: (alert: Alert) => void): number {
    const { sightings } = this;
    const place = this.placeAt(refs, REF_LENGTH * index);
    if (place === UNKNOWN_PLACE) return -1;
    if (!sightings.isSteady(place)) {
      if (this.byPlace[place]?.mayRepeat !== true) return -1;
      sightings.setSteady(place, true);
    }
    const before = sightings.expiresAt(place);
    const count = sightings.repeat(place, repeat);
    const alert = count > 0 && (before === null || repeat.expiresAt < before) ? this.byPlace[place] : undefined;
    if (alert !== undefined) onNearer(alert);
    return count;
  }

  private placeAt(refs: AlertRefs, at: number): number {
    const [place, high, low] = [refs[at] ?? UNKNOWN_PLACE, refs[at + 1] ?? 0, refs[at + 2] ?? 0];
    return this.sightings.isAt(place, high, low) ? place : this.placeOf(idOf(high, low));
  }

  /** The alert has other labels, or another severity, than before. */
  relabelled(alert: Alert): void {
    this.labels.enter(alert);
  }

  /** Alerts, also resolved ones, with a label as matchers see it; not for the empty text. In no useful order. */
  withLabel(name: string, value: string): readonly Alert[] {
    return this.labels.find(name, value);
  }

  remove(alert: Alert): void {
    const known = this.byId.get(alert.id);
    this.byId.delete(alert.id);
    if (known !== undefined) this.leave(known);
    const list = this.byCi.get(alert.ci);
    if (list === alert) this.byCi.delete(alert.ci);
    else if (Array.isArray(list)) {
      list.splice(list.indexOf(alert), 1);
      leaveCrowd(this.crowded.get(alert.ci), alert);
      if (list.length <= SCANNED_MAX) this.crowded.delete(alert.ci);
      if (list.length === 0) this.byCi.delete(alert.ci);
    }
    this.withdraw(alert);
  }

  /** Whoever still has it sees it as it was. */
  private leave(alert: LiveAlert): void {
    this.byPlace[alert.place] = undefined;
    alert.moveTo(new Sightings(1));
  }

  /** Puts the alert where its status and first-seen time say it belongs. */
  reindex(alert: Alert): void {
    this.withdraw(alert);
    if (isActive(alert)) this.activate(alert);
  }

  private activate(alert: Alert): void {
    const list = this.activeByCi.get(alert.ci);
    this.activeSize += 1;
    if (list === undefined) {
      this.activeByCi.set(alert.ci, alert);
      return;
    }
    if (!Array.isArray(list)) {
      this.activeByCi.set(alert.ci, isBefore(alert, list) ? [alert, list] : [list, alert]);
      return;
    }
    const index = placeOf(alert, list);
    if (index === list.length) list.push(alert);
    else list.splice(index, 0, alert);
  }

  /** Active alerts on this CI, by first-seen time, then id. Do not keep, do not change. */
  activeOn(ci: CiId): readonly Alert[] {
    const list = this.activeByCi.get(ci);
    if (list === undefined) return NONE;
    return Array.isArray(list) ? list : [list];
  }

  /** CIs with an active alert, in no useful order. */
  activeCis(): Iterable<CiId> {
    return this.activeByCi.keys();
  }

  /** In no useful order: sort before a decision depends on it. */
  all(): Iterable<Alert> {
    return this.byId.values();
  }

  /** Made when it is first asked for: a restart brings many CIs of which nobody speaks for a while. */
  private crowdOf(ci: CiId, list: readonly Alert[]): Crowd {
    const known = this.crowded.get(ci);
    if (known !== undefined) return known;
    const crowd: Crowd = new Map();
    for (const alert of list) enterCrowd(crowd, alert);
    this.crowded.set(ci, crowd);
    return crowd;
  }

  private withdraw(alert: Alert): void {
    const list = this.activeByCi.get(alert.ci);
    if (list === alert) {
      this.activeByCi.delete(alert.ci);
      this.activeSize -= 1;
    }
    if (!Array.isArray(list)) return;
    const index = list.indexOf(alert);
    if (index < 0) return;
    this.activeSize -= 1;
    if (list.length === 1) this.activeByCi.delete(alert.ci);
    else list.splice(index, 1);
  }
}

function enterCrowd(crowd: Crowd | undefined, alert: Alert): void {
  if (crowd === undefined) return;
  const near = crowd.get(alert.instance);
  if (near === undefined) crowd.set(alert.instance, alert);
  else if (Array.isArray(near)) near.push(alert);
  else crowd.set(alert.instance, [near, alert]);
}

function leaveCrowd(crowd: Crowd | undefined, alert: Alert): void {
  const near = crowd?.get(alert.instance);
  if (near === alert) crowd?.delete(alert.instance);
  if (!Array.isArray(near)) return;
  near.splice(near.indexOf(alert), 1);
  if (near.length === 0) crowd?.delete(alert.instance);
}

function isOf(alert: Readonly<Alert>, source: string, check: string, instance: string): boolean {
  // Of one CI the instances differ first, and sources, whose texts are long and of each event's own, seldom.
  return alert.instance === instance && alert.check === check && alert.source === source;
}

/** Mostly the end; a restart brings them in another order, and a CI in a storm has thousands. */
function placeOf(alert: Alert, list: readonly Alert[]): number {
  let low = 0;
  let high = list.length;
  if (high > 0 && !isBefore(alert, list[high - 1] as Alert)) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(alert, list[middle] as Alert)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function isBefore(a: Alert, b: Alert): boolean {
  return a.firstSeenAt < b.firstSeenAt || (a.firstSeenAt === b.firstSeenAt && a.id < b.id);
}

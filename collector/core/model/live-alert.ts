import { highOf, lowOf } from "./alert-ref.ts";
import type { Alert, AlertStatus } from "./alert.ts";
import type { CiId } from "./ci.ts";
import type { Labels, Link } from "./event.ts";
import type { AlertId, IncidentId } from "./identity.ts";
import type { Severity } from "./severity.ts";
import type { Sightings } from "./sightings.ts";
import type { Milliseconds, UnixMillis } from "./time.ts";

/** Stands for two changes that the alert itself tells: a list of two times would be a sixth of what it takes. */
const THERE_AND_BACK: UnixMillis[] = [];

/**
 * An alert in memory. What repeats move, and other times with it, is in a row of `Sightings`, to be changed without coming
 * here; whoever has the alert sees one object. `plainAlert` makes a copy of it: to spread it would leave out what is in the row.
 */
export class LiveAlert implements Alert {
  readonly id: AlertId;
  ci: CiId;
  source: string;
  check: string;
  instance: string;
  severity: Severity;
  summary: string;
  labels: Labels;
  annotations: Labels;
  links: readonly Link[];
  episode: number;
  flapping: boolean;
  incident: IncidentId | null;
  withheld: string | null;
  suppressedBy: readonly string[];
  unobservedSince: UnixMillis | null;
  joinedAt: UnixMillis | null;
  joinReason: string;
  #status: AlertStatus;
  #sourceStatus: "firing" | "resolved";
  #late: boolean;
  #resolvedAt: UnixMillis | null;
  /** null: the one at `firstSeenAt`, as of most alerts that fire; `THERE_AND_BACK`: the other at `resolvedAt`, of most others. */
  #changes: UnixMillis[] | null = null;
  #rows: Sightings;
  #place: number;

  constructor(alert: Readonly<Alert>, rows: Sightings) {
    this.id = alert.id;
    this.ci = alert.ci;
    this.source = alert.source;
    this.check = alert.check;
    this.instance = alert.instance;
    this.severity = alert.severity;
    this.summary = alert.summary;
    this.labels = alert.labels;
    this.annotations = alert.annotations;
    this.links = alert.links;
    this.episode = alert.episode;
    this.flapping = alert.flapping;
    this.incident = alert.incident;
    this.withheld = alert.withheld;
    this.suppressedBy = alert.suppressedBy;
    this.unobservedSince = alert.unobservedSince;
    this.joinedAt = alert.joinedAt;
    this.joinReason = alert.joinReason;
    this.#status = alert.status;
    this.#sourceStatus = alert.sourceStatus;
    this.#late = alert.late;
    this.#resolvedAt = alert.resolvedAt;
    this.#rows = rows;
    this.#place = rows.take(highOf(alert.id), lowOf(alert.id));
    this.fillRow(alert);
    this.changes = alert.changes;
  }

  /** Of its row. */
  get place(): number {
    return this.#place;
  }

  /** The table that it was in needs the row: from now on it has one of its own, until it comes to another table. */
  moveTo(rows: Sightings): void {
    const before = plainAlert(this);
    this.#rows.give(this.#place);
    this.#rows = rows;
    this.#place = rows.take(highOf(this.id), lowOf(this.id));
    this.fillRow(before);
  }

  isIn(rows: Sightings): boolean {
    return this.#rows === rows;
  }

  /** A repeat may go to the row alone, as long as none of what it depends on changes. */
  get mayRepeat(): boolean {
    return this.#sourceStatus === "firing" && this.#status !== "resolved" && !this.#late;
  }

  get status(): AlertStatus {
    return this.#status;
  }

  set status(status: AlertStatus) {
    this.#status = status;
    this.#rows.setSteady(this.#place, false);
  }

  get sourceStatus(): "firing" | "resolved" {
    return this.#sourceStatus;
  }

  set sourceStatus(status: "firing" | "resolved") {
    this.#sourceStatus = status;
    this.#rows.setSteady(this.#place, false);
  }

  get late(): boolean {
    return this.#late;
  }

  set late(isLate: boolean) {
    this.#late = isLate;
    this.#rows.setSteady(this.#place, false);
  }

  get firstSeenAt(): UnixMillis {
    return this.#rows.firstSeenAt(this.#place);
  }

  set firstSeenAt(at: UnixMillis) {
    if (at !== this.firstSeenAt) this.#changes = this.changes;
    this.#rows.setFirstSeenAt(this.#place, at);
  }

  get resolvedAt(): UnixMillis | null {
    return this.#resolvedAt;
  }

  set resolvedAt(at: UnixMillis | null) {
    const { changes } = this;
    this.#resolvedAt = at;
    this.changes = changes;
  }

  /** Not to be changed in place. */
  get changes(): UnixMillis[] {
    if (this.#changes === null) return [this.firstSeenAt];
    return this.#changes === THERE_AND_BACK ? [this.firstSeenAt, this.#resolvedAt ?? 0] : this.#changes;
  }

  set changes(changes: UnixMillis[]) {
    if (changes.length > 2 || changes[0] !== this.firstSeenAt) this.#changes = changes;
    else if (changes.length === 1) this.#changes = null;
    else this.#changes = changes[1] === this.#resolvedAt ? THERE_AND_BACK : changes;
  }

  get occurredAt(): UnixMillis {
    return this.#rows.occurredAt(this.#place);
  }

  set occurredAt(at: UnixMillis) {
    this.#rows.setOccurredAt(this.#place, at);
  }

  get lastSeenAt(): UnixMillis {
    return this.#rows.lastSeenAt(this.#place);
  }

  set lastSeenAt(at: UnixMillis) {
    this.#rows.setLastSeenAt(this.#place, at);
  }

  get lastOccurredAt(): UnixMillis {
    return this.#rows.lastOccurredAt(this.#place);
  }

  set lastOccurredAt(at: UnixMillis) {
    this.#rows.setLastOccurredAt(this.#place, at);
  }

  get count(): number {
    return this.#rows.count(this.#place);
  }

  set count(count: number) {
    this.#rows.setCount(this.#place, count);
  }

  get expiresAfterMs(): Milliseconds | null {
    return this.#rows.expiresAfterMs(this.#place);
  }

  set expiresAfterMs(afterMs: Milliseconds | null) {
    this.#rows.setExpiresAfterMs(this.#place, afterMs);
  }

  get expiresAt(): UnixMillis | null {
    return this.#rows.expiresAt(this.#place);
  }

  set expiresAt(at: UnixMillis | null) {
    this.#rows.setExpiresAt(this.#place, at);
  }

  toJSON(): Alert {
    return plainAlert(this);
  }

  private fillRow(alert: Readonly<Alert>): void {
    this.#rows.setFirstSeenAt(this.#place, alert.firstSeenAt);
    this.occurredAt = alert.occurredAt;
    this.lastSeenAt = alert.lastSeenAt;
    this.lastOccurredAt = alert.lastOccurredAt;
    this.count = alert.count;
    this.expiresAfterMs = alert.expiresAfterMs;
    this.expiresAt = alert.expiresAt;
  }
}

/** All of it as it is now, in an object of its own. */
export function plainAlert(alert: Readonly<Alert>): Alert {
  return {
    id: alert.id,
    ci: alert.ci,
    source: alert.source,
    check: alert.check,
    instance: alert.instance,
    status: alert.status,
    severity: alert.severity,
    summary: alert.summary,
    labels: alert.labels,
    annotations: alert.annotations,
    links: alert.links,
    episode: alert.episode,
    firstSeenAt: alert.firstSeenAt,
    lastSeenAt: alert.lastSeenAt,
    resolvedAt: alert.resolvedAt,
    occurredAt: alert.occurredAt,
    lastOccurredAt: alert.lastOccurredAt,
    count: alert.count,
    expiresAfterMs: alert.expiresAfterMs,
    expiresAt: alert.expiresAt,
    changes: alert.changes,
    flapping: alert.flapping,
    incident: alert.incident,
    withheld: alert.withheld,
    suppressedBy: alert.suppressedBy,
    unobservedSince: alert.unobservedSince,
    sourceStatus: alert.sourceStatus,
    late: alert.late,
    joinedAt: alert.joinedAt,
    joinReason: alert.joinReason,
  };
}

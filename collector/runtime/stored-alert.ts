import { ALERT_STATUSES, type Alert } from "../core/model/alert.ts";
import { type AlertDraft, blankAlert } from "../core/model/blank-alert.ts";
import type { Labels, Link } from "../core/model/event.ts";
import { plainAlert } from "../core/model/live-alert.ts";
import type { Noted } from "../core/model/evidence.ts";
import { SEVERITIES } from "../core/model/severity.ts";
import type { Milliseconds, UnixMillis } from "../core/model/time.ts";

/** The first element of the list: how the rest is to be read. */
const FORM = 2;
/** As `FORM`, without `noted`. */
const FORM_BEFORE = 1;

/** Milliseconds after `firstSeenAt`. */
type After = number;

/** What nearly every alert has. */
type Head = [
  form: typeof FORM,
  ci: string,
  source: string,
  check: string,
  instance: string,
  status: number,
  severity: number,
  summary: string,
  labels: Labels,
  episode: number,
  firstSeenAt: UnixMillis,
  lastSeenAt: After,
  occurredAt: After,
  lastOccurredAt: After,
  count: number,
  expiresAt: After | null,
  changes: After[],
  incident: string | null,
  joinedAt: After | null,
  joinReason: string,
  /** See `Correlator.noted`; 0 = nothing. */
  noted: Noted | 0,
];

/** What few have: left out where all of it is as in `PLAIN`. */
type Tail = [
  resolvedAt: After | null,
  sourceStatus: 0 | 1,
  annotations: Labels,
  links: readonly Link[],
  expiresAfterMs: Milliseconds | null,
  flapping: boolean,
  withheld: string | null,
  suppressedBy: readonly string[],
  unobservedSince: After | null,
  late: boolean,
];

/**
 * An alert as the store keeps it: a list rather than an object, times as distances. It is a third as long as the object's
 * JSON and takes a third of the time to write and to read; alerts are most of what is written and of what a restart reads.
 * Its id is kept beside it.
 */
export function alertText(alert: Readonly<Alert>, noted: Noted | null): string {
  const from = alert.firstSeenAt;
  // A distance is exact for whole numbers only; nothing else is a time of ours.
  if (!isWhole(alert)) return JSON.stringify({ ...plainAlert(alert), noted });
  const head: Head = [
    FORM,
    alert.ci,
    alert.source,
    alert.check,
    alert.instance,
    ALERT_STATUSES.indexOf(alert.status),
    SEVERITIES.indexOf(alert.severity),
    alert.summary,
    alert.labels,
    alert.episode,
    from,
    alert.lastSeenAt - from,
    alert.occurredAt - from,
    alert.lastOccurredAt - from,
    alert.count,
    after(alert.expiresAt, from),
    alert.changes.map((at) => at - from),
    alert.incident,
    after(alert.joinedAt, from),
    alert.joinReason,
    noted ?? 0,
  ];
  if (isPlain(alert)) return JSON.stringify(head);
  const tail: Tail = [
    after(alert.resolvedAt, from),
    alert.sourceStatus === "firing" ? 0 : 1,
    alert.annotations,
    alert.links,
    alert.expiresAfterMs,
    alert.flapping,
    alert.withheld,
    alert.suppressedBy,
    after(alert.unobservedSince, from),
    alert.late,
  ];
  return JSON.stringify([...head, ...tail]);
}

/** Reads one alert after the other into one object: who takes an alert from it takes a copy. */
export class AlertReader {
  private readonly alert = blankAlert();

  /** @throws when the text is not one of ours: the store is damaged. */
  read(id: string, text: string): StoredAlert {
    return readInto(this.alert, id, text);
  }
}

/** @throws when the text is not one of ours: the store is damaged. */
export function readAlert(id: string, text: string): StoredAlert {
  return readInto(blankAlert(), id, text);
}

function readInto(alert: AlertDraft, id: string, text: string): StoredAlert {
  const stored: unknown = JSON.parse(text);
  // Before there was this form an alert was kept as an object.
  if (!Array.isArray(stored)) {
    const { noted = null, ...alert } = stored as Alert & { noted?: Noted | null };
    return { alert, noted };
  }
  if (stored[0] === FORM_BEFORE) stored.splice(HEAD_LENGTH - 1, 0, 0);
  else if (stored[0] !== FORM)
    throw new Error(`alert ${id} has the form ${String(stored[0])}, which this program cannot read`);
  alert.id = id;
  const head = stored as Head;
  readHead(alert, head);
  readTail(alert, stored.length > HEAD_LENGTH ? (stored.slice(HEAD_LENGTH) as Tail) : PLAIN, head[10]);
  return { alert, noted: head[20] === 0 ? null : head[20] };
}

/** By number: taking a list of thirty apart by name costs more than parsing it. */
function readHead(alert: Alert, head: Head): void {
  const from = head[10];
  alert.ci = head[1];
  alert.source = head[2];
  alert.check = head[3];
  alert.instance = head[4];
  alert.status = known(ALERT_STATUSES[head[5]], alert.id);
  alert.severity = known(SEVERITIES[head[6]], alert.id);
  alert.summary = head[7];
  alert.labels = head[8];
  alert.episode = head[9];
  alert.firstSeenAt = from;
  alert.lastSeenAt = head[11] + from;
  alert.occurredAt = head[12] + from;
  alert.lastOccurredAt = head[13] + from;
  alert.count = head[14];
  alert.expiresAt = before(head[15], from);
  alert.changes = head[16].map((after) => after + from);
  alert.incident = head[17];
  alert.joinedAt = before(head[18], from);
  alert.joinReason = head[19];
}

function readTail(alert: Alert, tail: Tail, from: UnixMillis): void {
  alert.resolvedAt = before(tail[0], from);
  alert.sourceStatus = tail[1] === 0 ? "firing" : "resolved";
  // One for all where there is nothing in it.
  alert.annotations = isEmpty(tail[2]) ? PLAIN[2] : tail[2];
  alert.links = tail[3].length === 0 ? PLAIN[3] : tail[3];
  alert.expiresAfterMs = tail[4];
  alert.flapping = tail[5];
  alert.withheld = tail[6];
  alert.suppressedBy = tail[7].length === 0 ? PLAIN[7] : tail[7];
  alert.unobservedSince = before(tail[8], from);
  alert.late = tail[9];
}

/** An alert, and what correlation knows of it beside. */
export interface StoredAlert {
  alert: Alert;
  noted: Noted | null;
}

const HEAD_LENGTH = 21;
const PLAIN: Tail = [null, 0, {}, [], null, false, null, [], null, false];

function known<T>(value: T | undefined, id: string): T {
  if (value === undefined) throw new Error(`alert ${id} has a status or severity that this program does not know`);
  return value;
}

function before(after: After | null, from: UnixMillis): UnixMillis | null {
  return after === null ? null : after + from;
}

function after(at: UnixMillis | null, from: UnixMillis): After | null {
  return at === null ? null : at - from;
}

function isPlain(alert: Readonly<Alert>): boolean {
  if (alert.resolvedAt !== null || alert.sourceStatus !== "firing" || alert.expiresAfterMs !== null) return false;
  if (alert.flapping || alert.late || alert.withheld !== null || alert.unobservedSince !== null) return false;
  if (alert.suppressedBy.length > 0 || alert.links.length > 0) return false;
  return isEmpty(alert.annotations);
}

function isEmpty(labels: Labels): boolean {
  for (const _ in labels) return false;
  return true;
}

function isWhole(alert: Readonly<Alert>): boolean {
  const { firstSeenAt, lastSeenAt, occurredAt, lastOccurredAt, resolvedAt, expiresAt, joinedAt, unobservedSince } =
    alert;
  return (
    Number.isSafeInteger(firstSeenAt) &&
    Number.isSafeInteger(lastSeenAt) &&
    Number.isSafeInteger(occurredAt) &&
    Number.isSafeInteger(lastOccurredAt) &&
    isWholeOrNull(resolvedAt) &&
    isWholeOrNull(expiresAt) &&
    isWholeOrNull(joinedAt) &&
    isWholeOrNull(unobservedSince) &&
    alert.changes.every(Number.isSafeInteger)
  );
}

function isWholeOrNull(at: UnixMillis | null): boolean {
  return at === null || Number.isSafeInteger(at);
}

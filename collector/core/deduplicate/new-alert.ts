import { alertId } from "../model/alert-table.ts";
import type { Alert } from "../model/alert.ts";
import { type AlertDraft, blankAlert } from "../model/blank-alert.ts";
import type { Event } from "../model/event.ts";
import type { UnixMillis } from "../model/time.ts";

/** One list for all alerts that nothing suppresses. */
export const UNSUPPRESSED: readonly string[] = [];

/**
 * The alert of an identity that was never heard of, before its first episode. One object for all of them, as it is thirty
 * fields that live for a moment: it is to be enrolled before the next one is asked for.
 */
export function newAlert(event: Readonly<Event>, ci: string, at: UnixMillis): Readonly<Alert> {
  const { source, check, instance, severity, summary, labels, annotations, links } = event;
  DRAFT.id = alertId(ci, source, check, instance);
  DRAFT.ci = ci;
  DRAFT.source = source;
  DRAFT.check = check;
  DRAFT.instance = instance;
  DRAFT.severity = severity;
  DRAFT.summary = summary;
  DRAFT.labels = labels;
  DRAFT.annotations = annotations;
  DRAFT.links = links;
  DRAFT.firstSeenAt = at;
  DRAFT.lastSeenAt = at;
  DRAFT.occurredAt = at;
  DRAFT.lastOccurredAt = at;
  return DRAFT;
}

const DRAFT: AlertDraft = { ...blankAlert(), suppressedBy: UNSUPPRESSED };

/** The source's word for when the condition began, when it gives one; else the time of the event. */
export function beganAt(event: Readonly<Event>, occurredAt: UnixMillis): UnixMillis {
  const since = saidSince(event);
  return since === null ? occurredAt : Math.min(since, occurredAt);
}

/** When the condition began, where the source says so apart from the time of its message. */
export function saidSince(event: Readonly<Event>): UnixMillis | null {
  if (event.since !== undefined) return event.since;
  const text = event.annotations["since"];
  if (text === undefined || !RFC3339.test(text)) return null;
  const since = Date.parse(text);
  return Number.isNaN(since) ? null : since;
}

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

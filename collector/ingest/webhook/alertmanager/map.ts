import type { Event } from "../../../core/model/event.ts";
import { hashHex } from "../../../core/model/hash.ts";
import { ALERTMANAGER } from "../../../core/model/posted-alert.ts";
import { at, listOf, timeAt } from "../../field.ts";
import { eventOf, InvalidAlert, prepareAlert, type PreparedAlert } from "../../prometheus-alert.ts";
import { UNSTATED_SEVERITY } from "../../severity.ts";
import { type MapContext, type Mapped, notOfKind, type WebhookKind } from "../webhook-kind.ts";

/** Alerts of one message that are read; Alertmanager itself cuts at `max_alerts`. */
const ALERTS_MAX = 20_000;

/**
 * The alerts of a message in Alertmanager's form, which Grafana shares. What is missing from the list is not resolved:
 * it may have been cut (`truncatedAlerts`), or belong to another group.
 *
 * @param adapt what the sender has of its own.
 */
export function groupedAlerts(
  body: unknown,
  context: MapContext,
  adapt: (prepared: PreparedAlert, alert: unknown) => PreparedAlert & { source: string },
): Mapped {
  const all = listOf(at(body, "alerts"));
  const events: Event[] = [];
  let invalid = 0;
  for (const alert of all.slice(0, ALERTS_MAX)) {
    try {
      events.push(eventOfAlert(alert, context, adapt));
    } catch (error) {
      if (!(error instanceof InvalidAlert)) throw error;
      invalid += 1;
    }
  }
  const tooMany = Math.max(0, all.length - ALERTS_MAX);
  return { events, dropped: { invalidAlert: invalid, truncated: truncatedOf(at(body, "truncatedAlerts")), tooMany } };
}

/** More than these nobody sends, and one wrong number must not spoil the counter for good. */
const TRUNCATED_MAX = 1_000_000;

function truncatedOf(said: unknown): number {
  const count = Number(said);
  return Number.isInteger(count) && count > 0 && count <= TRUNCATED_MAX ? count : 0;
}

function eventOfAlert(
  alert: unknown,
  context: MapContext,
  adapt: (prepared: PreparedAlert, alert: unknown) => PreparedAlert & { source: string },
): Event {
  const { now, ciLabels, isKnownCi } = context;
  const prepared = adapt(
    prepareAlert(at(alert, "labels"), at(alert, "annotations"), at(alert, "generatorURL"), {
      ciLabels,
      isKnownCi,
      unstatedSeverity: UNSTATED_SEVERITY,
    }),
    alert,
  );
  const firing = at(alert, "status") !== "resolved";
  const startsAt = Math.min(timeAt(at(alert, "startsAt")) ?? now, now);
  const id = hashHex([prepared.fingerprint, String(startsAt), firing ? "firing" : "resolved", String(now)]);
  // A webhook does not say until when: it is repeated at the sender's repeat interval, hours apart.
  const event = eventOf(prepared, { startsAt, endsAt: firing ? null : now, endIs: "assumed" }, now, id);
  return { ...event, source: prepared.source };
}

/** Alertmanager's webhook receiver, version 4. The same alerts as through its API, with the same identity. */
export const alertmanager: WebhookKind = {
  name: "alertmanager",
  map(message, context) {
    const body = message.json();
    if (!Array.isArray(at(body, "alerts"))) throw notOfKind("alertmanager", "a list `alerts` is expected");
    return groupedAlerts(body, context, (prepared) => ({ ...prepared, source: ALERTMANAGER }));
  },
};

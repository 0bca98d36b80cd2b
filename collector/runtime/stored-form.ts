import type { Alert } from "../core/model/alert.ts";
import type { Effect, Entity, EntityKind } from "../core/model/effect.ts";
import type { Noted } from "../core/model/evidence.ts";
import type { AlertId, IncidentId } from "../core/model/identity.ts";
import { RestoredAlerts } from "../core/restored-alerts.ts";
import type { DeliveryOutcome } from "../core/model/input.ts";
import type { Notification } from "../core/model/notification.ts";
import type { UnixMillis } from "../core/model/time.ts";
import { type LoadedEntity, type OutboxRow, type StoredEntity, type Touch, sortKey } from "../port/store.ts";
import { AlertReader, alertText, type StoredAlert } from "./stored-alert.ts";
import { type AlertOf, incidentText, type ReadIncident, readIncident, withMembers } from "./stored-incident.ts";
import type { NotificationKind } from "../core/model/notification-kind.ts";

/**
 * The entity as it is now, as text.
 * @param alertOf the alerts as they are now: they must be stored with it.
 */
export function storedEntity(entity: Entity, alertOf: AlertOf, noted: NotedOf): StoredEntity {
  const { kind, id } = entity;
  return {
    kind,
    id,
    status: kind === "alert" || kind === "incident" ? entity.value.status : "",
    sort: sortKey(bornAt(entity), id),
    alias: kind === "incident" ? String(entity.value.number) : null,
    body: textOf(entity, alertOf, noted),
  };
}

/** What correlation knows now, to be stored with what it is about: see `Correlator.noted` and `threadOf`. */
export interface NotedOf {
  alert: (id: AlertId) => Noted | null;
  incident: (id: IncidentId) => Noted | null;
}

function textOf(entity: Entity, alertOf: AlertOf, noted: NotedOf): string {
  if (entity.kind === "alert") return alertText(entity.value, noted.alert(entity.id));
  if (entity.kind === "incident") return incidentText(entity.value, noted.incident(entity.id), alertOf);
  return JSON.stringify(entity.value);
}

export function removedEntity(kind: EntityKind, id: string): StoredEntity {
  return { kind, id, status: "", sort: "", alias: null, body: null };
}

/** Everything that was stored, read page by page; members of incidents are found when all alerts are there. */
export class StoredReader {
  readonly alerts = new RestoredAlerts();
  private readonly alertReader = new AlertReader();
  private readonly others: Entity[] = [];
  private readonly incidents: ReadIncident[] = [];

  /** @throws when a text is not what `storedEntity` wrote: the store is damaged. */
  read(page: readonly LoadedEntity[]): void {
    for (const entity of page) {
      const { kind, id, body, touch } = entity;
      if (kind === "alert") {
        const { alert, noted } = touched(this.alertReader.read(id, body), touch);
        this.alerts.take(alert, noted);
      } else if (kind === "incident") this.incidents.push(readIncident(id, body));
      else this.others.push({ kind, id, value: JSON.parse(body) as unknown } as Entity);
    }
  }

  /** All of it but `alerts`. */
  *entities(): Iterable<Entity> {
    const { table } = this.alerts;
    const alertOf: AlertOf = (alert) => table.get(alert);
    for (const read of this.incidents) {
      const { incident: value, noted } = withMembers(read, alertOf);
      yield { kind: "incident", id: value.id, value, noted };
    }
    yield* this.others;
  }
}

function touched(stored: StoredAlert, touch: Touch | null): StoredAlert {
  if (touch === null) return stored;
  const { alert } = stored;
  alert.lastSeenAt = touch.lastSeenAt;
  alert.lastOccurredAt = touch.lastOccurredAt;
  alert.count = touch.count;
  alert.expiresAfterMs = touch.expiresAfterMs;
  alert.expiresAt = touch.expiresAt;
  return stored;
}

/** By what lists of this kind are ordered. */
function bornAt(entity: Entity): UnixMillis {
  switch (entity.kind) {
    case "alert":
      return entity.value.firstSeenAt;
    case "incident":
      return entity.value.openedAt;
    case "problem":
      return entity.value.firstAt;
    case "silence":
      return entity.value.createdAt;
    case "maintenance":
      return entity.value.from;
    case "agent":
    case "learned":
    case "meta":
      return 0;
  }
}

export function touchOf(alert: Alert): Touch {
  const { id, lastSeenAt, lastOccurredAt, count, expiresAfterMs, expiresAt } = alert;
  return { alert: id, lastSeenAt, lastOccurredAt, count, expiresAfterMs, expiresAt };
}

/**
 * The notifications of one effect list as rows. One decision tells several receivers with one document: it is turned into
 * text once.
 */
export function outboxRows(effects: readonly Effect[]): OutboxRow[] {
  const texts = new Map<Notification["document"], string>();
  const rows: OutboxRow[] = [];
  for (const effect of effects) {
    if (effect.kind !== "notify") continue;
    const { document, ...head } = effect.notification;
    const text = texts.get(document) ?? JSON.stringify(document);
    texts.set(document, text);
    rows.push({
      key: head.idempotencyKey,
      receiver: head.receiver,
      incident: head.incident,
      kind: head.kind,
      revision: head.revision,
      page: head.page,
      createdAt: head.at,
      body: `${JSON.stringify(head).slice(0, -1)},"document":${text}}`,
      attempts: 0,
      nextAttemptAt: head.at,
    });
  }
  return rows;
}

export function readNotification(row: OutboxRow): Notification {
  return JSON.parse(row.body) as Notification;
}

/** How a row ended, as the core is told. */
export function outcomeOf(row: OutboxRow, status: DeliveryOutcome["status"], reason: string | null): DeliveryOutcome {
  const { key, incident, receiver } = row;
  return { idempotencyKey: key, incident, receiver, kind: row.kind as NotificationKind, status, reason };
}

import type { Alert } from "../core/model/alert.ts";
import type { Effect, Entity, EntityKind } from "../core/model/effect.ts";
import type { DeliveryOutcome } from "../core/model/input.ts";
import type { Notification } from "../core/model/notification.ts";
import type { UnixMillis } from "../core/model/time.ts";
import { type LoadedEntity, type OutboxRow, type StoredEntity, type Touch, sortKey } from "../port/store.ts";
import { alertText, readAlert } from "./stored-alert.ts";
import type { NotificationKind } from "../core/model/notification-kind.ts";

/** The entity as it is now, as text. */
export function storedEntity(entity: Entity): StoredEntity {
  const { kind, id } = entity;
  return {
    kind,
    id,
    status: kind === "alert" || kind === "incident" ? entity.value.status : "",
    sort: sortKey(bornAt(entity), id),
    alias: kind === "incident" ? String(entity.value.number) : null,
    body: kind === "alert" ? alertText(entity.value) : JSON.stringify(entity.value),
  };
}

export function removedEntity(kind: EntityKind, id: string): StoredEntity {
  return { kind, id, status: "", sort: "", alias: null, body: null };
}

/** @throws when the text is not what `storedEntity` wrote: the store is damaged. */
export function readEntity({ kind, id, body, touch }: LoadedEntity): Entity {
  if (kind === "alert") return { kind, id, value: touched(readAlert(id, body), touch) };
  const value: unknown = JSON.parse(body);
  return { kind, id, value } as Entity;
}

function touched(alert: Alert, touch: Touch | null): Alert {
  if (touch === null) return alert;
  alert.lastSeenAt = touch.lastSeenAt;
  alert.lastOccurredAt = touch.lastOccurredAt;
  alert.count = touch.count;
  alert.expiresAt = touch.expiresAt;
  return alert;
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
  const { id, lastSeenAt, lastOccurredAt, count, expiresAt } = alert;
  return { alert: id, lastSeenAt, lastOccurredAt, count, expiresAt };
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

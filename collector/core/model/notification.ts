import type { IncidentDocument } from "./document.ts";
import type { IncidentId } from "./identity.ts";
import type { UnixMillis } from "./time.ts";
import type { NotificationKind } from "./notification-kind.ts";

/** One message on one revision of an incident to one receiver. It is a page if it asks a person to act now. */
export interface Notification {
  /** Equal for every attempt and after every crash: made from incident, opening, kind, revision and receiver. */
  idempotencyKey: string;
  incident: IncidentId;
  revision: number;
  receiver: string;
  kind: NotificationKind;
  page: boolean;
  at: UnixMillis;
  /** Why it was decided, in plain words. */
  reason: string;
  /** The incident as it was when the decision was taken. */
  document: IncidentDocument;
}

/** A message that was decided and that its receiver has not taken yet: it is being sent, or is tried again. */
export interface WaitingMessage {
  receiver: string;
  kind: NotificationKind;
  page: boolean;
  /** When it was decided. */
  at: UnixMillis;
  /** Those that have failed. */
  attempts: number;
  /** Why the receiver's last attempt failed, of this message or of another; null = it did not, or there was none yet. */
  failure: string | null;
}

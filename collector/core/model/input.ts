import type { AlertRefs } from "./alert-ref.ts";
import type { CmdbDocument, CiId, MaintenanceWindow } from "./ci.ts";
import type { Event } from "./event.ts";
import type { IncidentId } from "./identity.ts";
import type { NotificationKind } from "./notification-kind.ts";
import type { MetricSample } from "./metric-evidence.ts";
import type { CoreSettings } from "./settings.ts";
import type { Severity } from "./severity.ts";
import type { Silence } from "./silence.ts";
import type { Milliseconds, UnixMillis } from "./time.ts";

/** What a person, or a tool in a person's name, asks of the core. `actor` is the token's name. */
export type Command =
  | { type: "acknowledge"; incident: IncidentId; note?: string }
  | { type: "resolve"; incident: IncidentId; note?: string }
  | { type: "assign"; incident: IncidentId; owner: string | null }
  | { type: "note"; incident: IncidentId; text: string }
  | { type: "merge"; incident: IncidentId; into: IncidentId }
  | { type: "split"; incident: IncidentId; alerts: string[] }
  | { type: "rootCause"; incident: IncidentId; ci: CiId | null }
  | { type: "silence.put"; silence: Silence }
  | { type: "silence.expire"; id: string }
  | { type: "maintenance.put"; window: MaintenanceWindow }
  | { type: "maintenance.remove"; id: string }
  /** The host is gone for good: its agent is no longer expected, its alerts resolve. */
  | { type: "agent.forget"; ci: CiId }
  /** Event rules left events out before they could become an alert; the ledger keeps that, so that `why` can tell. */
  | ({ type: "events.dropped" } & DroppedEvents);

/** Events of one check that one rule left out. */
export interface DroppedEvents {
  rule: string;
  /** The rule's own reason, "" where it gives none. */
  reason: string;
  /** As the source names it. */
  ci: string;
  source: string;
  check: string;
  instance: string;
  severity: Severity;
  summary: string;
  /** How many since the last such record; at least 1. */
  count: number;
}

/** How a notification ended; attempts in between are the runtime's business. */
export interface DeliveryOutcome {
  idempotencyKey: string;
  incident: IncidentId;
  receiver: string;
  kind: NotificationKind;
  status: "delivered" | "failed" | "superseded";
  /** Closed list, may label a metric; null when delivered. */
  reason: string | null;
}

/**
 * The source of these alerts says of each, unchanged, what it said last. Does what the events would, for a row of numbers each:
 * senders repeat whole alerts every minute.
 */
export interface Repetition {
  alerts: AlertRefs;
  occurredAt: UnixMillis;
  /** Until when it holds if it is not repeated, as `Event.expiresAt`. */
  expiresAt: UnixMillis;
  /** As `Event.expiresAfterMs`: 0 where their source gave that moment. */
  expiresAfterMs: Milliseconds;
}

/**
 * What enters the core. `at` is given once, by the runtime, monotonic across restarts: the core's only clock.
 * `restarted` tells that the process was not observing between `from` and `at`: no absence may be concluded from it.
 */
export type Input =
  | { kind: "event"; at: UnixMillis; event: Event }
  | ({ kind: "again"; at: UnixMillis } & Repetition)
  | { kind: "tick"; at: UnixMillis }
  /** An agent was heard. Not journaled; when none comes for `missingAfterMs` the core itself raises `agent_missing` (source `collector`). */
  | { kind: "heartbeat"; at: UnixMillis; ci: CiId; agent: string; missingAfterMs: Milliseconds }
  /** One metric value, as evidence for root causes: it opens nothing by itself. Not journaled, and forgotten by a restart. */
  | { kind: "sample"; at: UnixMillis; sample: MetricSample }
  | { kind: "command"; at: UnixMillis; actor: string; command: Command }
  | { kind: "delivery"; at: UnixMillis; outcome: DeliveryOutcome }
  | { kind: "topology"; at: UnixMillis; cmdb: CmdbDocument }
  | { kind: "settings"; at: UnixMillis; settings: CoreSettings }
  | { kind: "restarted"; at: UnixMillis; from: UnixMillis };

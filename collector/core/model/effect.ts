import type { Alert } from "./alert.ts";
import type { Noted } from "./evidence.ts";
import type { Incident } from "./incident.ts";
import type { LedgerRecord } from "./ledger.ts";
import type { Notification } from "./notification.ts";
import type { Problem } from "./problem.ts";
import type { Repeated } from "./repeated.ts";
import type { Silence } from "./silence.ts";
import type { MaintenanceWindow } from "./ci.ts";

/** What became of one input, told to whoever sent it. */
export type Outcome =
  | {
      status: "accepted";
      alert: string | null;
      incident: string | null;
      /** Of a repetition: places in its list of alerts that changed since. Nothing was taken of these; their events must be sent. */
      missed?: readonly number[];
    }
  | { status: "duplicate" }
  | { status: "rejected"; code: string; message: string };

/**
 * Everything that is kept. The stored form is the JSON of the entity; `learned` and `meta` hold what correlation
 * has learned and counters. A restart gives all of them back to the core and nothing else.
 */
export type Entity =
  /** `noted`: as a restart gives it back; in effects it is the correlator that tells it when the entity is stored. */
  | { kind: "alert"; id: string; value: Alert; noted?: Noted | null }
  | { kind: "incident"; id: string; value: Incident; noted?: Noted | null }
  | { kind: "problem"; id: string; value: Problem }
  | { kind: "silence"; id: string; value: Silence }
  | { kind: "maintenance"; id: string; value: MaintenanceWindow }
  /** An agent that is expected to be heard; value: { ci, agent, missingAfterMs }. */
  | { kind: "agent"; id: string; value: unknown }
  | { kind: "learned"; id: string; value: unknown }
  | { kind: "meta"; id: string; value: unknown };

export type EntityKind = Entity["kind"];

/**
 * Data, never functions, in the order in which they were decided.
 *
 * `put` refers to the live entity: whoever keeps it must serialise it before the next `step`; within one batch only the
 * last `put` of an entity counts. `touch` is the cheap form for a re-notification that changed only `lastSeenAt`,
 * `lastOccurredAt`, `count`, `expiresAfterMs` and `expiresAt` of an alert; `repeated` is the same for many, as it is now.
 */
export type Effect =
  | { kind: "outcome"; outcome: Outcome }
  | { kind: "put"; entity: Entity }
  | { kind: "touch"; alert: Alert }
  | { kind: "repeated"; repeated: Repeated }
  | { kind: "remove"; entity: EntityKind; id: string }
  | { kind: "ledger"; record: LedgerRecord }
  | { kind: "notify"; notification: Notification }
  | { kind: "count"; metric: string; labels: Readonly<Record<string, string>>; by: number };

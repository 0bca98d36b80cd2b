import type { Alert } from "../core/model/alert.ts";
import type { Ci, CmdbDocument, MaintenanceWindow } from "../core/model/ci.ts";
import type { ChangeRecord } from "../core/model/correlation.ts";
import type { Effect, Entity } from "../core/model/effect.ts";
import type { EventIdMarks } from "../core/model/event-id.ts";
import type { Noted } from "../core/model/evidence.ts";
import type { Incident } from "../core/model/incident.ts";
import type { Input } from "../core/model/input.ts";
import type { Problem } from "../core/model/problem.ts";
import type { CoreSettings } from "../core/model/settings.ts";
import type { Silence } from "../core/model/silence.ts";
import type { UnixMillis } from "../core/model/time.ts";
import type { AlertId, IncidentId } from "../core/model/identity.ts";
import type { RestoredAlerts } from "../core/restored-alerts.ts";

/** What a core is built from: what the store gave back. */
export interface StoredState {
  alerts: RestoredAlerts;
  /** All but `alerts`. To be read once. */
  entities: Iterable<Entity>;
  /** Oldest first. */
  eventIds: readonly EventIdMarks[];
  /** Of the last commit; 0 in a new data directory. */
  at: UnixMillis;
}

/**
 * The core as the runtime sees it: one state that it drives, and may look at between two steps.
 * What a read returns belongs to the core and changes with the next step.
 */
export interface Core {
  /** Exactly one `outcome` effect for each event and command. */
  step(input: Input): readonly Effect[];
  /** When a tick is due; null = nothing waits. */
  nextWakeAt(): UnixMillis | null;

  /** How many more alerts may become active. O(1). */
  alertRoom(): number;
  alert(id: AlertId): Readonly<Alert> | undefined;
  /** See `AlertRefs`. */
  placeOf(id: AlertId): number;
  /** What is to be stored with it. */
  noted(id: AlertId): Noted | null;
  /** The same of an incident. */
  threadOf(id: IncidentId): Noted | null;
  /** All in memory, also resolved ones; in no useful order. */
  alerts(): Iterable<Readonly<Alert>>;
  /** Those with a label, as matchers see it; not for the empty text. In no useful order. */
  alertsWithLabel(name: string, value: string): readonly Readonly<Alert>[];
  incident(id: IncidentId): Readonly<Incident> | undefined;
  /** All that are not closed, by number. */
  incidents(): Iterable<Readonly<Incident>>;
  problems(): Iterable<Readonly<Problem>>;
  /** One list a CI, each oldest first. */
  changes(): Iterable<readonly ChangeRecord[]>;
  silences(): readonly Silence[];
  maintenance(): readonly MaintenanceWindow[];
  settings(): Readonly<CoreSettings>;
  cmdb(): CmdbDocument;
  /** By id, name or alias. */
  ci(name: string): Readonly<Ci> | undefined;
  receiversOf(alert: Readonly<Alert>): readonly string[];
  /**
   * To be called in an idle moment: makes smaller what nobody asks for, at most so much at a time.
   *
   * @returns how much it was; as much as may be: there may be more
   */
  rest(membersMax: number): number;
  counts(): { openIncidents: number; activeAlerts: number; cis: number; relations: number };
}

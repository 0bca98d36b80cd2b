import type { AlertDocument, IncidentDocument } from "../core/model/document.ts";
import type { AlertStatus } from "../core/model/alert.ts";
import type { Alert } from "../core/model/alert.ts";
import type { Ci, CmdbDocument, MaintenanceWindow } from "../core/model/ci.ts";
import type { ChangeRecord } from "../core/model/correlation.ts";
import type { IncidentStatus } from "../core/model/incident.ts";
import type { CoreSettings } from "../core/model/settings.ts";
import type { Problem } from "../core/model/problem.ts";
import type { Silence } from "../core/model/silence.ts";
import type { LedgerQuery, StoredLedgerRecord } from "./store.ts";

export interface Page<T> {
  items: T[];
  /** Opaque; null on the last page. */
  next: string | null;
}

export interface ListQuery<Status extends string> {
  /** undefined = what is not over (open and acknowledged; pending, firing and unobserved). */
  statuses: readonly Status[] | "all" | undefined;
  /** A CI's id, name or alias. */
  ci?: string;
  limit: number;
  /** What a page before answered as `next`. A text that is none: the answer is refused with `Refusal` 400 `badCursor`. */
  cursor: string | null;
}

/** Reads. Everything answered here is committed. */
export interface Query {
  incidents(query: ListQuery<IncidentStatus>): Promise<Page<IncidentDocument>>;
  /** By id or by number. */
  incident(idOrNumber: string): Promise<IncidentDocument | undefined>;
  alerts(query: ListQuery<AlertStatus>): Promise<Page<AlertDocument>>;
  /** The live alerts, for adapters that must answer in their own form; do not keep, do not change. */
  liveAlerts(): Iterable<Readonly<Alert>>;
  /** Where the core has an alert, which makes it cheap to find: see `AlertRefs`. −1 = it is not in memory. */
  placeOf(alert: string): number;
  /** Of an alert, also one that is over and still kept; empty where it is not known. */
  annotations(alert: string): Promise<Readonly<Record<string, string>>>;
  /** Those of them that have this label, as matchers see it, without a look at all; not for the empty text. */
  liveAlertsWith?(name: string, value: string): Iterable<Readonly<Alert>>;
  /** Deployments, package and configuration changes; newest first. `ci`: id, name or alias. */
  changes(query: { ci?: string; limit: number; cursor: string | null }): Promise<Page<ChangeRecord>>;
  problems(query: { limit: number; cursor: string | null }): Promise<Page<Problem>>;
  ledger(query: LedgerQuery): Promise<Page<StoredLedgerRecord>>;
  /** With those that have ended and are still kept. */
  silences(): Silence[];
  /** The settings that decide now: routes, inhibitions. */
  settings(): Readonly<CoreSettings>;
  /** Names of all configured receivers, in the order of the configuration. */
  receivers(): readonly string[];
  /**
   * To whom the routes send this alert: the receivers of its incident, or, while it is in none, those an incident
   * with this alert alone would have. Empty = no route matches. Called for every alert of a list: keep it cheap.
   */
  receiversOf(alert: Readonly<Alert>): readonly string[];
  maintenance(): MaintenanceWindow[];
  /** The CMDB as the core has it now, unknown CIs included. */
  cmdb(): CmdbDocument;
  ci(name: string): Ci | undefined;
  counts(): { openIncidents: number; activeAlerts: number; cis: number; relations: number };
}

/** Something changed that a reader may want to see; sent after the commit. */
export interface Change {
  kind: "incident" | "alert" | "notification";
  id: string;
  revision: number;
}

export interface ChangeFeed {
  /** Returns the function that ends the subscription. A slow subscriber loses changes, never blocks. */
  subscribe(listener: (change: Change) => void): () => void;
}

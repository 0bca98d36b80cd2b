import type { AlertDocument, IncidentDocument } from "../core/model/document.ts";
import type { NotificationKind } from "../core/model/notification-kind.ts";
import type { Priority } from "../core/model/severity.ts";

/** One notification as the result shows it. */
export interface ReplayNotification {
  at: string;
  kind: NotificationKind;
  page: boolean;
  receiver: string;
  priority: Priority;
  /** The verdict at that moment. */
  rootCause: string | null;
  reason: string;
}

/** An alert episode with the events that it was made of. */
export interface ReplayAlert extends AlertDocument {
  episode: number;
  eventIds: string[];
}

export interface ReplayIncident extends Omit<IncidentDocument, "alerts"> {
  alerts: ReplayAlert[];
  notifications: ReplayNotification[];
}

export interface ReplayStats {
  lines: number;
  events: number;
  duplicates: number;
  changes: number;
  samples: number;
  /** Events that a rule dropped. */
  dropped: number;
  badLines: number;
  alerts: number;
  incidents: number;
  pages: number;
  notifications: number;
  suppressed: number;
  firstAt: string | null;
  lastAt: string | null;
}

/** The form of `scenarios/CONTRACT.md`. */
export interface ReplayResult {
  incidents: ReplayIncident[];
  stats: ReplayStats;
}

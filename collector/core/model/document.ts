import type { Alert, AlertStatus } from "./alert.ts";
import type { Incident, Impact, IncidentStatus, Member, RootCause } from "./incident.ts";
import { sightedOf } from "./member.ts";
import type { Labels, Link } from "./event.ts";
import type { Priority, Severity } from "./severity.ts";
import { formatTime } from "./time.ts";
import type { IncidentId } from "./identity.ts";

/** The alert as API, webhook and replay show it. Times are RFC 3339, UTC, milliseconds. */
export interface AlertDocument {
  id: string;
  ci: string;
  source: string;
  check: string;
  instance: string;
  status: AlertStatus;
  severity: Severity;
  summary: string;
  labels: Labels;
  firstSeenAt: string;
  lastSeenAt: string;
  resolvedAt: string | null;
  count: number;
  incident: IncidentId | null;
  /** The web address that its source names for what to do; absent where it names none. */
  runbook?: string;
  /** Other pages that its source names: the graph, the dashboard, its own view; absent where it names none. */
  links?: readonly Link[];
  /** In the list of alerts, what mutes it: `silence:ID`, `maintenance:ID`, `inhibition:ALERT`, `dependency:CI`; absent = nothing. */
  suppressedBy?: readonly string[];
}

/** Who or what keeps an incident from being told. */
export interface IncidentMute {
  /** `silence`, `maintenance`, `inhibition` or `dependency`. */
  by: string;
  /** Of the silence, the window, the alert or the CI. */
  id: string;
  owner: string | null;
  reason: string;
  /** null = not known beforehand. */
  until: string | null;
}

/** What of an alert an incident does not keep itself. */
export type AlertDetails = Readonly<Pick<Alert, "labels" | "links" | "incident" | "episode" | "lastSeenAt" | "count">>;

/** The incident as API, webhook and replay show it. */
export interface IncidentDocument {
  id: IncidentId;
  number: number;
  status: IncidentStatus;
  severity: Severity;
  priority: Priority;
  title: string;
  openedAt: string;
  acknowledgedAt: string | null;
  resolvedAt: string | null;
  rootCause: RootCause;
  impact: Impact;
  alerts: AlertDocument[];
  owner: string | null;
  timeline: { at: string; kind: string; text: string; actor: string | null }[];
  revision: number;
  mergedInto: IncidentId | null;
  problem: string | null;
  /** As the API shows it now: while all that is active in it is muted, by what; absent = something of it may be told. */
  muted?: IncidentMute[];
}

export function alertDocument(alert: Alert): AlertDocument {
  return {
    id: alert.id,
    ci: alert.ci,
    source: alert.source,
    check: alert.check,
    instance: alert.instance,
    status: alert.status,
    severity: alert.severity,
    summary: alert.summary,
    labels: alert.labels,
    firstSeenAt: formatTime(alert.firstSeenAt),
    lastSeenAt: formatTime(alert.lastSeenAt),
    resolvedAt: formatTime(alert.resolvedAt),
    count: alert.count,
    incident: alert.incident,
    ...runbookOf(alert.links),
    ...pagesOf(alert.links),
  };
}

/** As a link is called that is one; people write it in both cases. */
const RUNBOOK = "runbook";
const isRunbook = ({ text }: Link): boolean => text.toLowerCase() === RUNBOOK;

function runbookOf(links: readonly Link[]): { runbook?: string } {
  const found = links.find(isRunbook);
  return found === undefined ? {} : { runbook: found.href };
}

function pagesOf(links: readonly Link[]): { links?: readonly Link[] } {
  const pages = links.filter((link) => !isRunbook(link));
  return pages.length === 0 ? {} : { links: pages };
}

/** Alerts of an incident that are shown with their links: addresses are long, and a message has an end. */
const LINKED_MAX = 20;

function memberDocument(
  member: Member,
  incident: IncidentId,
  details: AlertDetails | undefined,
  isLinked: boolean,
): AlertDocument {
  const { lastSeenAt, count } = sightedOf(member, details, incident);
  return {
    id: member.alert,
    ci: member.ci,
    source: member.source,
    check: member.check,
    instance: member.instance,
    status: member.status,
    severity: member.severity,
    summary: member.summary,
    labels: details?.labels ?? {},
    firstSeenAt: formatTime(member.firstSeenAt),
    lastSeenAt: formatTime(lastSeenAt),
    resolvedAt: formatTime(member.resolvedAt),
    count,
    incident,
    ...runbookOf(details?.links ?? []),
    ...(isLinked ? pagesOf(details?.links ?? []) : {}),
  };
}

/**
 * The incident as a reader sees it.
 *
 * @param detailsOf an alert that is still in memory; undefined for one that is not.
 * @param alertsMax the longest list of alerts to show; the worst and earliest come first.
 */
export function incidentDocument(
  incident: Incident,
  detailsOf: (id: string) => AlertDetails | undefined,
  alertsMax = 1000,
): IncidentDocument {
  return {
    id: incident.id,
    number: incident.number,
    status: incident.status,
    severity: incident.severity,
    priority: incident.priority,
    title: incident.title,
    openedAt: formatTime(incident.openedAt),
    acknowledgedAt: formatTime(incident.acknowledgedAt),
    resolvedAt: formatTime(incident.resolvedAt),
    rootCause: incident.rootCause,
    impact: incident.impact,
    alerts: incident.members
      .slice(0, alertsMax)
      .map((member, index) => memberDocument(member, incident.id, detailsOf(member.alert), index < LINKED_MAX)),
    owner: incident.owner,
    timeline: incident.timeline.map((entry) => ({ ...entry, at: formatTime(entry.at) })),
    revision: incident.revision,
    mergedInto: incident.mergedInto,
    problem: incident.problem,
  };
}

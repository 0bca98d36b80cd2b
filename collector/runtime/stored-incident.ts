import type { Alert } from "../core/model/alert.ts";
import type { Noted } from "../core/model/evidence.ts";
import type { AlertId } from "../core/model/identity.ts";
import type { Incident, Member } from "../core/model/incident.ts";
import { IncidentRecord, plainIncident } from "../core/model/incident-record.ts";
import { isAsItsAlert, newMember, sightedOf } from "../core/model/member.ts";

/** The live alert of this id; undefined = there is none. */
export type AlertOf = (id: AlertId) => Readonly<Alert> | undefined;

/** The first element of the list: how the rest is to be read. */
const FORM = 1;

/** An incident that is not over, but for its id, which is kept beside it. */
type Listed = [
  form: typeof FORM,
  number: number,
  status: Incident["status"],
  severity: Incident["severity"],
  priority: Incident["priority"],
  title: string,
  openedAt: number,
  acknowledgedAt: number | null,
  resolvedAt: number | null,
  reopened: number,
  openingAt: number,
  rootCause: Incident["rootCause"],
  rootPinned: boolean,
  membersPinned: boolean,
  impact: Incident["impact"],
  members: (Member | AlertId)[],
  alertCount: number,
  owner: string | null,
  timeline: Incident["timeline"],
  revision: number,
  problem: string | null,
  told: Incident["told"],
  holdUntil: number | null,
  holdReason: string | null,
  quietSince: number | null,
  rootClearSince: number | null,
  strayCheckAt: number | null,
  pageWorthy: boolean,
  pageReason: string,
  pageHoldUntil: number | null,
  updateDueAt: number | null,
  withheld: string | null,
  /** See `Correlator.threadOf`. */
  noted: Noted | null,
];

/** An incident, and what correlation knows of it beside. */
export interface StoredIncident {
  incident: Incident;
  noted: Noted | null;
}

/**
 * An incident as the store keeps it: a list, which is two thirds as long as the object, or the object itself once it is
 * closed and only read by people. Its members were nine tenths of a storm's incident, and it was written at each change:
 * a member that is what its alert says is therefore kept as the alert's id, for alerts are stored in the same commit. The
 * others (an older episode, one that was worse before) are kept whole, as are all members of a closed incident, which
 * outlives its alerts.
 *
 * Whoever lets a member and its alert part ways must put the incident in the same turn.
 */
export function incidentText(incident: Readonly<Incident>, noted: Noted | null, alertOf: AlertOf): string {
  const whole = (member: Readonly<Member>, alert = alertOf(member.alert)): Member => ({
    ...member,
    ...sightedOf(member, alert, incident.id),
  });
  if (incident.status === "closed" || incident.closedAt !== null || incident.mergedInto !== null)
    return JSON.stringify({ ...plainIncident(incident), members: incident.members.map((member) => whole(member)) });
  const listed: Listed = [
    FORM,
    incident.number,
    incident.status,
    incident.severity,
    incident.priority,
    incident.title,
    incident.openedAt,
    incident.acknowledgedAt,
    incident.resolvedAt,
    incident.reopened,
    incident.openingAt,
    incident.rootCause,
    incident.rootPinned,
    incident.membersPinned,
    incident.impact,
    incident.members.map((member) => {
      const alert = alertOf(member.alert);
      return alert !== undefined && isAsItsAlert(member, alert, incident.id) ? member.alert : whole(member, alert);
    }),
    incident.alertCount,
    incident.owner,
    incident.timeline,
    incident.revision,
    incident.problem,
    incident.told,
    incident.holdUntil,
    incident.holdReason,
    incident.quietSince,
    incident.rootClearSince,
    incident.strayCheckAt,
    incident.pageWorthy,
    incident.pageReason,
    incident.pageHoldUntil,
    incident.updateDueAt,
    incident.withheld,
    noted,
  ];
  return JSON.stringify(listed);
}

/** An incident whose members are not looked up yet: its alerts may still be to be read. */
export interface ReadIncident extends StoredIncident {
  members: readonly (Member | AlertId)[];
}

/** @throws when the text is not one of ours: the store is damaged. */
export function readIncident(id: string, text: string): ReadIncident {
  const stored: unknown = JSON.parse(text);
  // Before there was this form every incident was kept as an object.
  if (!Array.isArray(stored)) {
    const { members, ...incident } = stored as Omit<Incident, "members"> & { members: (Member | AlertId)[] };
    return { incident: new IncidentRecord({ ...incident, members: [] }), members, noted: null };
  }
  if (stored[0] !== FORM)
    throw new Error(`incident ${id} has the form ${String(stored[0])}, which this program cannot read`);
  const listed = stored as Listed;
  return { incident: incidentOf(id, listed), members: listed[15], noted: listed[32] };
}

/** @param alertOf as the alerts were stored; a member whose alert is no longer there is left out. */
export function withMembers({ incident, members, noted }: ReadIncident, alertOf: AlertOf): StoredIncident {
  incident.members = membersOf(members, incident.openedAt, alertOf);
  return { incident, noted };
}

/** By number: taking a list of thirty apart by name costs more than parsing it. */
function incidentOf(id: string, listed: Listed): Incident {
  return new IncidentRecord({
    id,
    number: listed[1],
    status: listed[2],
    severity: listed[3],
    priority: listed[4],
    title: listed[5],
    openedAt: listed[6],
    acknowledgedAt: listed[7],
    resolvedAt: listed[8],
    closedAt: null,
    reopened: listed[9],
    openingAt: listed[10],
    rootCause: listed[11],
    rootPinned: listed[12],
    membersPinned: listed[13],
    impact: listed[14].services.length === 0 ? { services: NO_SERVICES, cis: listed[14].cis } : listed[14],
    members: NO_MEMBERS,
    alertCount: listed[16],
    owner: listed[17],
    timeline: listed[18],
    revision: listed[19],
    mergedInto: null,
    problem: listed[20],
    told: listed[21].length === 0 ? NOBODY : listed[21],
    holdUntil: listed[22],
    holdReason: listed[23],
    quietSince: listed[24],
    rootClearSince: listed[25],
    strayCheckAt: listed[26],
    pageWorthy: listed[27],
    pageReason: listed[28],
    pageHoldUntil: listed[29],
    updateDueAt: listed[30],
    withheld: listed[31],
  });
}

// One list for all: most incidents hit no service that is known, and many are told to nobody.
const NO_MEMBERS: Incident["members"] = [];
const NO_SERVICES: Incident["impact"]["services"] = [];
const NOBODY: Incident["told"] = [];

function membersOf(stored: readonly (Member | AlertId)[], openedAt: number, alertOf: AlertOf): Member[] {
  // Not pushed: a list that grows has room for sixteen more, and most incidents have one member.
  const members = stored.map((member) => {
    if (typeof member !== "string") return member;
    const alert = alertOf(member);
    return alert === undefined ? null : newMember(alert, alert.joinedAt ?? openedAt, alert.joinReason);
  });
  return members.includes(null) ? members.filter((member) => member !== null) : (members as Member[]);
}

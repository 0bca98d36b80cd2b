import type { Alert } from "../model/alert.ts";
import type { Incident, Member } from "../model/incident.ts";
import { memberStatus, newMember } from "../model/member.ts";
import { worseSeverity } from "../model/severity.ts";
import type { IncidentState } from "./state.ts";

/** Counters only: the hot path. Two look-ups. */
export function touchMember(state: IncidentState, alert: Readonly<Alert>): void {
  const incident = alert.incident;
  if (incident === null) return;
  const member = state.incidents.member(incident, alert.id);
  if (member === undefined || member.episode !== alert.episode) return;
  member.lastSeenAt = alert.lastSeenAt;
  member.count = alert.count;
}

/** Brings the member up to date with its alert. True when a reader would see a difference beyond counters. */
export function refreshMember(state: IncidentState, incident: Incident, alert: Readonly<Alert>): boolean {
  const member = state.incidents.member(incident.id, alert.id);
  if (member === undefined) return false;
  if (!state.incidents.isKept(incident.id, alert.id)) return renewMember(state, incident, alert, member);
  const again = member.episode !== alert.episode;
  const status = memberStatus(alert);
  const severity = again ? alert.severity : worseSeverity(member.severity, alert.severity);
  const visible = again || member.status !== status || member.severity !== severity || member.summary !== alert.summary;
  if (again) state.incidents.renewed(incident);
  member.episode = alert.episode;
  member.severity = severity;
  member.summary = alert.summary;
  member.lastSeenAt = alert.lastSeenAt;
  member.resolvedAt = alert.resolvedAt;
  member.count = alert.count;
  state.incidents.setMemberStatus(incident, member, status);
  return visible;
}

/** Puts a member into the incident. One that is beyond the kept ones for that is made anew from its alert, or let go. */
export function enrolMember(state: IncidentState, incident: Incident, member: Member): void {
  const beyond = state.incidents.addMember(incident, member);
  if (beyond === null) return;
  const alert = state.alerts.get(beyond);
  const standing = state.incidents.member(incident.id, beyond);
  if (alert?.incident !== incident.id || standing?.episode !== alert.episode)
    state.incidents.release(incident.id, beyond);
  else refreshMember(state, incident, alert);
}

/** A member beyond the kept ones is what its alert says, no more: a restart makes it again from there. */
function renewMember(state: IncidentState, incident: Incident, alert: Readonly<Alert>, member: Member): boolean {
  const before = member.status;
  const { status, ...renewed } = newMember(alert, alert.joinedAt ?? member.joinedAt, alert.joinReason);
  Object.assign(member, renewed, { ci: member.ci });
  state.incidents.setMemberStatus(incident, member, status);
  return before !== status;
}

import type { Alert } from "../core/model/alert.ts";
import type { Incident, Member } from "../core/model/incident.ts";
import type { AlertId } from "../core/model/identity.ts";
import { isAsItsAlert, newMember } from "../core/model/member.ts";

/** The live alert of this id; undefined = there is none. */
export type AlertOf = (id: AlertId) => Readonly<Alert> | undefined;

/**
 * An incident as the store keeps it. Its members were nine tenths of a storm's incident, and it was written at each change:
 * a member that is what its alert says is therefore kept as the alert's id, for alerts are stored in the same commit. The
 * others (an older episode, one that was worse before) are kept whole, as are all members of a closed incident, which
 * outlives its alerts.
 *
 * Whoever lets a member and its alert part ways must put the incident in the same turn.
 */
export function incidentText(incident: Readonly<Incident>, alertOf: AlertOf): string {
  if (incident.status === "closed") return JSON.stringify(incident);
  const members = incident.members.map((member) => {
    const alert = alertOf(member.alert);
    return alert !== undefined && isAsItsAlert(member, alert, incident.id) ? member.alert : member;
  });
  return JSON.stringify({ ...incident, members });
}

/** @param alertOf as the alerts were stored; a member whose alert is no longer there is left out. */
export function readIncident(text: string, alertOf: AlertOf): Incident {
  const incident = JSON.parse(text) as Omit<Incident, "members"> & { members: (Member | AlertId)[] };
  const members = incident.members.flatMap((member) => {
    if (typeof member !== "string") return member;
    const alert = alertOf(member);
    return alert === undefined ? [] : newMember(alert, alert.joinedAt ?? incident.openedAt, alert.joinReason);
  });
  return { ...incident, members };
}

import type { Alert } from "./alert.ts";
import type { IncidentId } from "./identity.ts";
import type { Member } from "./incident.ts";
import type { UnixMillis } from "./time.ts";

export function memberStatus(alert: Readonly<Alert>): Member["status"] {
  return alert.status === "pending" ? "firing" : alert.status;
}

/** How often an alert was said in an episode, and when last. */
export type Sighted = Pick<Member, "lastSeenAt" | "count">;

/**
 * The same of a member. As long as its alert is in this incident with this episode, the alert says it: repeats do not come
 * by the members. What the member itself says is how it was when it last changed otherwise, and in the end when the episode was over.
 *
 * @param alert as it is now; undefined = it is not in memory.
 */
export function sightedOf(
  member: Readonly<Member>,
  alert: (Sighted & Readonly<Pick<Alert, "incident" | "episode">>) | undefined,
  incident: IncidentId,
): Sighted {
  const { lastSeenAt, count } = alert?.incident === incident && alert.episode === member.episode ? alert : member;
  return { lastSeenAt, count };
}

/** The present episode of an alert as a member. */
export function newMember(alert: Readonly<Alert>, joinedAt: UnixMillis, reason: string): Member {
  return {
    alert: alert.id,
    episode: alert.episode,
    ci: alert.ci,
    source: alert.source,
    check: alert.check,
    instance: alert.instance,
    severity: alert.severity,
    summary: alert.summary,
    status: memberStatus(alert),
    firstSeenAt: alert.firstSeenAt,
    lastSeenAt: alert.lastSeenAt,
    resolvedAt: alert.resolvedAt,
    occurredAt: alert.occurredAt,
    count: alert.count,
    joinedAt,
    reason,
  };
}

/** The member, in this incident, is what `newMember` would make of its alert now: see `sightedOf`. */
export function isAsItsAlert(member: Readonly<Member>, alert: Readonly<Alert>, incident: IncidentId): boolean {
  return (
    alert.incident === incident &&
    alert.episode === member.episode &&
    alert.severity === member.severity &&
    alert.joinedAt === member.joinedAt &&
    alert.joinReason === member.reason &&
    alert.firstSeenAt === member.firstSeenAt &&
    alert.resolvedAt === member.resolvedAt &&
    alert.occurredAt === member.occurredAt &&
    alert.summary === member.summary &&
    alert.ci === member.ci &&
    memberStatus(alert) === member.status
  );
}

import type { Incident, Member, Told } from "../model/incident.ts";
import type { Turn } from "../model/turn.ts";
import { isOpen, reopen, settleQuiet } from "./life.ts";
import { enrolMember } from "./member.ts";
import type { IncidentState } from "./state.ts";
import { tellTimeline } from "../model/timeline.ts";
import { worsen } from "./verdict.ts";

/**
 * One fault, one incident: `from` ends in `into`. Members, people's acknowledgement and what each receiver was told go
 * over, so that nobody is paged a second time for the same fault. `from` keeps its own notifications and timeline.
 */
export function merge(
  state: IncidentState,
  turn: Turn,
  from: Incident,
  into: Incident,
  reasons: readonly string[],
): void {
  if (from === into || from.mergedInto !== null || into.mergedInto !== null) return;
  const { at } = turn;
  const wasActive = isOpen(from);
  moveMembers(state, turn, from, into);
  if (wasActive && into.status === "resolved" && state.incidents.activeCount(into.id) > 0) {
    reopen(state, turn, into, `incident ${from.number} is part of it`);
  }
  into.told = carryTold(into.told, from.told);
  if (from.status === "acknowledged" && into.status === "open") {
    into.status = "acknowledged";
    into.acknowledgedAt = from.acknowledgedAt;
  }
  into.owner ??= from.owner;
  worsen(state, turn, into, from.severity);
  from.status = "closed";
  from.closedAt = at;
  from.resolvedAt ??= at;
  from.quietSince = null;
  from.rootClearSince = null;
  from.strayCheckAt = null;
  from.holdUntil = null;
  from.pageHoldUntil = null;
  from.updateDueAt = null;
  from.mergedInto = into.id;
  from.revision += 1;
  into.revision += 1;
  tellTimeline(from, at, "merged", `part of incident ${into.number}: ${reasons[0] ?? "one fault"}`);
  tellTimeline(into, at, "merged", `incident ${from.number} is part of this one: ${reasons[0] ?? "one fault"}`);
  turn.incidentChanged(from);
  turn.incidentChanged(into);
  turn.record({
    decision: "incident.merged",
    incident: from.id,
    ci: into.rootCause.ci,
    rule: "correlation",
    reasons,
    counterfactual: "apart, both would have been told as faults of their own",
    facts: { into: into.id, number: from.number, intoNumber: into.number },
  });
  turn.count("tocsin_incidents_total", { change: "merged" });
  state.incidents.remove(from.id);
  state.timers.cancel(`incident ${from.id}`);
  settleQuiet(state, turn, into);
}

function moveMembers(state: IncidentState, turn: Turn, from: Incident, into: Incident): void {
  for (const member of state.incidents.drain(from)) {
    const alert = state.alerts.get(member.alert);
    if (alert !== undefined && alert.incident === from.id) {
      alert.incident = into.id;
      turn.alertChanged(alert);
    }
    const standing = state.incidents.member(into.id, member.alert);
    if (standing === undefined) enrolMember(state, into, member);
    else if (isLater(member, standing)) {
      state.incidents.removeMember(into, member.alert);
      enrolMember(state, into, member);
    }
  }
}

/** Of two members of one alert. Their numbers do not tell: of an alert that was forgotten meanwhile episodes are counted anew. */
function isLater(member: Readonly<Member>, standing: Readonly<Member>): boolean {
  const ends = member.resolvedAt ?? Number.POSITIVE_INFINITY;
  const ended = standing.resolvedAt ?? Number.POSITIVE_INFINITY;
  return ends > ended || (ends === ended && member.episode > standing.episode);
}

/** Paged stays paged. A receiver that knew only the other incident gets revision 0: it has yet to hear of this one. */
function carryTold(own: readonly Told[], others: readonly Told[]): Told[] {
  const told = own.map((entry) => ({ ...entry }));
  for (const other of others) {
    if (other.kind === "resolved") continue;
    const known = told.find((entry) => entry.receiver === other.receiver);
    if (known === undefined) told.push({ ...other, kind: "opened", revision: 0 });
    else if (known.kind !== "resolved") known.paged ||= other.paged;
  }
  return told;
}

import { withOneMore } from "../model/short-list.ts";
import { isActive } from "../model/alert-table.ts";
import type { Alert } from "../model/alert.ts";
import { hashId } from "../model/hash.ts";
import type { Incident, Told } from "../model/incident.ts";
import { IncidentRecord } from "../model/incident-record.ts";
import { newMember } from "../model/member.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Turn } from "../model/turn.ts";
import { reopen, settleQuiet } from "./life.ts";
import { enrolMember, refreshMember } from "./member.ts";
import { merge } from "./merge.ts";
import type { IncidentState } from "./state.ts";
import { suppressOne } from "./suppress.ts";
import { tellJoined, tellTimeline } from "../model/timeline.ts";
import { worsen } from "./verdict.ts";

/** In a storm, what is split off is often put together again with something else: a page for it waits so long. */
const SPLIT_LASTS_MS: Milliseconds = 60_000;

/** A new incident with these alerts, in this order. */
export function openIncident(
  state: IncidentState,
  turn: Turn,
  alerts: readonly Alert[],
  reasons: readonly string[],
): Incident | undefined {
  const [first] = alerts;
  if (first === undefined) return undefined;
  state.counters.incidents += 1;
  turn.put({ kind: "meta", id: "counters", value: state.counters });
  const incident = emptyIncident(state.counters.incidents, first, turn.at);
  state.incidents.add(incident);
  tellTimeline(incident, turn.at, "opened", reasons[0] ?? "a condition fires");
  turn.incidentChanged(incident);
  turn.record({
    decision: "incident.opened",
    incident: incident.id,
    alert: first.id,
    ci: first.ci,
    rule: "correlation",
    reasons,
    counterfactual: "had it belonged to a fault that is known already, it would have joined that incident",
    facts: { number: incident.number, alerts: alerts.length },
  });
  for (const alert of alerts) inheritTold(incident, homeOf(state, alert), alert, turn.at);
  for (const alert of alerts) attach(state, turn, incident, alert, reasons);
  turn.count("tocsin_incidents_total", { change: "opened" });
  return incident;
}

/** The incident that the present episode of an alert is in; what an earlier one was in is another matter. */
function homeOf(state: IncidentState, alert: Readonly<Alert>): Incident | undefined {
  const home = state.incidents.of(alert);
  return home !== undefined && state.incidents.member(home.id, alert.id)?.episode === alert.episode ? home : undefined;
}

/**
 * Whoever was told of these alerts in another incident is not told of them as new. But a critical condition that came into
 * that incident after its last message is a fault that nobody has been told of: it pages, if the split lasts.
 */
function inheritTold(incident: Incident, from: Incident | undefined, alert: Readonly<Alert>, at: UnixMillis): void {
  for (const told of from?.told ?? []) {
    if (told.kind === "resolved") continue;
    if (alert.severity === "critical" && told.at < (alert.joinedAt ?? 0)) {
      incident.pageHoldUntil = at + SPLIT_LASTS_MS;
      continue;
    }
    const known = incident.told.find((other) => other.receiver === told.receiver);
    if (known === undefined) incident.told = withOneMore(incident.told, { ...told, revision: 0, inherited: 1 });
    else {
      known.paged ||= told.paged;
      known.inherited = (known.inherited ?? 0) + 1;
    }
  }
}

/** One list for all that nobody was told of yet. */
const NOBODY: Told[] = [];

/** An incident before its first alert is in it. */
export function emptyIncident(number: number, first: Readonly<Alert>, at: number): Incident {
  return new IncidentRecord({
    id: hashId("inc-", [first.id, String(first.episode), String(number)], 12),
    number,
    status: "open",
    severity: first.severity,
    priority: "P5",
    title: first.summary,
    openedAt: at,
    acknowledgedAt: null,
    resolvedAt: null,
    closedAt: null,
    reopened: 0,
    openingAt: at,
    rootCause: { ci: null, confidence: 0, inferred: false, candidates: [], change: null },
    rootPinned: false,
    membersPinned: false,
    impact: { services: [], cis: [] },
    members: [],
    alertCount: 0,
    owner: null,
    timeline: [],
    revision: 1,
    mergedInto: null,
    problem: null,
    told: NOBODY,
    holdUntil: null,
    holdReason: null,
    quietSince: null,
    rootClearSince: null,
    strayCheckAt: null,
    pageWorthy: false,
    pageReason: "",
    pageHoldUntil: null,
    updateDueAt: null,
    withheld: null,
  });
}

/**
 * Puts the present episode of an alert into an incident, and takes it out of where it was. An incident that loses its last
 * member is merged into the one that took it. A resolved incident reopens when the alert is active.
 */
export function attach(
  state: IncidentState,
  turn: Turn,
  incident: Incident,
  alert: Alert,
  reasons: readonly string[],
): void {
  const { at } = turn;
  const reason = asBefore(incident, reasons[0] ?? "");
  const isFirst = incident.alertCount === 0;
  const standing = state.incidents.member(incident.id, alert.id);
  if (alert.incident === incident.id && standing?.episode === alert.episode) return;
  const from = alert.incident === incident.id ? undefined : state.incidents.of(alert);
  if (from !== undefined) detach(state, turn, from, alert);
  alert.incident = incident.id;
  alert.joinedAt = at;
  alert.joinReason = reason;
  alert.withheld = null;
  turn.alertChanged(alert);
  if (standing === undefined) enrolMember(state, incident, newMember(alert, at, reason));
  else refreshMember(state, incident, alert);
  incident.revision += 1;
  turn.incidentChanged(incident);
  tellJoined(incident, at, `${alert.ci} ${alert.check}: ${alert.summary}`);
  turn.record({
    decision: from === undefined ? "alert.joined" : "alert.moved",
    incident: incident.id,
    alert: alert.id,
    ci: alert.ci,
    rule: "correlation",
    reasons,
    counterfactual: from === undefined && !isFirst ? "alone, it would have opened an incident of its own" : null,
    facts: from === undefined ? { episode: alert.episode } : { episode: alert.episode, from: from.id },
  });
  if (isActive(alert) && incident.status === "resolved") reopen(state, turn, incident, reason);
  suppressOne(state, turn, incident, alert);
  worsen(state, turn, incident, alert.severity);
  settleQuiet(state, turn, incident);
  if (from !== undefined && state.incidents.count(from.id) === 0 && from.mergedInto === null) {
    merge(state, turn, from, incident, ["its last alert belongs there"]);
  }
}

/** Most members come for the reason of the one before: then they have its text, too. */
function asBefore({ members }: Readonly<Incident>, reason: string): string {
  const last = members.at(-1)?.reason;
  return last === reason ? last : reason;
}

/** Out of its incident, into none. Returns the incident it was in, if it is not closed. */
export function takeOut(state: IncidentState, turn: Turn, alert: Alert): Incident | undefined {
  const from = state.incidents.of(alert);
  if (from !== undefined) detach(state, turn, from, alert);
  alert.incident = null;
  alert.joinedAt = null;
  alert.joinReason = "";
  turn.alertChanged(alert);
  return from;
}

function detach(state: IncidentState, turn: Turn, from: Incident, alert: Readonly<Alert>): void {
  const member = state.incidents.member(from.id, alert.id);
  // An older episode stays where it was: it was part of that fault.
  if (member === undefined || member.episode !== alert.episode) {
    state.incidents.release(from.id, alert.id);
    return;
  }
  state.incidents.removeMember(from, alert.id);
  from.revision += 1;
  tellTimeline(from, turn.at, "moved", `${alert.ci} ${alert.check} belongs to another incident`);
  turn.incidentChanged(from);
  settleQuiet(state, turn, from);
}

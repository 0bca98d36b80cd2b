import type { Incident } from "../model/incident.ts";
import type { CorrelationSettings } from "../model/settings.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Turn } from "../model/turn.ts";
import { rememberFix } from "./problem.ts";
import { type IncidentState, wakeIncident } from "./state.ts";
import { tellTimeline } from "../model/timeline.ts";

const QUIET_DOUBLINGS_MAX = 3;
/** Nothing new of an incident for this long, most of it clear: the rest has lost its clear. Twice as long for the root itself. */
export const STRAY_AFTER_MS: Milliseconds = 25 * 60_000;

/** How long all must be clear before it resolves: longer for one that came back, so that an unsteady fault is one incident. */
export function quietTime(incident: Readonly<Incident>, settings: CorrelationSettings): Milliseconds {
  return settings.resolveAfterMs * 2 ** Math.min(incident.reopened, QUIET_DOUBLINGS_MAX);
}

/**
 * When the incident must next be looked at without an event, after `at`; null = never. From the entity alone, so that a
 * restart knows it.
 */
export function incidentWakeAt(
  incident: Readonly<Incident>,
  settings: CorrelationSettings,
  at: UnixMillis,
): UnixMillis | null {
  if (incident.status === "resolved") return reopenEnds(incident, settings);
  let wake: UnixMillis | null = null;
  for (const due of dueTimes(incident, settings))
    if (due !== null && due > at && (wake === null || due < wake)) wake = due;
  return wake;
}

/** Since when it was to be looked at, be it that it was looked at then or not; null = no such time has come. */
export function dueSince(
  incident: Readonly<Incident>,
  settings: CorrelationSettings,
  at: UnixMillis,
): UnixMillis | null {
  let since: UnixMillis | null = null;
  for (const due of dueTimes(incident, settings))
    if (due !== null && due <= at && (since === null || due < since)) since = due;
  return since;
}

/** Whether it asks to be looked at at this time. When it asked before for what is no matter any more, it does not. */
export function asksFor(incident: Readonly<Incident>, settings: CorrelationSettings, at: UnixMillis): boolean {
  if (incident.status === "resolved") return reopenEnds(incident, settings) === at;
  return dueTimes(incident, settings).includes(at);
}

function reopenEnds({ resolvedAt }: Readonly<Incident>, settings: CorrelationSettings): UnixMillis | null {
  return resolvedAt === null ? null : resolvedAt + settings.reopenWithinMs;
}

/** While it is open; null = it does not wait for that. */
function dueTimes(incident: Readonly<Incident>, settings: CorrelationSettings): readonly (UnixMillis | null)[] {
  if (!isOpen(incident)) return [];
  const { holdUntil, pageHoldUntil, updateDueAt, strayCheckAt, quietSince, rootClearSince } = incident;
  const quietEnds = quietSince === null ? null : quietSince + quietTime(incident, settings);
  const settleEnds = rootClearSince === null ? null : rootClearSince + settings.recoverySettleMs;
  return [holdUntil, pageHoldUntil, updateDueAt, strayCheckAt, quietEnds, settleEnds];
}

export function isOpen(incident: Readonly<Incident>): boolean {
  return incident.status === "open" || incident.status === "acknowledged";
}

/** Starts or stops the quiet time, as its members are. */
export function settleQuiet(state: IncidentState, turn: Turn, incident: Incident): void {
  if (!isOpen(incident)) return;
  const active = state.incidents.activeCount(incident.id);
  const isQuiet = active === 0;
  if (!isQuiet && active < state.incidents.count(incident.id) && incident.strayCheckAt === null) {
    incident.strayCheckAt = turn.at + STRAY_AFTER_MS;
    turn.incidentChanged(incident);
    wakeIncident(state, incident.id, incident.strayCheckAt);
  }
  if (isQuiet === (incident.quietSince !== null)) return;
  incident.quietSince = isQuiet ? turn.at : null;
  turn.incidentChanged(incident);
  if (isQuiet) wakeIncident(state, incident.id, turn.at + quietTime(incident, state.settings.correlation));
}

/** Does what is due: resolves after the quiet time, closes when it can no longer be reopened. */
export function ageIncident(state: IncidentState, turn: Turn, incident: Incident): void {
  const { at } = turn;
  const { correlation } = state.settings;
  if (
    isOpen(incident) &&
    incident.quietSince !== null &&
    at >= incident.quietSince + quietTime(incident, correlation)
  ) {
    const quietS = Math.round((at - incident.quietSince) / 1000);
    const which = incident.alertCount === 1 ? "its alert is" : `all ${incident.alertCount} alerts are`;
    const reason = `${which} clear for ${quietS} s${leftOut(state, incident)}`;
    resolve(state, turn, incident, { rule: "quiet", reason, actor: null });
  }
  if (incident.status === "resolved" && at >= (incident.resolvedAt ?? at) + correlation.reopenWithinMs) {
    close(state, turn, incident);
  }
}

/** What goes on all the same, because it is known noise: the end must not claim that it is clear. */
function leftOut(state: IncidentState, incident: Readonly<Incident>): string {
  const names: string[] = [];
  for (const { alert: id } of incident.members) {
    const alert = state.alerts.get(id);
    if (alert !== undefined && alert.status !== "resolved" && alert.withheld !== null)
      names.push(`${alert.ci} ${alert.check} (${alert.withheld})`);
  }
  return names.length === 0 ? "" : `, or left out as noise: ${names.slice(0, 5).join(", ")}`;
}

/** It is over. `actor`: the person who said so; null when its alerts did. */
export function resolve(
  state: IncidentState,
  turn: Turn,
  incident: Incident,
  { rule, reason, actor }: { rule: string; reason: string; actor: string | null },
): void {
  incident.status = "resolved";
  incident.resolvedAt = turn.at;
  incident.quietSince = null;
  incident.rootClearSince = null;
  incident.strayCheckAt = null;
  incident.holdUntil = null;
  incident.pageHoldUntil = null;
  incident.updateDueAt = null;
  incident.revision += 1;
  tellTimeline(incident, turn.at, "resolved", reason, actor);
  turn.incidentChanged(incident);
  turn.record({
    decision: "incident.resolved",
    incident: incident.id,
    ci: incident.rootCause.ci,
    rule,
    reasons: [reason],
    facts: { openForMs: turn.at - incident.openingAt, actor },
  });
  turn.count("tocsin_incidents_total", { change: "resolved" });
  rememberFix(state, turn, incident);
  wakeIncident(state, incident.id, turn.at + state.settings.correlation.reopenWithinMs);
}

export function reopen(state: IncidentState, turn: Turn, incident: Incident, reason: string): void {
  incident.status = "open";
  incident.resolvedAt = null;
  incident.acknowledgedAt = null;
  incident.reopened += 1;
  incident.openingAt = turn.at;
  incident.quietSince = null;
  incident.withheld = null;
  incident.revision += 1;
  tellTimeline(incident, turn.at, "reopened", reason);
  turn.incidentChanged(incident);
  turn.record({
    decision: "incident.reopened",
    incident: incident.id,
    ci: incident.rootCause.ci,
    rule: "reopenWithin",
    reasons: [reason],
    counterfactual: "later, after it had closed, it would have been a new incident",
    facts: { opening: incident.reopened },
  });
  turn.count("tocsin_incidents_total", { change: "reopened" });
}

/** It leaves memory; the store keeps it. */
function close(state: IncidentState, turn: Turn, incident: Incident): void {
  incident.status = "closed";
  incident.closedAt = turn.at;
  incident.revision += 1;
  turn.incidentChanged(incident);
  turn.record({
    decision: "incident.closed",
    incident: incident.id,
    ci: incident.rootCause.ci,
    rule: "reopenWithin",
    reasons: ["it stayed resolved for as long as it could have been reopened"],
  });
  state.incidents.remove(incident.id);
  state.timers.cancel(`incident ${incident.id}`);
}

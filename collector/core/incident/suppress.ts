import { isActive } from "../model/alert-table.ts";
import type { Alert } from "../model/alert.ts";
import { dependentsOf } from "../model/dependents.ts";
import type { Incident } from "../model/incident.ts";
import { byText } from "../model/order.ts";
import type { Turn } from "../model/turn.ts";
import { refreshMember } from "./member.ts";
import { type IncidentState, wakeIncident } from "./state.ts";

/** A root named with less confidence suppresses nothing. */
const CONFIDENCE_MIN = 0.5;
const CACHED_ROOTS_MAX = 64;
const PREFIX = "dependency:";

/**
 * Safe suppression. An alert on a CI that cannot work without the failed root is *unobserved*: not OK, only without a
 * voice of its own. Resolves pass as ever. When the root is well again its children get a settle time to clear; what
 * still fires then speaks for itself, and no suppression lasts longer than its limit.
 */
export function suppressChildren(state: IncidentState, turn: Turn, incident: Incident): void {
  for (const member of state.incidents.all(incident)) {
    if (member.status === "resolved") continue;
    const alert = state.alerts.get(member.alert);
    if (alert !== undefined) suppressOne(state, turn, incident, alert);
  }
}

/** Differs when children must be looked at again: another root, or one that is believed now, or no longer. */
export function parentKey(incident: Readonly<Incident>): string | null {
  const { ci, confidence } = incident.rootCause;
  return confidence < CONFIDENCE_MIN ? null : ci;
}

/** Gives the alert the voice that it has in this incident, with the root that this has now. */
export function suppressOne(state: IncidentState, turn: Turn, incident: Incident, alert: Alert): void {
  if (!isActive(alert) || alert.episode !== state.incidents.member(incident.id, alert.id)?.episode) return;
  const root = parentOf(state, incident, alert);
  const standing = alert.suppressedBy.find((reason) => reason.startsWith(PREFIX));
  if (root === null) {
    if (standing !== undefined) observe(state, turn, alert, "it no longer depends on what failed");
    return;
  }
  const reason = PREFIX + root;
  if (standing === reason) return;
  // It had its time behind another root; a new root does not give it a new one.
  const others = alert.suppressedBy.filter((other) => !other.startsWith(PREFIX));
  alert.suppressedBy = [...others, reason].sort(byText);
  alert.unobservedSince ??= turn.at;
  alert.status = "unobserved";
  turn.alertChanged(alert);
  if (refreshMember(state, incident, alert)) turn.incidentChanged(incident);
  const until = alert.unobservedSince + state.settings.correlation.suppressMaxMs;
  state.alertTimers.schedule(alert.id, until);
  if (standing !== undefined) return;
  turn.record({
    decision: "alert.unobserved",
    alert: alert.id,
    ci: alert.ci,
    incident: incident.id,
    rule: reason,
    reasons: [
      `${alert.ci} cannot work without ${root}, which has failed: what it says is not known to be its own fault`,
    ],
    counterfactual: "without the dependency it would be a fault of its own",
    facts: { until },
  });
}

/** The failed root that this alert cannot work without; null = none, or its time behind it is over. */
function parentOf(state: IncidentState, incident: Readonly<Incident>, alert: Readonly<Alert>): string | null {
  const ci = parentKey(incident);
  if (ci === null || alert.ci === ci || incident.status === "closed") return null;
  if (isSettled(state, incident, alert)) return null;
  return fallenWith(state, ci).has(alert.ci) ? ci : null;
}

/** The settle time after the recovery has passed, or the limit of suppression has. */
function isSettled(state: IncidentState, incident: Readonly<Incident>, alert: Readonly<Alert>): boolean {
  const { recoverySettleMs, suppressMaxMs } = state.settings.correlation;
  const { rootClearSince } = incident;
  if (rootClearSince !== null && state.at >= rootClearSince + recoverySettleMs) return true;
  return alert.unobservedSince !== null && state.at >= alert.unobservedSince + suppressMaxMs;
}

/** Ids of the CIs that cannot work without this one. */
function fallenWith(state: IncidentState, root: string): ReadonlySet<string> {
  const { topology } = state;
  const known = state.fallen.get(root);
  if (known !== undefined && known.version === topology.version) return known.cis;
  const index = topology.find(root);
  const fallen = new Set<string>();
  if (index !== undefined) for (const ci of dependentsOf(topology, [index])) fallen.add(topology.id(ci));
  if (state.fallen.size >= CACHED_ROOTS_MAX) state.fallen.clear();
  state.fallen.set(root, { cis: fallen, version: topology.version });
  return fallen;
}

/** It speaks for itself again. */
export function observe(state: IncidentState, turn: Turn, alert: Alert, reason: string): void {
  alert.suppressedBy = alert.suppressedBy.filter((other) => !other.startsWith(PREFIX));
  if (alert.status === "unobserved") alert.status = "firing";
  turn.alertChanged(alert);
  const incident = state.incidents.of(alert);
  if (incident !== undefined) {
    if (refreshMember(state, incident, alert)) turn.incidentChanged(incident);
    turn.lookAt(incident);
  }
  turn.record({
    decision: "alert.observed",
    alert: alert.id,
    ci: alert.ci,
    incident: alert.incident,
    rule: "suppression ends",
    reasons: [reason],
  });
}

/** Notes when the root has no trouble of its own left, and when it has again. A silent root is well when most of its children are. */
export function watchRoot(state: IncidentState, turn: Turn, incident: Incident): void {
  const isClear = rootIsClear(state, incident);
  if (isClear === (incident.rootClearSince !== null)) return;
  incident.rootClearSince = isClear ? turn.at : null;
  turn.incidentChanged(incident);
  if (isClear) wakeIncident(state, incident.id, turn.at + state.settings.correlation.recoverySettleMs);
}

function rootIsClear(state: IncidentState, incident: Readonly<Incident>): boolean {
  const { ci, inferred } = incident.rootCause;
  if (ci === null) return false;
  const active = state.incidents.activeCount(incident.id);
  if (inferred) return active * 2 < state.incidents.count(incident.id);
  return !state.alerts.activeOn(ci).some((alert) => alert.incident === incident.id);
}

/** The settle time after the root's recovery is over: which children still fire. */
export function releasable(state: IncidentState, turn: Turn, incident: Incident): Alert[] {
  const { rootClearSince } = incident;
  if (rootClearSince === null || turn.at < rootClearSince + state.settings.correlation.recoverySettleMs) return [];
  return state.incidents.all(incident).flatMap((member) => {
    const alert = state.alerts.get(member.alert);
    return alert?.status === "unobserved" && alert.incident === incident.id ? [alert] : [];
  });
}

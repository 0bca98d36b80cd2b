import { isActive } from "./model/alert-table.ts";
import type { Alert } from "./model/alert.ts";
import { byText } from "./model/order.ts";
import type { Turn } from "./model/turn.ts";
import type { CoreState } from "./state.ts";

/** Brings the mutes of an alert up to date, and of those that it mutes or no longer mutes. */
export function mute(state: CoreState, turn: Turn, alert: Alert): void {
  const others = state.mutes.track(alert);
  muteOne(state, turn, alert);
  for (const id of others) {
    const other = state.alerts.get(id);
    if (other !== undefined) muteOne(state, turn, other);
  }
}

/** After a silence, a window or the inhibitions changed. O(active alerts). */
export function muteAll(state: CoreState, turn: Turn): void {
  const changed: Alert[] = [];
  for (const alert of state.alerts.all()) if (newReasons(state, turn, alert) !== null) changed.push(alert);
  for (const alert of changed.sort((a, b) => byText(a.id, b.id))) muteOne(state, turn, alert);
}

/** Why it is muted or unobserved now; null = it is as it was. */
function newReasons(state: CoreState, turn: Turn, alert: Readonly<Alert>): string[] | null {
  if (!isActive(alert)) return null;
  const own = state.mutes.reasonsFor(alert, turn.at);
  if (own.length === 0 && alert.suppressedBy.length === 0) return null;
  const dependencies = alert.suppressedBy.filter((reason) => reason.startsWith("dependency:"));
  const reasons = dependencies.length === 0 ? own : [...own, ...dependencies].sort(byText);
  const isSame = reasons.length === alert.suppressedBy.length && reasons.every((r, i) => r === alert.suppressedBy[i]);
  return isSame ? null : reasons;
}

function muteOne(state: CoreState, turn: Turn, alert: Alert): void {
  const reasons = newReasons(state, turn, alert);
  if (reasons === null) return;
  const was = alert.suppressedBy;
  alert.suppressedBy = reasons;
  turn.alertChanged(alert);
  turn.record({
    decision: reasons.length > was.length ? "alert.muted" : "alert.unmuted",
    alert: alert.id,
    ci: alert.ci,
    incident: alert.incident,
    rule: (reasons.length > was.length ? reasons : was).find((r) => !was.includes(r) || !reasons.includes(r)) ?? "mute",
    reasons: reasons.length > 0 ? reasons : ["nothing mutes it any more"],
    counterfactual: reasons.length > 0 ? "without it, the alert could page" : null,
  });
  const incident = state.incidents.of(alert);
  if (incident !== undefined) turn.lookAt(incident);
}

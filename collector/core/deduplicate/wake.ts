import type { Alert } from "../model/alert.ts";
import type { Turn } from "../model/turn.ts";
import { alertWakeAt, type DeduplicateState, resolveAlert } from "./deduplicate.ts";
import { postponeExpiry, repeatInterval } from "./expiry.ts";
import { steadyAt } from "./flapping.ts";

/** What is known of an alert beside its own words. */
export interface Witness {
  /** Nobody could tell us: silence is no evidence. */
  isCutOff(alert: Readonly<Alert>): boolean;
  /** It is our own finding, and it holds: nobody repeats it. */
  holds(alert: Readonly<Alert>): boolean;
}

/** Its time has come: it flaps no more, or it was not heard for too long. Says what correlation must know. */
export function wakeAlert(
  state: DeduplicateState,
  turn: Turn,
  alert: Alert,
  witness: Witness,
): "cleared" | "changed" | null {
  if (alert.status === "resolved") return null;
  const { at } = turn;
  if (alert.flapping && at >= steadyAt(alert.changes, alert.changes.at(-1) ?? at)) return steady(state, turn, alert);
  if (alert.expiresAt !== null && at >= alert.expiresAt) {
    const heardAt = state.heard.at(alert.source) ?? alert.lastSeenAt;
    const { correlation } = state.settings;
    const later = witness.holds(alert)
      ? at + correlation.alertTtlMs
      : postponeExpiry(alert, at, heardAt, witness.isCutOff(alert), correlation);
    if (later === null) return expire(state, turn, alert);
    alert.expiresAt = later;
    turn.alertChanged(alert);
  }
  const wakeAt = alertWakeAt(alert, state.settings.correlation);
  if (wakeAt !== null) state.alertTimers.schedule(alert.id, wakeAt);
  return null;
}

function steady(state: DeduplicateState, turn: Turn, alert: Alert): "cleared" | "changed" {
  alert.flapping = false;
  turn.alertChanged(alert);
  turn.record({
    decision: "alert.steady",
    alert: alert.id,
    ci: alert.ci,
    incident: alert.incident,
    rule: "flapping",
    reasons: [`it has not changed for a while; its source last said ${alert.sourceStatus}`],
  });
  if (alert.sourceStatus === "resolved") {
    resolveAlert(state, turn, alert);
    return "cleared";
  }
  const wakeAt = alertWakeAt(alert, state.settings.correlation);
  if (wakeAt !== null) state.alertTimers.schedule(alert.id, wakeAt);
  return "changed";
}

function expire(state: DeduplicateState, turn: Turn, alert: Alert): "cleared" {
  const silentMin = Math.round((turn.at - alert.lastSeenAt) / 60_000);
  const interval = alert.expiresAfterMs === null ? repeatInterval(alert) : null;
  const reason =
    interval === null
      ? `not heard for ${silentMin} min, as long as it may hold`
      : `not heard for ${silentMin} min; while it held, it came about every ${Math.max(1, Math.round(interval / 60_000))} min`;
  resolveAlert(state, turn, alert);
  // The source never cleared; should it speak again, that is a new episode.
  alert.sourceStatus = "resolved";
  turn.record({
    decision: "alert.expired",
    alert: alert.id,
    ci: alert.ci,
    incident: alert.incident,
    rule: interval === null ? "time to live" : "missed repetitions",
    reasons: [reason],
    counterfactual: "heard again in time, it would still fire",
    facts: { lastSeenAt: alert.lastSeenAt, count: alert.count },
  });
  turn.count("tocsin_alerts_total", { change: "expired" });
  return "cleared";
}

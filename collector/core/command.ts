import { resolveAlert } from "./deduplicate/deduplicate.ts";
import { openIncident } from "./incident/attach.ts";
import { acknowledge, addNote, assign, pinRoot } from "./incident/command.ts";
import { isOpen, resolve } from "./incident/life.ts";
import { merge } from "./incident/merge.ts";
import { tellTimeline } from "./model/timeline.ts";
import { isActive } from "./model/alert-table.ts";
import type { Outcome } from "./model/effect.ts";
import type { Incident } from "./model/incident.ts";
import type { Command, DeliveryOutcome, DroppedEvents } from "./model/input.ts";
import type { Silence } from "./model/silence.ts";
import { byText } from "./model/order.ts";
import type { Turn } from "./model/turn.ts";
import { invalidMatcher } from "./model/matcher.ts";
import { muteAll } from "./mute.ts";
import { tellAcknowledged } from "./notify/decide.ts";
import { type CoreState, restartCorrelation } from "./state.ts";
import { correlateCleared, correlateFiring, takeEvent } from "./take-event.ts";

const NOT_FOUND = (id: string): Outcome => ({
  status: "rejected",
  code: "incidentNotFound",
  message: `no incident ${id} is open or can be reopened`,
});

/** What a person, or a tool in a person's name, asks. */
export function command(state: CoreState, turn: Turn, actor: string, order: Command): Outcome {
  switch (order.type) {
    case "silence.put":
      return putSilence(state, turn, actor, order.silence);
    case "silence.expire":
      return expireSilence(state, turn, actor, order.id);
    case "maintenance.put":
      state.mutes.enterWindow(order.window, false, state.topology, turn.at);
      turn.put({ kind: "maintenance", id: order.window.id, value: order.window });
      return planned(state, turn, actor, order.window.id, order.window.reason);
    case "maintenance.remove":
      return removeWindow(state, turn, actor, order.id);
    case "agent.forget":
      return forgetAgent(state, turn, actor, order.ci);
    case "events.dropped":
      return recordDropped(state, turn, order);
    default:
      return commandIncident(state, turn, actor, order);
  }
}

type IncidentCommand = Extract<Command, { incident: string }>;

function commandIncident(state: CoreState, turn: Turn, actor: string, order: IncidentCommand): Outcome {
  const incident = state.incidents.get(order.incident);
  if (incident === undefined) return NOT_FOUND(order.incident);
  const refused = obey(state, turn, actor, { incident, order });
  if (refused !== null) return refused;
  turn.lookAt(incident);
  return { status: "accepted", alert: null, incident: incident.mergedInto ?? incident.id };
}

function obey(
  state: CoreState,
  turn: Turn,
  actor: string,
  { incident, order }: { incident: Incident; order: IncidentCommand },
): Outcome | null {
  switch (order.type) {
    case "acknowledge":
      if (!isOpen(incident)) return refusal("notOpen", `incident ${incident.number} is ${incident.status}`);
      if (acknowledge(turn, incident, actor, order.note ?? "")) tellAcknowledged(state, turn, incident, actor);
      return null;
    case "resolve":
      if (!isOpen(incident)) return refusal("notOpen", `incident ${incident.number} is ${incident.status}`);
      resolveByPerson(state, turn, actor, { incident, note: order.note ?? "" });
      return null;
    case "assign":
      assign(turn, incident, actor, order.owner);
      return null;
    case "note":
      addNote(turn, incident, actor, order.text);
      return null;
    case "merge":
      return mergeByPerson(state, turn, actor, { incident, into: order.into });
    case "split":
      return splitByPerson(state, turn, actor, { incident, alerts: order.alerts });
    case "rootCause":
      pinRoot(turn, incident, actor, order.ci === null ? null : state.topology.id(state.topology.register(order.ci)));
      turn.rank(incident.id);
      return null;
  }
}

function refusal(code: string, message: string): Outcome {
  return { status: "rejected", code, message };
}

function resolveByPerson(
  state: CoreState,
  turn: Turn,
  actor: string,
  { incident, note }: { incident: Incident; note: string },
): void {
  for (const member of state.incidents.all(incident).slice()) {
    const alert = state.alerts.get(member.alert);
    if (alert === undefined || alert.status === "resolved") continue;
    // Of one that was forgotten meanwhile, the episode of that number may be in another incident.
    if (alert.incident !== incident.id || alert.episode !== member.episode) continue;
    // `sourceStatus` stays: the source has not cleared, and is believed again if it goes on.
    resolveAlert(state, turn, alert);
    correlateCleared(state, turn, alert);
  }
  if (isOpen(incident)) {
    const reason = note === "" ? `resolved by ${actor}` : note;
    resolve(state, turn, incident, { rule: "person", reason, actor });
  }
}

function mergeByPerson(
  state: CoreState,
  turn: Turn,
  actor: string,
  { incident, into }: { incident: Incident; into: string },
): Outcome | null {
  const target = state.incidents.get(into);
  if (target === undefined) return NOT_FOUND(into);
  if (target === incident) return refusal("sameIncident", "an incident cannot be merged into itself");
  merge(state, turn, incident, target, [`${actor} says that it is one fault`]);
  target.membersPinned = true;
  restartCorrelation(state, turn.at);
  turn.rank(target.id);
  turn.lookAt(target);
  return null;
}

function splitByPerson(
  state: CoreState,
  turn: Turn,
  actor: string,
  { incident, alerts }: { incident: Incident; alerts: readonly string[] },
): Outcome | null {
  const own = alerts.flatMap((id) => {
    const alert = state.alerts.get(id);
    return alert?.incident === incident.id && state.incidents.member(incident.id, id) !== undefined ? [alert] : [];
  });
  if (own.length === 0) return refusal("alertsNotFound", "none of these alerts is in the incident");
  if (own.length === state.incidents.count(incident.id))
    return refusal("nothingLeft", "a split leaves alerts in both incidents");
  const fresh = openIncident(state, turn, own, [`${actor} says that it is another fault`]);
  if (fresh === undefined) return refusal("alertsNotFound", "none of these alerts is in the incident");
  for (const part of [incident, fresh]) {
    part.membersPinned = true;
    turn.rank(part.id);
  }
  tellTimeline(incident, turn.at, "split", `${own.length} alerts are incident ${fresh.number} now`, actor);
  restartCorrelation(state, turn.at);
  return null;
}

function putSilence(state: CoreState, turn: Turn, actor: string, silence: Silence): Outcome {
  const problem = silence.matchers.map(invalidMatcher).find((message) => message !== null);
  if (problem !== undefined && problem !== null) return refusal("badMatcher", problem);
  state.mutes.putSilence(silence, turn.at);
  turn.put({ kind: "silence", id: silence.id, value: silence });
  return muted(state, turn, actor, `silence:${silence.id}`, silence.comment);
}

function expireSilence(state: CoreState, turn: Turn, actor: string, id: string): Outcome {
  const silence = state.mutes.silence(id);
  if (silence === undefined) return refusal("silenceNotFound", `no silence ${id}`);
  if (silence.endsAt > turn.at) {
    silence.endsAt = turn.at;
    silence.startsAt = Math.min(silence.startsAt, turn.at);
    silence.updatedAt = turn.at;
    state.mutes.putSilence(silence, turn.at);
    turn.put({ kind: "silence", id, value: silence });
  }
  return muted(state, turn, actor, `silence:${id}`, "expired");
}

function muted(state: CoreState, turn: Turn, actor: string, rule: string, reason: string): Outcome {
  turn.record({
    decision: "mute.changed",
    rule,
    reasons: [reason === "" ? "no reason given" : reason],
    facts: { actor },
  });
  muteAll(state, turn);
  return { status: "accepted", alert: null, incident: null };
}

/** A window began, changed or is gone: what was kept out of incidents because of it is looked at again. */
function planned(state: CoreState, turn: Turn, actor: string, id: string, reason: string): Outcome {
  const outcome = muted(state, turn, actor, `maintenance:${id}`, reason);
  const withheld = [...state.alerts.all()].filter((alert) => isActive(alert) && alert.withheld === "maintenance");
  for (const alert of withheld.sort((a, b) => byText(a.id, b.id))) correlateFiring(state, turn, alert);
  return outcome;
}

function removeWindow(state: CoreState, turn: Turn, actor: string, id: string): Outcome {
  switch (state.mutes.removeWindow(id, state.topology, turn.at)) {
    case "unknown":
      return refusal("maintenanceNotFound", `no maintenance window ${id}`);
    case "declared": {
      const instead = "change it there, or plan one with this id and the period that you want instead";
      return refusal(
        "maintenanceDeclared",
        `maintenance window ${id} comes with the CMDB or the configuration: ${instead}`,
      );
    }
    case "removed":
      turn.remove("maintenance", id);
      return planned(state, turn, actor, id, "removed");
  }
}

function forgetAgent(state: CoreState, turn: Turn, actor: string, name: string): Outcome {
  const index = state.topology.find(name);
  const ci = index === undefined ? name : state.topology.id(index);
  const back = state.heartbeats.forget(turn, ci);
  const active = [...state.alerts.activeOn(ci)];
  if (back === undefined && active.length === 0) return refusal("agentNotFound", `no agent is expected on ${ci}`);
  if (back !== undefined && back !== null) takeEvent(state, turn, back);
  for (const alert of active) {
    if (alert.status === "resolved") continue;
    resolveAlert(state, turn, alert);
    alert.sourceStatus = "resolved";
    correlateCleared(state, turn, alert);
  }
  turn.record({
    decision: "agent.forgotten",
    ci,
    rule: "agent.forget",
    reasons: [`${actor} says that the host is gone for good`],
    facts: { alerts: active.length },
  });
  return { status: "accepted", alert: null, incident: null };
}

/** What event rules left out is no alert and no CI of ours; only the ledger knows of it. */
function recordDropped(state: CoreState, turn: Turn, dropped: DroppedEvents): Outcome {
  const { rule, reason, source, check, instance, severity, summary, count } = dropped;
  const index = state.topology.find(dropped.ci);
  turn.record({
    decision: "alert.dropped",
    ci: index === undefined ? dropped.ci : state.topology.id(index),
    rule: `event rule ${rule}`,
    reasons: [`the event rule ${rule} leaves out ${check} of ${source}${reason === "" ? "" : `: ${reason}`}`],
    counterfactual: "without the rule it would have become an alert",
    facts: { source, check, instance, severity, summary: summary.slice(0, 200), count },
  });
  return { status: "accepted", alert: null, incident: null };
}

/** A message reached its receiver, or never will. */
export function sayDelivery(state: CoreState, turn: Turn, outcome: DeliveryOutcome): void {
  if (outcome.status !== "failed") return;
  const reason = outcome.reason ?? "unknown";
  turn.record({
    decision: "notification.failed",
    incident: outcome.incident,
    rule: outcome.receiver,
    reasons: [`${outcome.receiver} could not be told (${outcome.kind}): ${reason}`],
    facts: { idempotencyKey: outcome.idempotencyKey },
  });
  const incident = state.incidents.get(outcome.incident);
  if (incident === undefined) return;
  tellTimeline(incident, turn.at, "notified", `${outcome.receiver} could not be told (${outcome.kind}): ${reason}`);
  turn.incidentChanged(incident);
}

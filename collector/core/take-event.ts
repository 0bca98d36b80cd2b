import { believedTime } from "./deduplicate/classify.ts";
import { deduplicate, isRepeat, repeatUnchanged } from "./deduplicate/deduplicate.ts";
import { attach } from "./incident/attach.ts";
import { settleQuiet } from "./incident/life.ts";
import { refreshMember, touchMember } from "./incident/member.ts";
import { worsen } from "./incident/verdict.ts";
import type { Alert } from "./model/alert.ts";
import type { ChangeRecord } from "./model/correlation.ts";
import type { Outcome } from "./model/effect.ts";
import type { Event } from "./model/event.ts";
import type { Repetition } from "./model/input.ts";
import { idsOf } from "./model/repeated.ts";
import type { Turn } from "./model/turn.ts";
import { mute } from "./mute.ts";
import { place } from "./place.ts";
import type { CoreState } from "./state.ts";

/** Event → alert → incident. */
export function takeEvent(state: CoreState, turn: Turn, event: Readonly<Event>): Outcome {
  const found = deduplicate(state, turn, event);
  switch (found.type) {
    case "duplicate":
      return { status: "duplicate" };
    case "refused":
      return { status: "rejected", code: found.code, message: found.message };
    case "touched":
      touchMember(state, found.alert);
      turn.effects.push({ kind: "touch", alert: found.alert });
      return accepted(found.alert);
    case "recorded":
      if (found.alert === null) return { status: "accepted", alert: null, incident: null };
      touchMember(state, found.alert);
      return accepted(found.alert);
    case "refreshed":
      refresh(state, turn, found.alert);
      return accepted(found.alert);
    case "began":
      leaveEpisode(state, turn, found.alert);
      correlateFiring(state, turn, found.alert);
      return accepted(found.alert);
    case "changed":
      correlateFiring(state, turn, found.alert);
      return accepted(found.alert);
    case "cleared":
      correlateCleared(state, turn, found.alert);
      return accepted(found.alert);
  }
}

/** Many alerts of one source that are as they were. */
export function takeAgain(state: CoreState, turn: Turn, repetition: Repetition): Outcome {
  const { repeated, missed } = repeatUnchanged(state, repetition, turn.at);
  const [first] = idsOf(repeated.ids);
  const alert = first === undefined ? undefined : state.alerts.get(first);
  if (alert !== undefined) {
    state.heard.hear(alert.source, turn.at);
    turn.effects.push({ kind: "repeated", repeated });
  }
  const taken = { status: "accepted", alert: null, incident: null } as const;
  return missed.length === 0 ? taken : { ...taken, missed };
}

function accepted(alert: Readonly<Alert>): Outcome {
  return { status: "accepted", alert: alert.id, incident: alert.incident };
}

/** An alert that began, or that is worse, better or otherwise different: where does it belong? */
export function correlateFiring(state: CoreState, turn: Turn, alert: Alert): void {
  mute(state, turn, alert);
  refresh(state, turn, alert);
  turn.correlated = true;
  place(state, turn, state.correlator.onFiring(alert, turn.at, state.view));
  const incident = state.incidents.of(alert);
  if (incident === undefined) {
    alert.incident = null;
    return;
  }
  turn.lookAt(incident);
  if (state.incidents.member(incident.id, alert.id)?.episode !== alert.episode) {
    attach(state, turn, incident, alert, ["the same condition again"]);
    turn.rank(incident.id);
  }
}

export function correlateCleared(state: CoreState, turn: Turn, alert: Alert): void {
  mute(state, turn, alert);
  refresh(state, turn, alert);
  turn.correlated = true;
  place(state, turn, state.correlator.onResolved(alert, turn.at, state.view));
}

/** The store keeps a member as its alert's id while both say the same: the earlier episode must be written out now. */
function leaveEpisode(state: CoreState, turn: Turn, alert: Readonly<Alert>): void {
  const incident = state.incidents.of(alert);
  if (incident !== undefined) turn.incidentChanged(incident);
}

/** Its incident shows the alert as it is now. */
function refresh(state: CoreState, turn: Turn, alert: Alert): void {
  const incident = state.incidents.of(alert);
  if (incident === undefined || state.incidents.member(incident.id, alert.id)?.episode !== alert.episode) return;
  const isVisible = refreshMember(state, incident, alert);
  // It was worse before, and the alert itself no longer says so.
  if (state.incidents.member(incident.id, alert.id)?.severity !== alert.severity) turn.incidentChanged(incident);
  if (!isVisible) return;
  incident.revision += 1;
  turn.incidentChanged(incident);
  worsen(state, turn, incident, alert.severity);
  settleQuiet(state, turn, incident);
}

/** Links that a change keeps: it is kept for a week. */
const CHANGE_LINKS_MAX = 3;

/** A deployment or configuration change: never an alert by itself. */
export function takeChange(state: CoreState, turn: Turn, event: Readonly<Event>): Outcome {
  if (isRepeat(state, event)) return { status: "duplicate" };
  const ci = state.topology.id(state.topology.register(event.ci));
  const at = believedTime(event.occurredAt, turn.at);
  const change: ChangeRecord = { event: event.id, ci, at, check: event.check, summary: event.summary };
  if (event.links.length > 0) change.links = event.links.slice(0, CHANGE_LINKS_MAX);
  for (const dropped of state.changes.add(change)) turn.remove("meta", `changes ${dropped}`);
  turn.put({ kind: "meta", id: `changes ${ci}`, value: [...state.changes.on(ci)] });
  state.correlator.onChange(change, turn.at, state.view);
  turn.correlated = true;
  return { status: "accepted", alert: null, incident: null };
}

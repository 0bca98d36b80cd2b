import { resolveAlert } from "./deduplicate/deduplicate.ts";
import { extendExpiry } from "./deduplicate/expiry.ts";
import { type Witness, wakeAlert } from "./deduplicate/wake.ts";
import { AGENT_MISSING, OWN_SOURCE } from "./deduplicate/heartbeat.ts";
import { command, sayDelivery } from "./command.ts";
import { ageIncident, asksFor, incidentWakeAt, isOpen } from "./incident/life.ts";
import { wakeIncident } from "./incident/state.ts";
import { type Strays, straysOf } from "./incident/stray.ts";
import { observe, releasable, watchRoot } from "./incident/suppress.ts";
import { applyVerdict } from "./incident/verdict.ts";
import { wakeIntervals } from "./interval.ts";
import type { Effect, Outcome } from "./model/effect.ts";
import type { Event } from "./model/event.ts";
import { Few } from "./model/few.ts";
import type { Input } from "./model/input.ts";
import type { UnixMillis } from "./model/time.ts";
import { Turn } from "./model/turn.ts";
import { muteAll } from "./mute.ts";
import { notify } from "./notify/decide.ts";
import { place, placeSome } from "./place.ts";
import { keepUndone } from "./undone.ts";
import type { CoreState } from "./state.ts";
import { takeSample, weighSamples } from "./take-sample.ts";
import { forgetNames, resume, takeCmdb, takeSettings } from "./reload.ts";
import { correlateCleared, correlateFiring, takeAgain, takeChange, takeEvent } from "./take-event.ts";

/** Verdicts can make other verdicts stale; after this many rounds the rest waits for the next input. */
const VERDICT_ROUNDS = 4;

/**
 * Incidents and others that one step wakes: some 10 ms of work, verdicts and notifications with it. What a storm opened
 * within a second comes due within a second, or at once after a pause; the rest is woken by the next steps.
 */
const WOKEN_A_STEP = 100;
/** Most alerts are woken only to find that they have been repeated since: so many are as much work as one incident. */
const ALERTS_LIKE_ONE = 20;

/**
 * The pipeline. One input in, what follows from it out: deduplicate → mute → correlate → incident → notify, with each
 * decision in the ledger. Changes `state` in place. Deterministic: equal states and inputs give byte-equal effects.
 *
 * Exactly one `outcome` effect for each event, repetition and command. A re-notification that changes nothing costs a few look-ups.
 */
export function step(state: CoreState, input: Input): Effect[] {
  state.at = Math.max(state.at, input.at);
  const turn = new Turn(state.at);
  // What was not heard in time is decided after the word that says that it is there, or that nobody was listening; what is due, by new settings.
  const isBefore = input.kind === "heartbeat" || input.kind === "restarted" || input.kind === "settings";
  if (!isBefore) wakeDue(state, turn, input);
  const { length } = state.topology.grown;
  const outcome = take(state, turn, input);
  forgetNames(state, turn, length);
  if (isBefore) wakeDue(state, turn, input);
  settle(state, turn);
  for (const { id, value } of state.graphLog.takeChanged(state.topology.grown)) keepLearned(turn, id, value);
  if (outcome !== null) turn.effects.push({ kind: "outcome", outcome });
  return turn.finish();
}

/** When `step` must be called with a `tick` at the latest; null = nothing waits. O(1). */
export function nextWakeAt(state: CoreState): UnixMillis | null {
  return earlier(earlier(state.timers.next(), state.alertTimers.next()), state.reviewAt);
}

/** Whether a `tick` at this time could find anything to do; false is sure. */
export function mayWake(state: CoreState, at: UnixMillis): boolean {
  if (state.timers.mayBeDue(at) || state.alertTimers.mayBeDue(at)) return true;
  return state.reviewAt !== null && state.reviewAt <= at;
}

function earlier(a: UnixMillis | null, b: UnixMillis | null): UnixMillis | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function take(state: CoreState, turn: Turn, input: Input): Outcome | null {
  switch (input.kind) {
    case "event":
      if (isOurFinding(state, input.event)) return NOT_THEIRS;
      return input.event.kind === "change" ? takeChange(state, turn, input.event) : takeEvent(state, turn, input.event);
    case "again":
      return takeAgain(state, turn, input);
    case "command":
      return command(state, turn, input.actor, input.command);
    case "tick":
      return null;
    case "heartbeat": {
      const ci = state.topology.id(state.topology.register(input.ci));
      for (const back of state.heartbeats.heard(turn, ci, input)) takeEvent(state, turn, back);
      return null;
    }
    case "sample":
      takeSample(state, input.sample, turn.at);
      return null;
    case "delivery":
      sayDelivery(state, turn, input.outcome);
      return null;
    case "topology":
      takeCmdb(state, turn, input.cmdb);
      return null;
    case "settings":
      takeSettings(state, turn, input.settings);
      return null;
    case "restarted":
      state.heartbeats.grace(turn.at);
      extendExpiry(state, turn, turn.at - input.from);
      resume(state, turn);
      return null;
  }
}

/** Whether an agent that we wait for is missing we say ourselves, by whether it is heard, and nobody for us. */
function isOurFinding({ heartbeats, topology }: CoreState, { source, check, ci }: Readonly<Event>): boolean {
  if (source !== OWN_SOURCE || check !== AGENT_MISSING) return false;
  const known = topology.find(ci);
  return known !== undefined && heartbeats.isExpected(topology.id(known));
}

const NOT_THEIRS: Outcome = {
  status: "rejected",
  code: "ownFinding",
  message: "whether this agent is missing the collector tells itself; to give it up, forget the agent",
};

/** What has come due, in the order of its time: all of it, unless that would keep others waiting. */
function wakeDue(state: CoreState, turn: Turn, input: Input): void {
  const { at } = turn;
  if (!mayWake(state, at)) return;
  for (let left = WOKEN_A_STEP * ALERTS_LIKE_ONE; ; ) {
    if (left <= 0) return;
    const work = wakeAlertFirst(state, at) ? wakeNextAlert(state, turn) : wakeNext(state, turn);
    if (work === 0) break;
    left -= work;
  }
  if (state.reviewAt !== null && state.reviewAt <= at && mayReview(input)) {
    if (state.undone.length === 0) state.undone = state.correlator.due(at, state.view).reverse();
    placeSome(state, turn);
    turn.correlated = true;
  }
}

/** What correlation has to think over, and to do after it, is for ticks: the events in between need not wait for it. */
function mayReview(input: Input): boolean {
  return input.kind === "tick";
}

/** Whether the next alert that is due comes before everything else that is. In the same moment agents go first: who is missing cannot speak. */
function wakeAlertFirst(state: CoreState, at: UnixMillis): boolean {
  const alert = state.alertTimers.next();
  if (alert === null || alert > at) return false;
  const other = state.timers.next();
  if (other === null || alert < other) return true;
  return alert === other && state.timers.nextKey()?.startsWith("agent ") !== true;
}

/** Returns how much work it was, see `ALERTS_LIKE_ONE`; 0 = none is due. */
function wakeNextAlert(state: CoreState, turn: Turn): number {
  const id = state.alertTimers.take(turn.at);
  if (id === undefined) return 0;
  return wakeOneAlert(state, turn, id) ? ALERTS_LIKE_ONE : 1;
}

/** The same; 0 = nothing is due. */
function wakeNext(state: CoreState, turn: Turn): number {
  const due = state.timers.next();
  const key = state.timers.take(turn.at);
  if (key === undefined || due === null) return 0;
  const space = key.indexOf(" ");
  const [kind, id] = [key.slice(0, space), key.slice(space + 1)];
  if (kind === "incident" && !isStillAsked(state, id, due)) return 1;
  wake(state, turn, kind, id);
  return ALERTS_LIKE_ONE;
}

/**
 * An incident is woken at the time that it asked for first. What it waited for may be no matter by then, and a restart would
 * not know of it: it sleeps on until the next time that it asks for.
 */
function isStillAsked(state: CoreState, id: string, due: UnixMillis): boolean {
  const incident = state.incidents.get(id);
  const { correlation } = state.settings;
  if (incident === undefined || asksFor(incident, correlation, due)) return true;
  const wakeAt = incidentWakeAt(incident, correlation, due);
  if (wakeAt !== null) wakeIncident(state, id, wakeAt);
  return false;
}

function wake(state: CoreState, turn: Turn, kind: string, id: string): void {
  const { at } = turn;
  switch (kind) {
    case "incident":
      wakeOneIncident(state, turn, id);
      return;
    case "agent": {
      const event = state.heartbeats.wake(turn, id);
      if (event !== null) takeEvent(state, turn, event);
      return;
    }
    case "metrics":
      weighSamples(state, turn);
      return;
    case "silence":
      if (state.mutes.wakeSilence(id, at)) turn.remove("silence", id);
      muteAll(state, turn);
      return;
    case "interval":
      wakeIntervals(state, turn);
      return;
    case "window":
      state.mutes.wakeWindow(id, at);
      muteAll(state, turn);
      return;
    default:
      throw new Error(`nobody wakes for a timer of kind ${kind}`);
  }
}

/** False: nothing has changed. */
function wakeOneAlert(state: CoreState, turn: Turn, id: string): boolean {
  const alert = state.alerts.get(id);
  if (alert === undefined) return false;
  const limit =
    alert.unobservedSince === null ? null : alert.unobservedSince + state.settings.correlation.suppressMaxMs;
  const isObserved = alert.status === "unobserved" && limit !== null && turn.at >= limit;
  if (isObserved) {
    observe(state, turn, alert, "it was suppressed for as long as suppression may last");
    correlateFiring(state, turn, alert);
  }
  const news = wakeAlert(state, turn, alert, witnessOf(state));
  if (news === "cleared") correlateCleared(state, turn, alert);
  else if (news === "changed") correlateFiring(state, turn, alert);
  return isObserved || news !== null;
}

function witnessOf({ heartbeats }: CoreState): Witness {
  return {
    // The agent is missing, or the CI is behind a failed one.
    isCutOff: (alert) => alert.status === "unobserved" || heartbeats.isMissing(alert.ci),
    // For as long as the agent is not heard: its end would be told as good news.
    holds: ({ source, check, ci }) => source === OWN_SOURCE && check === AGENT_MISSING && heartbeats.isMissing(ci),
  };
}

function wakeOneIncident(state: CoreState, turn: Turn, id: string): void {
  const incident = state.incidents.get(id);
  if (incident === undefined) return;
  for (const alert of releasable(state, turn, incident)) {
    observe(state, turn, alert, "the root is well again, and its children had their time to clear");
    correlateFiring(state, turn, alert);
  }
  letStraysGo(
    state,
    turn,
    straysOf(state, turn, incident, (alert) => witnessOf(state).holds(alert)),
  );
  ageIncident(state, turn, incident);
  if (incident.holdUntil !== null && turn.at >= incident.holdUntil) turn.rank(incident.id);
  turn.lookAt(incident);
}

function letStraysGo(state: CoreState, turn: Turn, { lost, flapping }: Strays): void {
  for (const alert of lost) {
    turn.record({
      decision: "alert.presumed",
      alert: alert.id,
      ci: alert.ci,
      incident: alert.incident,
      rule: "lost clear",
      reasons: [
        "the fault is over by all else that was heard, and this was not repeated: its clear was most likely lost",
      ],
      counterfactual: "heard again, it would still fire",
      facts: { lastSeenAt: alert.lastSeenAt, count: alert.count },
    });
    resolveAlert(state, turn, alert);
    alert.sourceStatus = "resolved";
    correlateCleared(state, turn, alert);
  }
  for (const alert of flapping) {
    place(state, turn, [
      {
        type: "withhold",
        alert: alert.id,
        rule: "flapping",
        reasons: ["it flaps on while the fault is over: it is noise beside it"],
        until: null,
      },
    ]);
  }
}

/** Ends the turn: verdicts on what changed, then who is told, then what leaves memory. */
function settle(state: CoreState, turn: Turn): void {
  if (!turn.hasWork()) return;
  for (let round = 0; round < VERDICT_ROUNDS; round += 1) {
    const ranks = turn.takeRanks();
    const stale = state.correlator.takeStale();
    if (ranks.length === 0 && stale.length === 0) break;
    const ids = new Few<string>();
    for (const id of ranks) ids.add(id);
    for (const id of stale) ids.add(id);
    for (const id of ids.all()) {
      const incident = state.incidents.get(id);
      if (incident !== undefined) {
        applyVerdict(state, turn, incident, state.correlator.rank(incident, turn.at, state.view));
      }
    }
  }
  for (const incident of turn.incidentsToTell()) {
    if (isOpen(incident)) watchRoot(state, turn, incident);
    notify(state, turn, incident);
    const wakeAt = incidentWakeAt(incident, state.settings.correlation, turn.at);
    if (wakeAt !== null && (isOpen(incident) || incident.status === "resolved")) {
      wakeIncident(state, incident.id, wakeAt);
    }
  }
  for (const gone of state.resolved.evict(state.alerts, state.settings.limits.resolvedAlertsMax)) {
    const incident = state.incidents.of(gone);
    if (incident !== undefined) {
      // Touches are in the alert only, from where a restart would have taken them.
      if (state.incidents.isKept(incident.id, gone.id)) turn.incidentChanged(incident);
      state.incidents.release(incident.id, gone.id);
    }
    state.correlator.gone(gone.id);
    state.heard.gone(turn, gone);
    turn.alertGone(gone);
  }
  keepCorrelation(state, turn);
  state.reviewAt = state.undone.length > 0 ? turn.at : state.correlator.nextReviewAt();
}

/** What correlation knows beside the entities goes into the same commit. */
function keepCorrelation(state: CoreState, turn: Turn): void {
  for (const id of state.correlator.takeNoted()) {
    const alert = state.alerts.get(id);
    if (alert !== undefined) turn.alertChanged(alert);
  }
  const changed = turn.changedIncidents();
  const put = changed.length === 0 ? NONE : changed.map(({ id }) => id);
  for (const { id, value } of state.correlator.takeLearned(put, state.view)) keepLearned(turn, id, value);
  keepUndone(state, turn);
}

const NONE: readonly string[] = [];

/** @param value null = it is forgotten. */
function keepLearned(turn: Turn, id: string, value: unknown): void {
  if (value === null) turn.remove("learned", id);
  else turn.put({ kind: "learned", id, value });
}

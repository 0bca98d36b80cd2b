import { REF_LENGTH } from "../model/alert-ref.ts";
import { alertId, type AlertTable, isActive } from "../model/alert-table.ts";
import type { Alert } from "../model/alert.ts";
import type { Event, Labels } from "../model/event.ts";
import type { Repetition } from "../model/input.ts";
import { type Repeated, RepeatedList } from "../model/repeated.ts";
import type { SharedTexts } from "../model/shared-texts.ts";
import type { CoreSettings, CorrelationSettings } from "../model/settings.ts";
import type { Repeat } from "../model/sightings.ts";
import type { UnixMillis } from "../model/time.ts";
import type { TimerQueue } from "../model/timer-queue.ts";
import type { Topology } from "../model/topology.ts";
import type { Turn } from "../model/turn.ts";
import { believedTime, classify, LATE_AFTER_MS, type Standing, type Verdict } from "./classify.ts";
import type { EarlyClears } from "./early-clears.ts";
import type { EventIds } from "./event-ids.ts";
import { beginEnd, keepEnd, moveEnd, SILENCE_MIN_MS } from "./expiry.ts";
import { sameButFigures } from "./figures.ts";
import { withChange, startsFlapping, steadyAt } from "./flapping.ts";
import type { HeardSources } from "./heard-sources.ts";
import { beganAt, newAlert, UNSUPPRESSED } from "./new-alert.ts";
import type { ResolvedAlerts } from "./resolved-alerts.ts";
import { tellAnew, tellFlapping, tellLate, tellLateBegin, tellOvertaken } from "./tell.ts";

/** The part of the core's state that deduplication owns. */
export interface DeduplicateState {
  readonly alerts: AlertTable;
  readonly resolved: ResolvedAlerts;
  readonly eventIds: EventIds;
  readonly earlyClears: EarlyClears;
  readonly timers: TimerQueue;
  /** When each alert must be looked at without an event, by its id. */
  readonly alertTimers: TimerQueue;
  readonly texts: SharedTexts;
  readonly heard: HeardSources;
  topology: Topology;
  settings: CoreSettings;
}

/**
 * What became of an event, for the stages that follow.
 * `began`, `changed` and `cleared` concern correlation; `refreshed` changed only text or labels; `touched` only counters.
 */
export type Deduplicated =
  | { type: "duplicate" }
  | { type: "refused"; code: string; message: string }
  | { type: "touched"; alert: Alert }
  | { type: "refreshed"; alert: Alert }
  | { type: "changed"; alert: Alert }
  | { type: "began"; alert: Alert }
  | { type: "cleared"; alert: Alert }
  | { type: "recorded"; alert: Alert | null };

const DUPLICATE: Deduplicated = { type: "duplicate" };
const NOBODY: Deduplicated = { type: "recorded", alert: null };

/** True when this event was seen before. Ids that were made from content never count as seen. */
export function isRepeat(state: DeduplicateState, event: Readonly<Event>): boolean {
  return event.idGiven && !state.eventIds.add(event.source, event.id);
}

/** Finds the alert of an event and brings it up to date. Mutates the alert; puts it into the turn unless only counters moved. */
export function deduplicate(state: DeduplicateState, turn: Turn, event: Readonly<Event>): Deduplicated {
  if (isRepeat(state, event)) return DUPLICATE;
  const { at } = turn;
  const ci = state.topology.id(state.topology.register(event.ci));
  const alert = state.alerts.find(ci, event.source, event.check, event.instance);
  const occurredAt = believedTime(event.occurredAt, at);
  const standing = alert ?? standingOfUnknown(state, event, ci, at);
  const verdict = classify(standing, event, occurredAt, at);
  switch (verdict.type) {
    case "repeat":
      return repeat(state, turn, alert as Alert, event, { occurredAt, late: verdict.late });
    case "begin":
      if (alert !== undefined && verdict.anew !== undefined) tellAnew(turn, alert, event, verdict.anew);
      return begin(state, turn, alert ?? null, event, { ci, occurredAt, late: verdict.late });
    case "clear":
      return clear(state, turn, alert as Alert, occurredAt);
    case "timeline":
      if (alert !== undefined) return recordLate(state, turn, alert, event, verdict);
      tellOvertaken(turn, event, ci);
      return NOBODY;
    case "nothing":
      if (alert === undefined) {
        state.earlyClears.note(turn, alertId(ci, event.source, event.check, event.instance), occurredAt);
        return NOBODY;
      }
      if (occurredAt > alert.lastOccurredAt) {
        alert.lastOccurredAt = occurredAt;
        alert.lastSeenAt = at;
        state.heard.hear(alert.source, at);
        turn.alertChanged(alert);
      }
      return { type: "recorded", alert };
  }
}

/** Of an alert that is not in memory a clear may have come before its firing. */
function standingOfUnknown(
  state: DeduplicateState,
  event: Readonly<Event>,
  ci: string,
  at: UnixMillis,
): Standing | undefined {
  if (state.earlyClears.size === 0) return undefined;
  return state.earlyClears.standing(alertId(ci, event.source, event.check, event.instance), at);
}

interface Arrival {
  occurredAt: UnixMillis;
  late: boolean;
}

function repeat(
  state: DeduplicateState,
  turn: Turn,
  alert: Alert,
  event: Readonly<Event>,
  { occurredAt, late }: Arrival,
): Deduplicated {
  alert.count += 1;
  alert.lastSeenAt = turn.at;
  state.heard.hear(alert.source, turn.at);
  const newest = occurredAt >= alert.lastOccurredAt;
  if (newest) alert.lastOccurredAt = occurredAt;
  const nowLive = alert.late && !late;
  if (nowLive) alert.late = false;
  const { expiresAt: before } = alert;
  if (newest) moveEnd(alert, event, turn.at, state.settings.correlation);
  else keepEnd(alert, state.settings.correlation);
  const { expiresAt } = alert;
  if (expiresAt !== null && (before === null || expiresAt < before)) state.alertTimers.schedule(alert.id, expiresAt);
  let change = newest ? takeOver(alert, event) : "none";
  if (change === "matter") state.alerts.relabelled(alert);
  // Of replicas that tell of one alert, the first that saw it knows since when.
  if (event.since !== undefined && event.since < alert.occurredAt) {
    alert.occurredAt = event.since;
    if (change === "none") change = "text";
  }
  if (change === "none" && !nowLive) return { type: "touched", alert };
  state.texts.share(alert);
  turn.alertChanged(alert);
  return { type: change === "matter" || nowLive ? "changed" : "refreshed", alert };
}

/**
 * What `deduplicate` would do with events that repeat the alerts' last ones, word for word.
 *
 * @returns what was repeated, and the places in the list of those that something else has happened to: only their events can
 * tell what is to be done, and nothing was changed of them.
 */
export function repeatUnchanged(
  state: DeduplicateState,
  { alerts: refs, occurredAt, expiresAt, expiresAfterMs }: Readonly<Repetition>,
  at: UnixMillis,
): { repeated: Repeated; missed: number[] } {
  const length = refs.length / REF_LENGTH;
  const isInTime = occurredAt <= at && at - occurredAt <= LATE_AFTER_MS;
  const repeat: Repeat = { seenAt: at, occurredAt, expiresAfterMs, expiresAt: Math.max(at, expiresAt) };
  const onNearer = (alert: Alert): void => state.alertTimers.schedule(alert.id, repeat.expiresAt);
  const list = new RepeatedList(length);
  const missed: number[] = [];
  for (let index = 0; index < length; index += 1) {
    const count = isInTime ? state.alerts.repeat(refs, index, repeat, onNearer) : -1;
    if (count < 0) missed.push(index);
    else list.add(refs, index, count);
  }
  return { repeated: list.with(repeat), missed };
}

/** Takes text, severity and labels from a firing event. `matter`: more than figures in the text has changed. */
function takeOver(alert: Alert, event: Readonly<Event>): "none" | "text" | "matter" {
  let change: "none" | "text" | "matter" = "none";
  if (alert.summary !== event.summary) {
    change = sameButFigures(alert.summary, event.summary) ? "text" : "matter";
    alert.summary = event.summary;
  }
  if (alert.severity !== event.severity) {
    alert.severity = event.severity;
    change = "matter";
  }
  if (!sameLabels(alert.labels, event.labels)) {
    alert.labels = event.labels;
    change = "matter";
  }
  if (!sameLabels(alert.annotations, event.annotations)) {
    alert.annotations = event.annotations;
    if (change === "none") change = "text";
  }
  if (alert.links.length !== event.links.length || event.links.some((link, i) => alert.links[i]?.href !== link.href)) {
    alert.links = event.links;
    if (change === "none") change = "text";
  }
  return change;
}

function begin(
  state: DeduplicateState,
  turn: Turn,
  known: Alert | null,
  event: Readonly<Event>,
  { ci, occurredAt, late }: Arrival & { ci: string },
): Deduplicated {
  const { at } = turn;
  const { alertsMax } = state.settings.limits;
  if ((known === null || !isActive(known)) && state.alerts.activeCount >= alertsMax) {
    turn.count("tocsin_events_refused_total", { reason: "alertsMax" });
    return {
      type: "refused",
      code: "tooManyAlerts",
      message: `${alertsMax} alerts are active; the limit is limits.alertsMax`,
    };
  }
  state.heard.hear(event.source, at);
  const alert = known ?? state.alerts.enrol(newAlert(event, ci, at));
  if (known !== null) state.resolved.forget(known);
  const held = known !== null && known.flapping;
  alert.sourceStatus = "firing";
  alert.lastOccurredAt = occurredAt;
  alert.lastSeenAt = at;
  takeOver(alert, event);
  state.texts.share(alert);
  if (!late) alert.changes = withChange(alert.changes, at);
  turn.alertChanged(alert);
  if (held) {
    // One state for as long as it flaps: the episode goes on.
    alert.count += 1;
    beginEnd(alert, event, at, state.settings.correlation);
    scheduleWake(state, alert);
    return { type: "refreshed", alert };
  }
  alert.status = "firing";
  alert.late = late;
  alert.episode += 1;
  alert.count = 1;
  alert.firstSeenAt = at;
  alert.resolvedAt = null;
  alert.withheld = null;
  alert.suppressedBy = UNSUPPRESSED;
  alert.unobservedSince = null;
  alert.occurredAt = beganAt(event, occurredAt);
  alert.flapping = startsFlapping(alert.changes, at);
  beginEnd(alert, event, at, state.settings.correlation);
  if (known === null) state.alerts.add(alert);
  else {
    state.alerts.relabelled(alert);
    state.alerts.reindex(alert);
  }
  scheduleWake(state, alert);
  if (alert.flapping) tellFlapping(turn, alert);
  if (late) tellLateBegin(turn, alert, event);
  return { type: "began", alert };
}

/**
 * The first wake comes when the earliest expiry may: the second firing then need not move it forward, which would cost
 * each alert another place in the queue.
 */
function scheduleWake(state: DeduplicateState, alert: Readonly<Alert>): void {
  const wakeAt = alertWakeAt(alert, state.settings.correlation);
  if (wakeAt !== null) state.alertTimers.schedule(alert.id, Math.min(wakeAt, alert.lastSeenAt + SILENCE_MIN_MS));
}

/** When the alert must be looked at without an event; null = never. From the entity alone, so that a restart knows it. */
export function alertWakeAt(alert: Readonly<Alert>, settings: CorrelationSettings): UnixMillis | null {
  if (alert.status === "resolved") return null;
  let wake = alert.expiresAt;
  if (alert.flapping) wake = earlier(wake, steadyAt(alert.changes, alert.changes.at(-1) ?? alert.firstSeenAt));
  if (alert.status === "unobserved" && alert.unobservedSince !== null) {
    wake = earlier(wake, alert.unobservedSince + settings.suppressMaxMs);
  }
  return wake;
}

function earlier(a: UnixMillis | null, b: UnixMillis): UnixMillis {
  return a === null ? b : Math.min(a, b);
}

function clear(state: DeduplicateState, turn: Turn, alert: Alert, occurredAt: UnixMillis): Deduplicated {
  const { at } = turn;
  state.heard.hear(alert.source, at);
  alert.sourceStatus = "resolved";
  alert.lastSeenAt = at;
  alert.lastOccurredAt = Math.max(alert.lastOccurredAt, occurredAt);
  turn.alertChanged(alert);
  if (alert.status === "resolved") return { type: "recorded", alert };
  alert.changes = withChange(alert.changes, at);
  if (!alert.flapping && startsFlapping(alert.changes, at)) {
    alert.flapping = true;
    scheduleWake(state, alert);
    tellFlapping(turn, alert);
    return { type: "changed", alert };
  }
  if (alert.flapping) return { type: "recorded", alert };
  resolveAlert(state, turn, alert);
  return { type: "cleared", alert };
}

/** Ends the episode: by a clear, an expiry, a person, or because it flaps no more and is clear. */
export function resolveAlert(state: DeduplicateState, turn: Turn, alert: Alert): void {
  alert.status = "resolved";
  alert.resolvedAt = turn.at;
  alert.expiresAt = null;
  alert.flapping = false;
  alert.withheld = null;
  alert.suppressedBy = UNSUPPRESSED;
  alert.unobservedSince = null;
  turn.alertChanged(alert);
  state.alerts.reindex(alert);
  state.alertTimers.cancel(alert.id);
  state.resolved.remember(alert);
}

function recordLate(
  state: DeduplicateState,
  turn: Turn,
  alert: Alert,
  event: Readonly<Event>,
  verdict: Extract<Verdict, { type: "timeline" }>,
): Deduplicated {
  if (event.status === "firing") alert.count += 1;
  alert.lastSeenAt = turn.at;
  state.heard.hear(alert.source, turn.at);
  turn.alertChanged(alert);
  tellLate(turn, alert, event, verdict.rule);
  return { type: "recorded", alert };
}

function sameLabels(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  let size = 0;
  for (const name in a) {
    if (a[name] !== b[name]) return false;
    size += 1;
  }
  for (const _ in b) size -= 1;
  return size === 0;
}

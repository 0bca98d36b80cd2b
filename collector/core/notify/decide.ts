import type { Incident, Told } from "../model/incident.ts";
import { PRIORITIES, type Priority } from "../model/severity.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Turn } from "../model/turn.ts";
import { audibilityOf } from "./audible.ts";
import { type Message, tell } from "./message.ts";
import { receiversOf } from "./route.ts";
import type { NotifyState } from "./state.ts";
import { NO_ROUTE, withheldReason } from "./withheld.ts";

/** From this priority on, people want to know even of a fault that healed before the page. */
const URGENT: readonly Priority[] = ["P1", "P2"];

/** Who was paged and heard the end less than this ago is not rung up for its return at once … */
const STILL_AT_IT_MS: Milliseconds = 10 * 60_000;
/** … but when it has stayed for this long. */
const RETURN_STAYS_MS: Milliseconds = 5 * 60_000;

/** An incident of so many times the alerts that somebody was paged for elsewhere is news to them. */
const GROWN = 4;

/**
 * Decides who is told what about an incident that changed, or whose time has come. Idempotent: called again without a
 * change it says nothing.
 *
 * One fault rings once: the first word that is worth a page is the page, everything later is an update. A fault that comes
 * back minutes after its end rings again only if it stays, but at once where a business service is in critical trouble, or
 * where a person had called it over. Who was told of the fire is told of its end, whatever is silenced by then.
 */
export function notify(state: NotifyState, turn: Turn, incident: Incident): void {
  if (incident.mergedInto !== null) return tellEnd(state, turn, incident, mergedReason(incident));
  if (incident.status === "resolved" || incident.status === "closed") {
    return tellEnd(state, turn, incident, endReason(incident));
  }
  const knows = incident.told.some((told) => told.kind !== "resolved");
  if (!knows && incident.holdUntil !== null && turn.at < incident.holdUntil) return;
  if (!mayTellMore(incident, turn.at)) return;
  const { isAudible, rules } = audibilityOf(state, incident);
  if (!isAudible) return withhold(state, turn, incident, rules);
  const receivers = receiversOf(state, incident, turn.at);
  if (receivers.length === 0 && incident.told.length === 0) return withhold(state, turn, incident, ["no-route"]);
  if (isBackSoon(incident, turn.at) && !ringsAtOnce(state, incident))
    incident.pageHoldUntil = turn.at + RETURN_STAYS_MS;
  const messages = messagesFor(incident, receivers, turn.at);
  if (messages.length > 0) tell(state, turn, incident, messages);
  else if (incident.updateDueAt !== null && turn.at >= incident.updateDueAt) incident.updateDueAt = null;
}

/** Its receivers must be able to tell that the fault is not over: its story goes on elsewhere. */
function mergedReason({ timeline }: Readonly<Incident>): string {
  const entry = timeline.findLast(({ kind }) => kind === "merged");
  return `merged, not over: it is ${entry?.text ?? "part of another incident"}`;
}

/** Somebody who was paged for it heard of its end only minutes ago. */
function isBackSoon(incident: Readonly<Incident>, at: UnixMillis): boolean {
  return incident.told.some((told) => told.kind === "resolved" && told.paged && at - told.at < STILL_AT_IT_MS);
}

/**
 * Waiting whether it stays would cost more than a page too many: a business service itself is critical again, or a person
 * believes that it is over.
 */
function ringsAtOnce(state: NotifyState, incident: Readonly<Incident>): boolean {
  const isByPerson = resolvedBy(incident) !== null;
  const { services } = incident.impact;
  for (const { ci, status, severity } of state.incidents.some(incident.id)) {
    if (status !== "firing" || severity !== "critical") continue;
    if (isByPerson || services.some((service) => service.ci === ci)) return true;
  }
  return false;
}

/** Who called it over before it came back; null when its alerts did. */
function resolvedBy({ timeline }: Readonly<Incident>): string | null {
  return timeline.findLast((entry) => entry.kind === "resolved")?.actor ?? null;
}

function mayPage(incident: Readonly<Incident>, at: UnixMillis): boolean {
  const { pageHoldUntil } = incident;
  return incident.pageWorthy && incident.status === "open" && (pageHoldUntil === null || at >= pageHoldUntil);
}

/** Cheap test before the work that grows with the incident. */
function mayTellMore(incident: Readonly<Incident>, at: number): boolean {
  if (incident.updateDueAt !== null && at >= incident.updateDueAt) return true;
  if (incident.told.length === 0) return true;
  return incident.told.some(
    (told) => told.kind === "resolved" || told.revision === 0 || escalationOf(incident, told, at) !== null,
  );
}

/** Who was paged for a few of its alerts, before these became a matter of their own, knows nothing of one that has grown. */
function knowsOf(told: Readonly<Told>, incident: Readonly<Incident>): boolean {
  return told.paged && incident.alertCount <= GROWN * (told.inherited ?? Number.POSITIVE_INFINITY);
}

function messagesFor(incident: Readonly<Incident>, receivers: readonly string[], at: number): Message[] {
  const messages: Message[] = [];
  const isDue = incident.updateDueAt !== null && at >= incident.updateDueAt;
  const page = mayPage(incident, at);
  const reason = openingReason(incident, at);
  for (const receiver of receivers) {
    if (incident.told.some((told) => told.receiver === receiver)) continue;
    messages.push({ receiver, kind: "opened", page, reason });
  }
  for (const told of incident.told) {
    const { receiver } = told;
    if (told.revision === 0) {
      const isNew = page && !knowsOf(told, incident);
      messages.push({
        receiver,
        kind: "opened",
        page: isNew,
        reason: "an incident told before has become part of this one",
      });
    } else if (told.kind === "resolved") {
      messages.push({ receiver, kind: "reopened", page, reason: `${backAgain(incident)}: ${reason}` });
    } else {
      const escalation = escalationOf(incident, told, at);
      if (escalation !== null) messages.push({ receiver, kind: "escalated", ...escalation });
      else if (isDue && told.revision < incident.revision) {
        messages.push({ receiver, kind: "updated", page: false, reason: standOf(incident) });
      }
    }
  }
  return messages;
}

/** What is known now, for who knows it as it was. */
function standOf({ rootCause, impact, priority }: Readonly<Incident>): string {
  const root = rootCause.ci === null ? "no single CI is at fault" : `root cause ${rootCause.ci}`;
  const { length } = impact.services;
  return `now ${priority}, ${root}, ${length === 1 ? "1 business service" : `${length} business services`} hit`;
}

function endReason(incident: Readonly<Incident>): string {
  const actor = resolvedBy(incident);
  return actor === null ? "all its alerts are clear" : `${actor} resolved it`;
}

function backAgain(incident: Readonly<Incident>): string {
  const actor = resolvedBy(incident);
  return actor === null ? "it is back" : `it is back after ${actor} resolved it`;
}

function openingReason(incident: Readonly<Incident>, at: UnixMillis): string {
  if (!incident.pageWorthy) return `no page: ${incident.pageReason}`;
  if (incident.status === "acknowledged") return "no page: somebody has acknowledged it";
  if (!mayPage(incident, at)) return `${incident.pageReason}; it pages if it stays`;
  return incident.pageReason;
}

/** Null: nothing to escalate for this receiver. */
function escalationOf(
  incident: Readonly<Incident>,
  told: Readonly<Told>,
  at: UnixMillis,
): { page: boolean; reason: string } | null {
  if (told.kind === "resolved" || told.revision === 0) return null;
  if (!knowsOf(told, incident) && mayPage(incident, at)) {
    return { page: true, reason: `it is worth a page now: ${incident.pageReason}` };
  }
  const from = PRIORITIES.indexOf(told.priority);
  const to = PRIORITIES.indexOf(incident.priority);
  if (to >= from) return null;
  return { page: false, reason: `priority rises from ${told.priority} to ${incident.priority}` };
}

function tellEnd(state: NotifyState, turn: Turn, incident: Incident, reason: string): void {
  const messages: Message[] = [];
  for (const told of incident.told) {
    if (told.kind === "resolved" || told.revision === 0) continue;
    messages.push({ receiver: told.receiver, kind: "resolved", page: false, reason });
  }
  if (incident.told.length === 0 && incident.status === "resolved" && incident.withheld !== "healed") {
    return tellHealed(state, turn, incident);
  }
  tell(state, turn, incident, messages);
}

/** It resolved before anyone was told. */
function tellHealed(state: NotifyState, turn: Turn, incident: Incident): void {
  const before = incident.withheld;
  incident.withheld = "healed";
  turn.incidentChanged(incident);
  const isUrgent = before === null && incident.pageWorthy && URGENT.includes(incident.priority);
  const actor = resolvedBy(incident);
  const reason =
    actor === null ? "it healed by itself before anyone was told" : `${actor} resolved it before anyone was told`;
  turn.record({
    decision: "notification.withheld",
    incident: incident.id,
    ci: incident.rootCause.ci,
    rule: before ?? "healed",
    reasons: [
      ...(before === null ? [] : before.split(", ").map((rule) => withheldReason(state, rule))),
      isUrgent ? `${reason}; because of ${incident.priority} a message says so, without a page` : reason,
    ],
    counterfactual:
      before === null ? "without the hold it would have been told" : withoutIt(state, incident, before, turn.at),
    facts: { holdReason: incident.holdReason, priority: incident.priority },
  });
  if (!isUrgent) return;
  const receivers = receiversOf(state, incident, turn.at);
  tell(
    state,
    turn,
    incident,
    receivers.map((receiver) => ({ receiver, kind: "resolved", page: false, reason })),
  );
  incident.withheld = "healed";
}

function withhold(state: NotifyState, turn: Turn, incident: Incident, rules: readonly string[]): void {
  incident.updateDueAt = null;
  const rule = rules.join(", ");
  if (incident.withheld === rule || rule === "clear") return;
  incident.withheld = rule;
  turn.incidentChanged(incident);
  turn.record({
    decision: "notification.withheld",
    incident: incident.id,
    ci: incident.rootCause.ci,
    rule,
    reasons: rules.map((each) => withheldReason(state, each)),
    counterfactual: withoutIt(state, incident, rule, turn.at),
    facts: { priority: incident.priority },
  });
}

/** What would have happened otherwise. */
function withoutIt(state: NotifyState, incident: Readonly<Incident>, rule: string, at: UnixMillis): string {
  const outcome = incident.pageWorthy ? "a person would have been paged" : "it would have been told";
  if (rule === "no-route") return `with a route that matches it, ${outcome}`;
  if (incident.told.length === 0 && receiversOf(state, incident, at).length === 0)
    return `without it, nobody would have been told either: ${NO_ROUTE}`;
  return `without it, ${outcome}`;
}

/** Who was told of the fire hears that somebody works on it. */
export function tellAcknowledged(state: NotifyState, turn: Turn, incident: Incident, actor: string): void {
  const knowing = incident.told.filter((told) => told.kind !== "resolved" && told.revision > 0);
  const reason = `${actor} has acknowledged it`;
  const messages = knowing.map(({ receiver }): Message => ({ receiver, kind: "acknowledged", page: false, reason }));
  tell(state, turn, incident, messages);
}

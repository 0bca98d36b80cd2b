import { withOneMore } from "../model/short-list.ts";
import { type IncidentDocument, incidentDocument } from "../model/document.ts";
import { hashId } from "../model/hash.ts";
import type { Incident, Told } from "../model/incident.ts";
import type { Json } from "../model/ledger.ts";
import type { NotificationKind } from "../model/notification-kind.ts";
import { tellTimeline } from "../model/timeline.ts";
import type { Turn } from "../model/turn.ts";
import type { NotifyState } from "./state.ts";

/** A message shows the worst of a storm, not all of it. */
const ALERTS_SHOWN = 100;

export interface Message {
  receiver: string;
  kind: NotificationKind;
  page: boolean;
  /** In plain words. */
  reason: string;
}

/** Equal for every attempt and after every crash. */
export function idempotencyKey(incident: Readonly<Incident>, kind: NotificationKind, receiver: string): string {
  return hashId("ntf-", [incident.id, String(incident.reopened), kind, String(incident.revision), receiver]);
}

/** Sends messages about one revision of the incident: the effects, what was told, the ledger and the timeline. */
export function tell(state: NotifyState, turn: Turn, incident: Incident, messages: readonly Message[]): void {
  if (messages.length === 0) return;
  const { at } = turn;
  // Nothing but time has passed since the last word: whoever keeps only the newest revision must see that this is newer.
  if (messages.some(({ receiver }) => knowsRevision(incident, receiver))) incident.revision += 1;
  for (const { receiver, kind, page } of messages) remember(incident, { receiver, kind, page, at });
  noteInTimeline(incident, at, messages);
  const document = asSaid(incidentDocument(incident, (id) => state.alerts.get(id), ALERTS_SHOWN));
  for (const { receiver, kind, page, reason } of messages) {
    turn.effects.push({
      kind: "notify",
      notification: {
        idempotencyKey: idempotencyKey(incident, kind, receiver),
        incident: incident.id,
        revision: incident.revision,
        receiver,
        kind,
        page,
        at,
        reason,
        document,
      },
    });
    turn.record({
      decision: "notification.decided",
      incident: incident.id,
      ci: incident.rootCause.ci,
      rule: kind,
      reasons: [reason],
      counterfactual: counterfactualOf(incident, kind, page),
      facts: { receiver, page, priority: incident.priority, revision: incident.revision, ...rootFacts(incident) },
    });
    turn.count("tocsin_notifications_decided_total", { kind, page: String(page) });
  }
  incident.holdUntil = null;
  incident.withheld = null;
  incident.updateDueAt = null;
  turn.incidentChanged(incident);
}

function knowsRevision({ told, revision }: Readonly<Incident>, receiver: string): boolean {
  return told.some((each) => each.receiver === receiver && each.revision === revision);
}

/** The verdict as it was when people were told. */
function rootFacts({ rootCause }: Readonly<Incident>): Record<string, Json> {
  const best = rootCause.candidates[0];
  const reasons = best !== undefined && best.ci === rootCause.ci ? best.reasons.slice(0, 5) : [];
  const { ci, confidence, inferred, change } = rootCause;
  return { root: ci, confidence, inferred, change, rootReasons: reasons };
}

function remember(
  incident: Incident,
  { receiver, kind, page, at }: { receiver: string; kind: NotificationKind; page: boolean; at: number },
): void {
  const known = incident.told.find((told) => told.receiver === receiver);
  const told: Told = {
    receiver,
    kind,
    revision: incident.revision,
    at,
    // An opening of its own: what was paged before the end does not count.
    paged: kind === "reopened" ? page : page || (known?.paged ?? false),
    priority: incident.priority,
    ...(page || known?.inherited === undefined ? {} : { inherited: known.inherited }),
  };
  if (known === undefined) incident.told = withOneMore(incident.told, told);
  else incident.told[incident.told.indexOf(known)] = told;
}

function noteInTimeline(incident: Incident, at: number, messages: readonly Message[]): void {
  const [first] = messages;
  if (first === undefined || first.kind === "updated") return;
  const names = messages.map((message) => message.receiver).join(", ");
  const word = messages.some((message) => message.page) ? "paged" : "told";
  const what = incident.mergedInto === null ? first.kind : "merged";
  tellTimeline(incident, at, "notified", `${what}: ${word} ${names}`);
}

function counterfactualOf(incident: Readonly<Incident>, kind: NotificationKind, page: boolean): string | null {
  if (kind === "resolved") return null;
  if (page) return "with a silence or a maintenance window on its alerts nobody would have been paged";
  if (incident.status === "acknowledged") return "had nobody acknowledged it, it could have paged";
  return incident.pageWorthy ? null : `it would have paged, but: ${incident.pageReason}`;
}

/**
 * The state lives on; what was said stays as it was said. Alerts and the timeline of a document are its own, and labels are
 * never changed, only replaced.
 */
function asSaid(document: IncidentDocument): IncidentDocument {
  const { rootCause, impact } = document;
  const candidates = rootCause.candidates.map((candidate) => ({ ...candidate, reasons: [...candidate.reasons] }));
  return {
    ...document,
    rootCause: { ...rootCause, candidates },
    impact: { services: impact.services.map((service) => ({ ...service })), cis: [...impact.cis] },
  };
}

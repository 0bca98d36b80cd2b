import type { AlertDocument, IncidentDocument } from "../core/model/document.ts";
import type { Notification } from "../core/model/notification.ts";
import { type CardOf, cardText, type CiCard, hasOwnName } from "../port/ci-card.ts";
import { type RunbookShelf, runbooksOf } from "../port/runbooks.ts";
import type { NotificationKind } from "../core/model/notification-kind.ts";

/** A heading that a reader at three in the morning looks for, and what stands under it. */
export interface WordingSection {
  heading: string;
  lines: string[];
}

/** One notification in plain words, for every channel. Plain text without markup: each channel escapes it its own way. */
export interface Wording {
  /** Fits a lock screen: what happened, how urgent, to what. One line. */
  headline: string;
  /** The same for every message about an incident, so that mail programs keep one thread. One line. */
  subject: string;
  /** Priority, severity, number, since when. One line. */
  facts: string;
  /** In this order: what is new, what broke, why we think so, who is hit, what changed, what next. Empty ones are left out. */
  sections: WordingSection[];
  /** Where the incident is shown; null where the collector's address is not configured. */
  link: string | null;
}

const HEADLINE_MAX = 120;
const LINE_MAX = 240;
const ALERTS_SHOWN = 5;
const REASONS_SHOWN = 4;
const SERVICES_SHOWN = 6;

/**
 * Monitoring data is hostile: one line of it must stay one line, and may not turn text around or hide it.
 * Control, format (bidirectional) and separator characters become spaces.
 */
export function oneLine(text: string, lengthMax: number): string {
  const line = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  const characters = Array.from(line);
  return characters.length > lengthMax ? `${characters.slice(0, lengthMax - 1).join("")}…` : line;
}

function timeOf(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}

/** `12 min`, `3 h 05 min`, `2 d 4 h`. */
export function spanOf(durationMs: number): string {
  const minutes = Math.max(0, Math.round(durationMs / 60_000));
  if (minutes < 1) return `${Math.max(0, Math.round(durationMs / 1000))} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

function lastActor(incident: IncidentDocument, kind: string): string | null {
  return incident.timeline.findLast((entry) => entry.kind === kind)?.actor ?? null;
}

/** What happened to the incident, in the fewest words. */
function happened(kind: NotificationKind, incident: IncidentDocument): string {
  const { priority } = incident;
  switch (kind) {
    case "updated":
      return `${priority} update`;
    case "escalated":
      return `Now ${priority}`;
    case "reopened":
      return `${priority} back again`;
    case "acknowledged": {
      const actor = lastActor(incident, "acknowledged") ?? incident.owner;
      return actor === null ? "Acknowledged" : `Acknowledged by ${oneLine(actor, 40)}`;
    }
    case "resolved":
      if (incident.mergedInto !== null) return `Not over, merged into ${successor(incident)}`;
      return incident.resolvedAt === null
        ? "Resolved"
        : `Resolved after ${spanOf(Date.parse(incident.resolvedAt) - Date.parse(incident.openedAt))}`;
    default:
      return priority;
  }
}

/** "incident 7", the number being in the timeline; else the id. */
function successor({ timeline, mergedInto }: IncidentDocument): string {
  const text = timeline.findLast((entry) => entry.kind === "merged")?.text ?? "";
  return /^part of (incident \d+)/.exec(text)?.[1] ?? `incident ${mergedInto ?? ""}`;
}

function alertLine(alert: AlertDocument): string {
  const instance = alert.instance === "" ? "" : ` ${alert.instance}`;
  const over = alert.status === "resolved" ? " (cleared)" : alert.status === "unobserved" ? " (not observed)" : "";
  const summary = alert.summary === "" ? "" : `: ${alert.summary}`;
  return oneLine(`${alert.ci} ${alert.check}${instance}${summary}${over}`, LINE_MAX);
}

function whatBroke(incident: IncidentDocument, over: boolean, cardOf: CardOf): string[] {
  const { rootCause, alerts } = incident;
  const shown = over ? [] : alerts.slice(0, ALERTS_SHOWN).map(alertLine);
  const rest = over ? 0 : alerts.length - shown.length;
  const cause =
    rootCause.ci === null
      ? nobodyAtFault(rootCause.rootless)
      : oneLine(
          `Probable cause: ${rootCause.ci} (${Math.round(rootCause.confidence * 100)} %)${rootCause.inferred ? ", inferred: it sends nothing itself" : ""}${aboutCause(cardOf(rootCause.ci))}`,
          LINE_MAX,
        );
  return [cause, ...shown, ...(rest > 0 ? [`… and ${plural(rest, "more alert")}`] : [])];
}

function aboutCause(card: CiCard | undefined): string {
  return card === undefined ? "" : `; ${cardText(card)}`;
}

const ownerOf = (card: CiCard | undefined): string =>
  card === undefined || card.owner === null ? "" : `, owner ${card.owner}`;

function nobodyAtFault(reason: string | undefined): string {
  return reason === undefined ? "No single cause has been found." : oneLine(`No single cause: ${reason}.`, LINE_MAX);
}

/** What was changed and explains it, as correlation says it; undefined where nothing was. */
function changeOf({ rootCause }: IncidentDocument): string | undefined {
  return rootCause.change === null ? undefined : rootCause.candidates[0]?.reasons[0];
}

function whyWeThinkSo(incident: IncidentDocument): string[] {
  const { rootCause } = incident;
  const [first, second] = rootCause.candidates;
  if (first === undefined || rootCause.ci === null) return [];
  const changed = changeOf(incident);
  const own = first.reasons.filter((reason) => reason !== changed);
  const reasons = own.slice(0, REASONS_SHOWN).map((reason) => oneLine(reason, LINE_MAX));
  if (second === undefined || second.score <= 0) return reasons;
  return [...reasons, oneLine(`Next candidate: ${second.ci} (${Math.round(second.score * 100)} %)`, LINE_MAX)];
}

function whoIsHit({ impact }: IncidentDocument, cardOf: CardOf): string[] {
  const services = impact.services.slice(0, SERVICES_SHOWN).map(({ ci, criticality, redundancyLeft }) => {
    const redundancy =
      redundancyLeft === null
        ? ""
        : redundancyLeft <= 0
          ? ", no redundancy left"
          : `, redundancy left: ${redundancyLeft}`;
    const card = cardOf(ci);
    const called = card !== undefined && hasOwnName(card) ? `${card.name} (${ci}, ` : `${ci} (`;
    return oneLine(`${called}criticality ${criticality})${redundancy}${ownerOf(card)}`, LINE_MAX);
  });
  const rest = impact.services.length - services.length;
  return [
    ...services,
    ...(rest > 0 ? [`… and ${plural(rest, "more service")}`] : []),
    ...(impact.cis.length > 1 ? [`${impact.cis.length} configuration items in all`] : []),
  ];
}

function whatChanged(incident: IncidentDocument): string[] {
  const changed = changeOf(incident);
  return changed === undefined ? [] : [oneLine(changed, LINE_MAX)];
}

/** Where a reader finds what is not in the message. */
interface Places {
  externalUrl: string | null;
  runbooks: Pick<RunbookShelf, "of"> | undefined;
}

/** The first runbook of its alerts: a web address as it is, one of our own rules below the collector's address. */
function runbookOf({ alerts }: IncidentDocument, { externalUrl, runbooks }: Places): string | undefined {
  const href = runbooksOf(alerts, runbooks ?? { of: () => undefined })[0]?.href;
  if (href === undefined || !href.startsWith("/")) return href;
  return externalUrl === null ? undefined : `${externalUrl}${href}`;
}

function afterTheEnd(incident: IncidentDocument): string {
  if (incident.mergedInto !== null) return `Go on in ${successor(incident)}: it is the same fault, and it is not over.`;
  const actor = lastActor(incident, "resolved");
  return actor === null
    ? "Nothing: every alert has cleared."
    : oneLine(`Nothing: ${actor} resolved it. What its sources find anew opens it again.`, LINE_MAX);
}

function whatNext(notification: Notification, places: Places): string[] {
  const { document: incident, kind, page } = notification;
  const runbook = runbookOf(incident, places);
  const runbookLine = runbook === undefined ? [] : [`Runbook: ${runbook}`];
  if (kind === "resolved") return [afterTheEnd(incident)];
  if (kind === "acknowledged") return runbookLine;
  const ask = page ? [`Acknowledge: tocsin ack ${incident.number}`] : [];
  return [...ask, ...runbookLine, `Why: tocsin why ${incident.number}`];
}

/** What a message is made of beside the notification: absent = there is none. */
export interface WordingSources {
  externalUrl: string | null;
  runbooks?: Pick<RunbookShelf, "of">;
  cardOf?: CardOf;
}

/** Says a notification in plain words. Pure: equal notifications with equal sources give equal words. */
export function wordNotification(notification: Notification, sources: Readonly<WordingSources>): Wording {
  const { document: incident, kind } = notification;
  const { externalUrl, runbooks, cardOf = () => undefined } = sources;
  const title = oneLine(incident.title === "" ? `Incident ${incident.number}` : incident.title, HEADLINE_MAX);
  const isMerged = kind === "resolved" && incident.mergedInto !== null;
  const news = kind === "updated" || kind === "escalated" || kind === "reopened" || isMerged;
  const sections: WordingSection[] = [
    {
      heading: "Why you read this",
      lines: news ? [oneLine(notification.reason, LINE_MAX)].filter((line) => line !== "") : [],
    },
    { heading: "What broke", lines: whatBroke(incident, kind === "resolved", cardOf) },
    { heading: "Why we think so", lines: kind === "resolved" ? [] : whyWeThinkSo(incident) },
    { heading: "Who is hit", lines: whoIsHit(incident, cardOf) },
    { heading: "What changed", lines: whatChanged(incident) },
    { heading: "What next", lines: whatNext(notification, { externalUrl, runbooks }) },
  ];
  return {
    headline: oneLine(`${happened(kind, incident)}: ${title}`, HEADLINE_MAX),
    subject: oneLine(`Incident ${incident.number}: ${title}`, HEADLINE_MAX),
    facts: `${incident.priority} · ${incident.severity} · incident ${incident.number} · since ${timeOf(incident.openedAt)}`,
    sections: sections.filter(({ lines }) => lines.length > 0),
    link: externalUrl === null ? null : `${externalUrl}/#/incidents/${encodeURIComponent(incident.id)}`,
  };
}

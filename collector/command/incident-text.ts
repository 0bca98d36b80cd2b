import type { IncidentDocument, IncidentMute } from "../core/model/document.ts";
import type { Link } from "../core/model/event.ts";
import type { Impact } from "../core/model/incident.ts";
import type { WaitingMessage } from "../core/model/notification.ts";
import { cardText, type CiCard, hasOwnName } from "../port/ci-card.ts";
import type { Diagnostics } from "../port/diagnostics.ts";
import type { RunbookLink } from "../port/runbooks.ts";
import type { CommandIo } from "./command-io.ts";
import { counted, oneLine, paint, printable, table } from "./table.ts";

const TIMELINE_SHOWN = 20;
const LINKS_SHOWN = 6;

/** An incident as the API gives it by itself. */
export type ShownIncident = IncidentDocument & {
  diagnostics?: Diagnostics[];
  runbooks?: RunbookLink[];
  changeLinks?: Link[];
  undelivered?: Omit<WaitingMessage, "at">[];
  configurationItems?: CiCard[];
};

/** One incident for a person at a terminal. @param base where the collector is */
export function incidentText(item: ShownIncident, base: string, io: CommandIo): string {
  const worst = item.priority === "P1" || item.priority === "P2";
  const lines = [
    paint(`${item.priority}  ${printable(item.title)}`, worst ? "red" : "yellow", io.isTerminal),
    `Incident ${item.number} (${item.id}), ${item.status}, opened ${item.openedAt}${item.resolvedAt === null ? "" : `, resolved ${item.resolvedAt}`}${item.owner === null ? "" : `, owner ${printable(item.owner)}`}`,
    ...(item.muted ?? []).map(muteText),
    ...(item.undelivered ?? []).filter(({ attempts }) => attempts > 0).map(lateText),
    "",
    `Root cause: ${printable(rootOf(item))}${item.rootCause.ci === null ? "" : `, ${confidence(item)} sure${aboutRoot(item)}`}`,
    ...reasonsOf(item).map((reason) => `  - ${oneLine(reason)}`),
    ...item.rootCause.candidates
      .filter(({ ci }) => ci !== item.rootCause.ci)
      .slice(0, 3)
      .map((candidate) => `  or ${printable(candidate.ci)} (${Math.round(candidate.score * 100)} %)`),
    ...[changeOf(item.rootCause)].flatMap((text) => (text === undefined ? [] : ["", `What changed: ${oneLine(text)}`])),
    ...(item.changeLinks ?? []).map(({ href, text }) => `  ${printable(`${text === "" ? "link" : text}: ${href}`)}`),
    "",
    `Services hit: ${item.impact.services.length === 0 ? "none known" : item.impact.services.map((service) => serviceText(item, service)).join(", ")}`,
    `CIs hit: ${item.impact.cis.length}`,
    "",
    table(
      ["ALERT ON", "CHECK", "SEVERITY", "STATUS", "SINCE", "SUMMARY"],
      item.alerts
        .slice(0, 30)
        .map((alert) => [
          alert.ci,
          alert.check + (alert.instance === "" ? "" : `[${alert.instance}]`),
          alert.severity,
          alert.status,
          alert.firstSeenAt,
          alert.summary,
        ]),
    ).trimEnd(),
    ...(item.alerts.length > 30 ? [`… and ${item.alerts.length - 30} more (--json shows all)`] : []),
    "",
    ...linksOf(item),
    ...timelineOf(item),
    ...recordedText(item),
    "",
    ...(item.runbooks ?? []).map(({ href }) => `Runbook: ${href.startsWith("/") ? `${base}${href}` : printable(href)}`),
    nextOf(item),
  ];
  return `${lines.join("\n")}\n`;
}

export function rootOf(document: IncidentDocument): string {
  return document.rootCause.ci === null
    ? "no single CI"
    : `${document.rootCause.ci}${document.rootCause.inferred ? " (inferred)" : ""}`;
}

function confidence(document: IncidentDocument): string {
  return `${Math.round(document.rootCause.confidence * 100)} %`;
}

/** Of what is named, or why nobody is; without what was changed, which has a line of its own. */
function reasonsOf({ rootCause }: IncidentDocument): string[] {
  if (rootCause.ci === null) return rootCause.rootless === undefined ? [] : [rootCause.rootless];
  const reasons = rootCause.candidates.find(({ ci }) => ci === rootCause.ci)?.reasons ?? [];
  const changed = changeOf(rootCause);
  return reasons.filter((reason) => reason !== changed);
}

function changeOf({ change, candidates }: IncidentDocument["rootCause"]): string | undefined {
  return change === null ? undefined : (candidates[0]?.reasons[0] ?? change);
}

function timelineOf({ timeline }: IncidentDocument): string[] {
  const shown = timeline.slice(-TIMELINE_SHOWN);
  const width = Math.max(0, ...shown.map(({ kind }) => kind.length));
  return shown.map(({ at, kind, text, actor }) =>
    [`${at}  ${printable(kind).padEnd(width)} `, oneLine(text), actor === null ? "" : `(${printable(actor)})`]
      .filter((part) => part !== "")
      .join(" "),
  );
}

function redundancyOf({ redundancyLeft }: IncidentDocument["impact"]["services"][number]): string {
  if (redundancyLeft === null) return "";
  return redundancyLeft <= 0 ? " (no redundancy left)" : ` (redundancy left: ${redundancyLeft})`;
}

/** What can still be done about it. */
function nextOf({ number, status }: IncidentDocument): string {
  return `Next: ${status === "open" ? `tocsin ack ${number} · ` : ""}tocsin why ${number}`;
}

/** Why nobody is told of it just now. */
function muteText({ by, id, owner, reason, until }: IncidentMute): string {
  const who = owner === null || owner === "" ? "" : ` of ${owner}`;
  return printable(
    `Muted: ${by} ${id}${who}${until === null ? "" : ` until ${until}`}${reason === "" ? "" : `: ${reason}`}`,
  );
}

/** Who is to know of it and does not yet. */
function lateText({ receiver, kind, page, attempts, failure }: Omit<WaitingMessage, "at">): string {
  const why = failure === null ? "" : ` (${failure})`;
  return printable(
    `Not told yet: ${receiver}, ${page ? "a page" : "no page"}, ${kind}; ${counted(attempts, "attempt")} failed${why}, it is still being tried`,
  );
}

const cardOf = ({ configurationItems = [] }: ShownIncident, ci: string | null): CiCard | undefined =>
  configurationItems.find(({ id }) => id === ci);

function aboutRoot(item: ShownIncident): string {
  const card = cardOf(item, item.rootCause.ci);
  return card === undefined ? "" : printable(`; ${cardText(card)}`);
}

function serviceText(item: ShownIncident, service: Impact["services"][number]): string {
  const card = cardOf(item, service.ci);
  const called = card !== undefined && hasOwnName(card) ? `${card.name} (${service.ci})` : service.ci;
  return `${printable(called)}${redundancyOf(service)}`;
}

function recordedText({ diagnostics = [], number }: ShownIncident): string[] {
  if (diagnostics.length === 0) return [];
  const hosts = [...new Set(diagnostics.map(({ ci }) => printable(ci)))].join(", ");
  return ["", `Recorded: the last minutes of ${hosts}; tocsin why ${number} shows them`];
}

/** Pages that the sources of the first alerts name. */
function linksOf({ alerts }: ShownIncident): string[] {
  const lines = alerts.flatMap(({ ci, check, links = [] }) =>
    links.map(({ href, text }) => `  ${printable(`${ci} ${check}${text === "" ? "" : `, ${text}`}: ${href}`)}`),
  );
  return lines.length === 0 ? [] : ["Links:", ...lines.slice(0, LINKS_SHOWN), ""];
}

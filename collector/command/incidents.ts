import type { IncidentDocument, IncidentMute } from "../core/model/document.ts";
import type { Link } from "../core/model/event.ts";
import type { Impact } from "../core/model/incident.ts";
import type { WaitingMessage } from "../core/model/notification.ts";
import { type CiCard, hasOwnName } from "../port/ci-card.ts";
import type { Diagnostics } from "../port/diagnostics.ts";
import type { RunbookLink } from "../port/runbooks.ts";
import { CLIENT_HELP } from "./client.ts";
import { clientCommand, refusal, writeJson } from "./client-command.ts";
import { EXIT, misuse, type CommandIo } from "./command-io.ts";
import { age, counted, oneLine, paint, painted, printable, table } from "./table.ts";

const HELP = `Usage: tocsin incidents [ID or NUMBER] [options]

Lists what is open, the most urgent first, or shows one incident with its root cause and the reasons for it.

  --status S          open, acknowledged, resolved, closed, several with commas, or all: the newest first
  --limit N           at most so many (default 100)
${CLIENT_HELP}

Examples:
  tocsin incidents
  tocsin incidents 42
  tocsin incidents --status all --json
`;

function confidence(document: IncidentDocument): string {
  return `${Math.round(document.rootCause.confidence * 100)} %`;
}

function rootOf(document: IncidentDocument): string {
  return document.rootCause.ci === null
    ? "no single CI"
    : `${document.rootCause.ci}${document.rootCause.inferred ? " (inferred)" : ""}`;
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

const TIMELINE_SHOWN = 20;
const LINKS_SHOWN = 6;

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

/** Read to find the most urgent of, however few are shown. */
const READ = 1000;

/** What is most urgent, then what nobody has yet; among equals the newest, as the list came. */
const byUrgency = (items: readonly IncidentDocument[]): IncidentDocument[] =>
  items.toSorted((a, b) => a.priority.localeCompare(b.priority) || b.status.localeCompare(a.status));

/** What a list does not show, so that nobody takes its first page for all that is open. */
function moreNote(unseen: number, isAll: boolean): string {
  if (unseen === 0 && isAll) return "";
  const many = unseen === 0 ? "more" : `${isAll ? "" : "more than "}${unseen} more`;
  return `… and ${many}: --limit N shows more\n`;
}

function list(items: IncidentDocument[], io: CommandIo): string {
  if (items.length === 0) return "No incidents.\n";
  const now = Date.now();
  const text = table(
    ["NUMBER", "PRIORITY", "STATUS", "AGE", "ROOT CAUSE", "ALERTS", "TITLE"],
    items.map((item) => [
      String(item.number),
      item.priority,
      item.muted === undefined ? item.status : `${item.status}, muted`,
      age(Date.parse(item.openedAt), now),
      rootOf(item),
      String(item.alerts.length),
      item.title,
    ]),
  );
  return painted(text, io.isTerminal);
}

/** Why nobody is told of it just now. */
function muteText({ by, id, owner, reason, until }: IncidentMute): string {
  const who = owner === null || owner === "" ? "" : ` of ${owner}`;
  return printable(
    `Muted: ${by} ${id}${who}${until === null ? "" : ` until ${until}`}${reason === "" ? "" : `: ${reason}`}`,
  );
}

type Shown = IncidentDocument & {
  diagnostics?: Diagnostics[];
  runbooks?: RunbookLink[];
  changeLinks?: Link[];
  undelivered?: Omit<WaitingMessage, "at">[];
  configurationItems?: CiCard[];
};

/** Who is to know of it and does not yet. */
function lateText({ receiver, kind, page, attempts, failure }: Omit<WaitingMessage, "at">): string {
  const why = failure === null ? "" : ` (${failure})`;
  return printable(
    `Not told yet: ${receiver}, ${page ? "a page" : "no page"}, ${kind}; ${counted(attempts, "attempt")} failed${why}, it is still being tried`,
  );
}

const cardOf = ({ configurationItems = [] }: Shown, ci: string | null): CiCard | undefined =>
  configurationItems.find(({ id }) => id === ci);

/** What it is, and whose. */
function aboutRoot(item: Shown): string {
  const card = cardOf(item, item.rootCause.ci);
  if (card === undefined) return "";
  const name = hasOwnName(card) ? ` "${card.name}"` : "";
  return printable(`; ${card.type}${name}${card.owner === null ? "" : `, owner ${card.owner}`}`);
}

function serviceText(item: Shown, service: Impact["services"][number]): string {
  const card = cardOf(item, service.ci);
  const called = card !== undefined && hasOwnName(card) ? `${card.name} (${service.ci})` : service.ci;
  return `${printable(called)}${redundancyOf(service)}`;
}

function recordedText({ diagnostics = [], number }: Shown): string[] {
  if (diagnostics.length === 0) return [];
  const hosts = [...new Set(diagnostics.map(({ ci }) => printable(ci)))].join(", ");
  return ["", `Recorded: the last minutes of ${hosts}; tocsin why ${number} shows them`];
}

function show(item: Shown, base: string, io: CommandIo): string {
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

/** Pages that the sources of the first alerts name. */
function linksOf({ alerts }: Shown): string[] {
  const lines = alerts.flatMap(({ ci, check, links = [] }) =>
    links.map(({ href, text }) => `  ${printable(`${ci} ${check}${text === "" ? "" : `, ${text}`}: ${href}`)}`),
  );
  return lines.length === 0 ? [] : ["Links:", ...lines.slice(0, LINKS_SHOWN), ""];
}

/** `tocsin incidents [ID]`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const options = { status: { type: "string" }, limit: { type: "string", default: "100" } } as const;
  return clientCommand(args, io, { help: HELP, options, takes: 1 }, async ({ client, flags, positionals, json }) => {
    const id = positionals[0];
    if (id !== undefined) {
      const answer = await client.get(`/api/v1/incidents/${encodeURIComponent(id)}`);
      const refused = refusal(answer, io);
      if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
      if (json) writeJson(answer.body, io);
      else io.stdout(show(answer.body as Shown, client.base, io));
      return EXIT.ok;
    }
    const limit = Number(flags["limit"]);
    if (!Number.isInteger(limit) || limit < 1) {
      return misuse(io, `--limit takes a whole number from 1, not "${String(flags["limit"])}"`);
    }
    const { status } = flags;
    const isChosen = typeof status === "string";
    const answer = await client.list<IncidentDocument>(
      `/api/v1/incidents${isChosen ? `?status=${encodeURIComponent(status)}` : ""}`,
      json || isChosen ? limit : Math.max(limit, READ),
    );
    const refused = refusal(answer, io);
    if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
    if (json) writeJson(answer.body, io);
    else {
      const items = isChosen ? (answer.items ?? []) : byUrgency(answer.items ?? []);
      const isAll = (answer.body as { next: string | null }).next === null;
      io.stdout(list(items.slice(0, limit), io) + moreNote(Math.max(0, items.length - limit), isAll));
    }
    return EXIT.ok;
  });
}

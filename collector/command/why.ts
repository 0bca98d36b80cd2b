import { type Story, storyText, tellCi, tellIncident } from "../core/explain/tell.ts";
import type { LedgerRecord } from "../core/model/ledger.ts";
import type { WaitingMessage } from "../core/model/notification.ts";
import type { Diagnostics } from "../port/diagnostics.ts";
import { type Answer, CLIENT_HELP, type Client } from "./client.ts";
import { clientCommand, refusal, writeJson } from "./client-command.ts";
import { EXIT, misuse, type CommandIo } from "./command-io.ts";
import { oneLine, printable } from "./table.ts";

const HELP = `Usage: tocsin why INCIDENT | CI [--at TIME] [options]

Tells from the ledger why you were paged for an incident, or why not; or what was decided about a CI,
and what would have happened otherwise. With it stands what the host's agent recorded when the alert began.

  --at TIME           RFC 3339, for a CI: up to when (default: now)
${CLIENT_HELP}

Examples:
  tocsin why 42
  tocsin why inc-90c61230dc27
  tocsin why web-01 --at 2026-03-01T03:12:00Z
`;

const RECORDS_MAX = 5_000;
/** Decisions about a CI that are looked at: a day before the asked time. */
const LOOK_BACK_MS = 24 * 3_600_000;

/** A record as the API shows it: the time is text. */
type LedgerLine = Omit<LedgerRecord, "at"> & { at: string | number };

type Told = { status: "told"; story: Story; diagnostics: Diagnostics[] } | { status: "refused"; answer: Answer };

/** Oldest first, as they were decided. */
async function ledger(
  client: Client,
  query: Record<string, string>,
): Promise<{ records: LedgerRecord[] } | { answer: Answer }> {
  const answer = await client.list<LedgerLine>(`/api/v1/ledger?${new URLSearchParams(query).toString()}`, RECORDS_MAX);
  if (answer.status !== "ok") return { answer };
  const records = (answer.items ?? []).map((line) => ({
    ...line,
    at: typeof line.at === "number" ? line.at : Date.parse(line.at),
  }));
  return { records: records.reverse() };
}

interface IncidentView {
  id: string;
  number: number;
  openedAt: string;
  mergedInto: string | null;
  diagnostics?: Diagnostics[];
  undelivered?: (Omit<WaitingMessage, "at"> & { at: string })[];
}

const waitingOf = ({ undelivered = [] }: IncidentView): WaitingMessage[] =>
  undelivered.map((message) => ({ ...message, at: Date.parse(message.at) }));

/** The last ones that a CI was in within the day. */
const INCIDENTS_MAX = 10;

/** Incidents become part of others, and these of others again. */
const MERGES_MAX = 20;

/** All that was decided about an incident, and about the one that it became part of; `survivor` is that one. */
async function aboutIncident(
  client: Client,
  incident: IncidentView,
): Promise<{ records: LedgerRecord[]; waiting: WaitingMessage[]; survivor: IncidentView } | { answer: Answer }> {
  const records: LedgerRecord[] = [];
  const waiting: WaitingMessage[] = [];
  let survivor = incident;
  for (let merges = 0; merges < MERGES_MAX; merges += 1) {
    const found = await ledger(client, { incident: survivor.id });
    if ("answer" in found) return found;
    records.push(...found.records);
    waiting.push(...waitingOf(survivor));
    if (survivor.mergedInto === null) break;
    const next = await client.get(`/api/v1/incidents/${encodeURIComponent(survivor.mergedInto)}`);
    if (next.status !== "ok") break;
    survivor = next.body as IncidentView;
  }
  return { records: records.sort((a, b) => a.at - b.at), waiting, survivor };
}

async function tellOfIncident(client: Client, incident: IncidentView): Promise<Told> {
  const found = await aboutIncident(client, incident);
  if ("answer" in found) return { status: "refused", answer: found.answer };
  const { records, waiting, survivor } = found;
  const name = ({ number, id }: IncidentView): string => `incident ${number} (${id})`;
  const isPart = survivor.id !== incident.id;
  const story = tellIncident(
    records,
    isPart ? `${name(incident)}, which is part of ${name(survivor)}` : name(incident),
    waiting,
  );
  return { status: "told", story, diagnostics: incident.diagnostics ?? survivor.diagnostics ?? [] };
}

/** @param ci as the CMDB or a person names it; `unknown`: the CMDB's answer where it does not know the name. */
async function tellOfCi(client: Client, ci: string, atMs: number, unknown: Answer | null): Promise<Told> {
  const period = { from: new Date(atMs - LOOK_BACK_MS).toISOString(), to: new Date(atMs).toISOString() };
  const own = await ledger(client, { ci, ...period });
  if ("answer" in own) return { status: "refused", answer: own.answer };
  const ids = new Set(own.records.flatMap(({ incident }) => incident ?? []));
  const hit = ids.size === 0 ? await lastHit(client, ci, atMs) : null;
  if (hit !== null) ids.add(hit);
  // A name that is misspelt must not read as a CI of which nothing is known.
  if (unknown !== null && ids.size === 0 && own.records.length === 0) return { status: "refused", answer: unknown };
  const records = [...own.records];
  const waiting: WaitingMessage[] = [];
  const seen = new Set(records.map((record) => JSON.stringify(record)));
  for (const id of [...ids].slice(-INCIDENTS_MAX)) {
    const incident = await client.get(`/api/v1/incidents/${encodeURIComponent(id)}`);
    const found = incident.status === "ok" ? await aboutIncident(client, incident.body as IncidentView) : null;
    if (found !== null && "answer" in found) return { status: "refused", answer: found.answer };
    waiting.push(...(found?.waiting ?? []));
    for (const record of found?.records ?? []) {
      const text = JSON.stringify(record);
      if (seen.has(text)) continue;
      seen.add(text);
      records.push(record);
    }
  }
  const recorded = await client.get(`/api/v1/agents/${encodeURIComponent(ci)}/diagnostics`);
  const diagnostics = recorded.status === "ok" ? ((recorded.body as { items?: Diagnostics[] }).items ?? []) : [];
  // The newest recording may be of another time than the one that is asked for.
  const told = new Set(records.flatMap(({ alert, at }) => (alert === null || at > atMs ? [] : alert)));
  return {
    status: "told",
    diagnostics: diagnostics.filter(({ alert }) => told.has(alert)).slice(0, 1),
    story: tellCi(
      records.sort((a, b) => a.at - b.at),
      ci,
      atMs,
      { hit, waiting },
    ),
  };
}

/** The last incident by then that hits the CI. */
async function lastHit(client: Client, ci: string, atMs: number): Promise<string | null> {
  const answer = await client.list<IncidentView>(`/api/v1/incidents?status=all&ci=${encodeURIComponent(ci)}`, 100);
  const opened = (answer.items ?? []).filter(({ openedAt }) => {
    const at = Date.parse(openedAt);
    return at <= atMs && at > atMs - LOOK_BACK_MS;
  });
  return opened[0]?.id ?? null;
}

/** What the subject is: an incident by id or number, else a CI by any of its names. */
async function tell(client: Client, subject: string, atMs: number): Promise<Told> {
  const incident = await client.get(`/api/v1/incidents/${encodeURIComponent(subject)}`);
  if (incident.status === "ok") return tellOfIncident(client, incident.body as IncidentView);
  if (incident.status === "unreachable" || incident.httpStatus !== 404 || /^(inc-[0-9a-f]+|\d+)$/.test(subject))
    return { status: "refused", answer: incident };
  const ci = await client.get(`/api/v1/cmdb/cis/${encodeURIComponent(subject)}`);
  return ci.status === "ok"
    ? tellOfCi(client, (ci.body as { id: string }).id, atMs, null)
    : tellOfCi(client, subject, atMs, ci);
}

/** It names every receiver that somebody waits for. */
const ANSWER_SHOWN = 2000;

/** What a source has sent stands in the sentences: it begins no line of its own, which could say anything. */
function printed({ question, answer, because, otherwise, steps }: Story): Story {
  return {
    question: oneLine(question),
    answer: oneLine(answer, ANSWER_SHOWN),
    because: because.map((text) => oneLine(text)),
    otherwise: otherwise.map((text) => oneLine(text)),
    steps: steps.map(({ at, text }) => ({ at, text: oneLine(text) })),
  };
}

/** The texts as they are, under whose host and which alert they belong to. */
function diagnosticsText(diagnostics: readonly Diagnostics[]): string {
  const lines = diagnostics.flatMap(({ ci, check, instance, parts }) => [
    "",
    `Recorded on ${ci} (${check}${instance === "" ? "" : ` ${instance}`})`,
    ...Object.entries(parts).flatMap(([part, text]) => [`  ${part}`, ...text.split("\n").map((line) => `    ${line}`)]),
  ]);
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

/** `tocsin why SUBJECT`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  return clientCommand(
    args,
    io,
    { help: HELP, options: { at: { type: "string" } }, takes: 1 },
    async ({ client, flags, positionals, json }) => {
      const subject = positionals[0];
      const atMs = typeof flags["at"] === "string" ? Date.parse(flags["at"]) : Date.now();
      if (subject === undefined || Number.isNaN(atMs)) {
        const problem =
          subject === undefined
            ? "why what? Name an incident or a CI"
            : `--at takes a time such as 2026-03-01T03:12:00Z, not "${String(flags["at"])}"`;
        return misuse(io, problem, HELP);
      }
      const told = await tell(client, subject, atMs);
      if (told.status === "refused") return refusal(told.answer, io) ?? EXIT.failed;
      const { story, diagnostics } = told;
      const text = `${storyText(printed(story))}${diagnosticsText(diagnostics)}`;
      if (json) writeJson(diagnostics.length === 0 ? story : { ...story, diagnostics }, io);
      else io.stdout(text.split("\n").map(printable).join("\n"));
      return EXIT.ok;
    },
  );
}

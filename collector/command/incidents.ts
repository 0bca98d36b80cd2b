import type { IncidentDocument } from "../core/model/document.ts";
import { CLIENT_HELP } from "./client.ts";
import { clientCommand, refusal, writeJson } from "./client-command.ts";
import { EXIT, misuse, type CommandIo } from "./command-io.ts";
import { incidentText, rootOf, type ShownIncident } from "./incident-text.ts";
import { age, painted, table } from "./table.ts";

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
      else io.stdout(incidentText(answer.body as ShownIncident, client.base, io));
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

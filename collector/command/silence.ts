import { type Client, CLIENT_HELP } from "./client.ts";
import { type ClientCall, clientCommand, refusal, writeJson } from "./client-command.ts";
import { EXIT, misuse, type CommandIo } from "./command-io.ts";
import { table } from "./table.ts";

const HELP = `Usage: tocsin silence [add MATCHER… | list | expire ID…] [options]

A silence mutes notifications on alerts that match; the alerts are still recorded, and a resolve always passes.
Matchers are Alertmanager's (=, !=, =~, !~) on labels and on ci, source, check, instance, severity.

  --for D             how long (default 2h): 30m, 2h, 1d
  --comment TEXT      why (required for add)
  --by NAME           who (default: $USER)
expire takes an id, or as much of its beginning as tells it apart.

${CLIENT_HELP}

Examples:
  tocsin silence add ci=web-01 --for 1h --comment "replacing a disk"
  tocsin silence add 'check=~"disk_.*"' severity=warning --comment "known, TICKET-17"
  tocsin silence list
  tocsin silence expire 9f2c
`;

interface SilenceView {
  id: string;
  matchers: { name: string; value: string; isRegex: boolean; isEqual: boolean }[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `1h30m` → milliseconds; null where it is no duration. */
export function durationMs(text: string): number | null {
  if (!/^(\d+(s|m|h|d|w))+$/.test(text)) return null;
  return [...text.matchAll(/(\d+)([smhdw])/g)].reduce(
    (sum, part) => sum + Number(part[1]) * (UNITS_MS[part[2] ?? "s"] ?? 0),
    0,
  );
}

/** `name=~"value"` → matcher; null where it is none. */
export function parseMatcher(text: string): { name: string; value: string; isRegex: boolean; isEqual: boolean } | null {
  const match = /^\s*([^=!~\s]+)\s*(=~|!~|!=|=)\s*(.*?)\s*$/s.exec(text);
  if (match === null) return null;
  const [, name = "", operator = "=", raw = ""] = match;
  const quoted = /^"(.*)"$/s.exec(raw);
  return { name, value: quoted?.[1] ?? raw, isRegex: operator.endsWith("~"), isEqual: !operator.startsWith("!") };
}

async function add({ client, flags, positionals, json }: ClientCall, io: CommandIo): Promise<number> {
  const texts = positionals.slice(1);
  const matchers = texts.map(parseMatcher);
  const bad = texts.filter((_, index) => matchers[index] === null);
  const lengthMs = durationMs(typeof flags["for"] === "string" ? flags["for"] : "2h");
  const problems = [
    ...(texts.length === 0 ? ["give at least one matcher, such as ci=web-01"] : []),
    ...bad.map((text) => `"${text}" is no matcher; write name=value, name!=value, name=~regex or name!~regex`),
    ...(lengthMs === null || lengthMs === 0
      ? [`--for takes a duration such as 30m or 2h, not "${String(flags["for"])}"`]
      : []),
    ...(typeof flags["comment"] === "string" && flags["comment"] !== ""
      ? []
      : ["--comment is required: say why, the next engineer will ask"]),
  ];
  if (problems.length > 0) {
    return misuse(io, problems.join(io.wantsJson === true ? "; " : "\ntocsin: "));
  }
  const now = Date.now();
  const answer = await client.post("/api/v1/silences", {
    matchers,
    startsAt: new Date(now).toISOString(),
    endsAt: new Date(now + (lengthMs ?? 0)).toISOString(),
    // Nobody named: the collector writes the token's name.
    createdBy: typeof flags["by"] === "string" ? flags["by"] : io.env["USER"],
    comment: flags["comment"],
  });
  const refused = refusal(answer, io);
  if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
  if (json) writeJson(answer.body, io);
  else
    io.stdout(
      `Silence ${(answer.body as { id: string }).id} holds until ${new Date(now + (lengthMs ?? 0)).toISOString()}.\n`,
    );
  return EXIT.ok;
}

async function list({ client, json }: ClientCall, io: CommandIo): Promise<number> {
  const answer = await client.list<SilenceView>("/api/v1/silences", 1000);
  const refused = refusal(answer, io);
  if (refused !== null) return refused;
  if (json) {
    writeJson(answer.status === "ok" ? answer.body : null, io);
    return EXIT.ok;
  }
  const operator = (matcher: SilenceView["matchers"][number]): string =>
    `${matcher.isEqual ? "" : "!"}${matcher.isRegex ? (matcher.isEqual ? "=~" : "~") : "="}`;
  const rows = (answer.items ?? []).map((silence) => [
    silence.id,
    silence.endsAt,
    silence.createdBy,
    silence.matchers.map((matcher) => `${matcher.name}${operator(matcher)}${matcher.value}`).join(" "),
    silence.comment,
  ]);
  io.stdout(rows.length === 0 ? "No silences.\n" : table(["ID", "UNTIL", "BY", "MATCHERS", "COMMENT"], rows));
  return EXIT.ok;
}

/** So short a beginning of an id names it by chance. */
const PREFIX_MIN = 4;

/** The ids of the silences that are not over and begin so, or the text itself: it may be the whole id of one that is over. */
async function idsOf(client: Client, text: string): Promise<string[]> {
  if (text.length < PREFIX_MIN || text.length >= 36) return [text];
  const answer = await client.list<SilenceView>("/api/v1/silences", 1000);
  const ids = (answer.items ?? []).map(({ id }) => id).filter((id) => id.startsWith(text));
  return ids.length === 0 || ids.includes(text) ? [text] : ids;
}

async function expire({ client, positionals, json }: ClientCall, io: CommandIo): Promise<number> {
  if (positionals.length < 2) {
    return misuse(io, "which silence? tocsin silence list shows them");
  }
  let worst: number = EXIT.ok;
  for (const text of positionals.slice(1)) {
    const [id = text, ...others] = await idsOf(client, text);
    if (others.length > 0) {
      worst = Math.max(
        worst,
        misuse(io, `${text} begins ${others.length + 1} silences: ${[id, ...others].join(", ")}`),
      );
      continue;
    }
    const refused = refusal(await client.remove(`/api/v1/silences/${encodeURIComponent(id)}`), io);
    worst = Math.max(worst, refused ?? EXIT.ok);
    if (refused !== null) continue;
    if (json) writeJson({ id, status: "expired" }, io);
    else io.stdout(`Silence ${id} has ended.\n`);
  }
  return worst;
}

/** `tocsin silence add | list | expire`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const options = { for: { type: "string" }, comment: { type: "string" }, by: { type: "string" } } as const;
  return clientCommand(args, io, { help: HELP, options, takes: Infinity }, async (call) => {
    switch (call.positionals[0] ?? "list") {
      case "add":
        return add(call, io);
      case "list":
        return list(call, io);
      case "expire":
        return expire(call, io);
      default:
        return misuse(io, `silence add, list or expire, not "${call.positionals[0] ?? ""}"`, HELP);
    }
  });
}

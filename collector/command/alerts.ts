import type { AlertDocument } from "../core/model/document.ts";
import { CLIENT_HELP } from "./client.ts";
import { clientCommand, refusal, writeJson } from "./client-command.ts";
import { EXIT, misuse, type CommandIo } from "./command-io.ts";
import { age, painted, table } from "./table.ts";

const HELP = `Usage: tocsin alerts [options]

Lists the alerts that are not over: pending, firing and unobserved.

  --status S          pending, firing, unobserved, resolved, several with commas, or all
  --ci NAME           of one CI only (id, name or alias)
  --limit N           at most so many (default 100)
${CLIENT_HELP}

Examples:
  tocsin alerts
  tocsin alerts --ci web-01 --status all
`;

/** `tocsin alerts`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const options = {
    status: { type: "string" },
    ci: { type: "string" },
    limit: { type: "string", default: "100" },
  } as const;
  return clientCommand(args, io, { help: HELP, options }, async ({ client, flags, json }) => {
    const limit = Number(flags["limit"]);
    if (!Number.isInteger(limit) || limit < 1) {
      return misuse(io, `--limit takes a whole number from 1, not "${String(flags["limit"])}"`);
    }
    const query = new URLSearchParams();
    for (const name of ["status", "ci"]) {
      const value = flags[name];
      if (typeof value === "string") query.set(name, value);
    }
    const answer = await client.list<AlertDocument>(
      `/api/v1/alerts${query.size === 0 ? "" : `?${query.toString()}`}`,
      limit,
    );
    const refused = refusal(answer, io);
    if (refused !== null) return refused;
    if (json) {
      writeJson(answer.status === "ok" ? answer.body : null, io);
      return EXIT.ok;
    }
    const items = answer.items ?? [];
    // A name that is misspelt must not read as a CI that is well.
    if (items.length === 0 && typeof flags["ci"] === "string") {
      const unknown = refusal(await client.get(`/api/v1/cmdb/cis/${encodeURIComponent(flags["ci"])}`), io);
      if (unknown !== null) return unknown;
    }
    const isAll = answer.status !== "ok" || (answer.body as { next: string | null }).next === null;
    const now = Date.now();
    const rows = items.map((alert) => [
      alert.ci,
      alert.check + (alert.instance === "" ? "" : `[${alert.instance}]`),
      alert.severity,
      alert.status,
      age(Date.parse(alert.firstSeenAt), now),
      String(alert.count),
      alert.summary,
    ]);
    io.stdout(
      items.length === 0
        ? "No alerts.\n"
        : painted(table(["CI", "CHECK", "SEVERITY", "STATUS", "AGE", "COUNT", "SUMMARY"], rows), io.isTerminal) +
            (isAll ? "" : "… and more: --limit N shows more\n"),
    );
    return EXIT.ok;
  });
}

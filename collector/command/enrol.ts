import { CLIENT_HELP } from "./client.ts";
import { type ClientCall, clientCommand, refusal, writeJson } from "./client-command.ts";
import { EXIT, misuse, type CommandIo } from "./command-io.ts";
import { durationMs } from "./silence.ts";
import { table } from "./table.ts";

const HELP = `Usage: tocsin enrol [list | revoke ID-OR-CI… | key] [options]

Makes a token with which one agent can enrol, once. With it the agent gets a token of its own, bound to its CI, and pins the
key that signs its rules and configuration. It renews the token by itself. Needs an admin's token.

  --ci NAME     good for this CI only, and in place of an agent that is enrolled for it
  --for D       how long the enrolment token can be used (default 1h): 10m, 1d
${CLIENT_HELP}

list shows who is enrolled; revoke refuses an agent's token from now on; key prints the public key, for signingKeyFile.

Examples:
  tocsin enrol
  tocsin enrol --ci db-01 --for 10m
  tocsin enrol list
  tocsin enrol revoke db-01
  tocsin enrol key > /etc/tocsin/collector.pem
`;

interface EnrolmentView {
  id: string;
  ci: string | null;
  status: string;
  createdBy: string;
  expiresAt: string;
  agentId: string | null;
}

async function make({ client, flags, json }: ClientCall, io: CommandIo): Promise<number> {
  const ci = typeof flags["ci"] === "string" ? flags["ci"] : undefined;
  const validForMs = durationMs(typeof flags["for"] === "string" ? flags["for"] : "1h");
  if (validForMs === null || validForMs < 60_000) {
    return misuse(io, `--for takes a duration of a minute at least, such as 10m or 1d, not "${String(flags["for"])}"`);
  }
  const answer = await client.post("/api/v1/enrolments", {
    ...(ci === undefined ? {} : { ci }),
    validForS: Math.floor(validForMs / 1000),
  });
  const refused = refusal(answer, io);
  if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
  if (json) {
    writeJson(answer.body, io);
    return EXIT.ok;
  }
  const { token, expiresAt } = answer.body as { token: string; expiresAt: string };
  const whom = ci === undefined ? "one agent" : `the agent of ${ci}`;
  io.stdout(
    [
      token,
      "",
      `For ${whom}, once, until ${expiresAt}. It is not shown again. On the host, into /etc/tocsin/agent.env, readable by root only:`,
      "  TOCSIN_ENROLMENT_TOKEN=…",
      "and into /etc/tocsin/agent.yaml:",
      `  collector: ${client.base}`,
      ...(ci === undefined ? [] : [`  ci: ${ci}`]),
      "then: systemctl restart tocsin-agent",
      "",
    ].join("\n"),
  );
  return EXIT.ok;
}

async function list({ client, json }: ClientCall, io: CommandIo): Promise<number> {
  const answer = await client.list<EnrolmentView>("/api/v1/enrolments", 100_000);
  const refused = refusal(answer, io);
  if (refused !== null) return refused;
  if (json) {
    writeJson(answer.status === "ok" ? answer.body : null, io);
    return EXIT.ok;
  }
  const rows = (answer.items ?? []).map(({ id, ci, status, expiresAt, createdBy, agentId }) => [
    id,
    ci ?? "(any)",
    status,
    expiresAt,
    createdBy,
    agentId ?? "",
  ]);
  io.stdout(rows.length === 0 ? "Nobody is enrolled.\n" : table(["ID", "CI", "STATUS", "UNTIL", "BY", "AGENT"], rows));
  return EXIT.ok;
}

async function revoke({ client, positionals, json }: ClientCall, io: CommandIo): Promise<number> {
  const which = positionals.slice(1);
  if (which.length === 0) {
    return misuse(io, "revoke which enrolment? Name its id or CI; tocsin enrol list shows them");
  }
  let worst: number = EXIT.ok;
  for (const each of which) {
    const answer = await client.remove(`/api/v1/enrolments/${encodeURIComponent(each)}`);
    worst = Math.max(worst, refusal(answer, io) ?? EXIT.ok);
    if (answer.status !== "ok") continue;
    if (json) writeJson(answer.body, io);
    else
      for (const { id, ci } of (answer.body as { items: EnrolmentView[] }).items)
        io.stdout(`Enrolment ${id}${ci === null ? "" : ` of ${ci}`} is revoked.\n`);
  }
  return worst;
}

async function key({ client, json }: ClientCall, io: CommandIo): Promise<number> {
  const answer = await client.get("/api/v1/agent/signing-key");
  const refused = refusal(answer, io);
  if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
  if (json) writeJson(answer.body, io);
  else io.stdout((answer.body as { key: string }).key);
  return EXIT.ok;
}

/** `tocsin enrol [list | revoke | key]`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const options = { ci: { type: "string" }, for: { type: "string" } } as const;
  return clientCommand(args, io, { help: HELP, options, takes: Infinity }, async (call) => {
    switch (call.positionals[0]) {
      case undefined:
        return make(call, io);
      case "list":
        return list(call, io);
      case "revoke":
        return revoke(call, io);
      case "key":
        return key(call, io);
      default:
        return misuse(io, `enrol alone, or list, revoke, key; not "${call.positionals[0]}"`, HELP);
    }
  });
}

import { CLIENT_HELP } from "./client.ts";
import { clientCommand, refusal, writeJson } from "./client-command.ts";
import { EXIT, misuse, type CommandIo } from "./command-io.ts";

/** A command that does one thing to one or more incidents: `ack` and `resolve` differ only in words. */
export async function incidentAction(
  args: string[],
  io: CommandIo,
  action: { command: string; path: string; done: string; about: string },
): Promise<number> {
  const help = `Usage: tocsin ${action.command} ID… [--note TEXT] [options]

${action.about}

  --note TEXT         goes into the timeline
${CLIENT_HELP}

Examples:
  tocsin ${action.command} 42
  tocsin ${action.command} 42 43 --note "replacing the power supply"
`;
  return clientCommand(
    args,
    io,
    { help, options: { note: { type: "string" } }, takes: Infinity },
    async ({ client, flags, positionals, json }) => {
      if (positionals.length === 0) {
        return misuse(io, "which incident?", help);
      }
      const note = flags["note"];
      let worst: number = EXIT.ok;
      for (const id of positionals) {
        const answer = await client.post(
          `/api/v1/incidents/${encodeURIComponent(id)}/${action.path}`,
          typeof note === "string" ? { note } : {},
        );
        const refused = refusal(answer, io);
        worst = Math.max(worst, refused ?? EXIT.ok);
        if (answer.status !== "ok") continue;
        if (json) writeJson(answer.body, io);
        else io.stdout(`Incident ${id} ${action.done}.\n`);
      }
      return worst;
    },
  );
}

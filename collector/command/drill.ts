import { CLIENT_HELP } from "./client.ts";
import { clientCommand, refusal, writeJson } from "./client-command.ts";
import { EXIT, type CommandIo } from "./command-io.ts";

const HELP = `Usage: tocsin drill [options]

A fire drill: an alert marked DRILL goes the whole way from event to every routed receiver, and is cleared again.
Look at your phone; tocsin why tells each hop.

${CLIENT_HELP}

Examples:
  tocsin drill
  tocsin drill --json
`;

/** `tocsin drill`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  return clientCommand(args, io, { help: HELP }, async ({ client, json }) => {
    const answer = await client.post("/api/v1/drill", {});
    const refused = refusal(answer, io);
    if (refused !== null || answer.status !== "ok") return refused ?? EXIT.failed;
    if (json) writeJson(answer.body, io);
    else
      io.stdout(
        "The drill has started: a DRILL alert is on its way to the receivers; it clears by itself after three minutes.\nWho is told, or why nobody: tocsin why tocsin-drill\n",
      );
    return EXIT.ok;
  });
}

import type { CommandIo } from "./command-io.ts";
import { incidentAction } from "./incident-action.ts";

/** `tocsin resolve ID…`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  return incidentAction(args, io, {
    command: "resolve",
    path: "resolve",
    done: "resolved",
    about:
      "Resolves by hand; incidents whose alerts clear resolve by themselves. An alert that fires again reopens it.",
  });
}

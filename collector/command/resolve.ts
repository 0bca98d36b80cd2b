import type { CommandIo } from "./command-io.ts";
import { incidentAction } from "./incident-action.ts";

/** `tocsin resolve ID…`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  return incidentAction(args, io, {
    command: "resolve",
    path: "resolve",
    done: "resolved",
    about: `Resolves by hand; incidents whose alerts clear resolve by themselves. An alert that still fires after five minutes,
or fires again after its source has cleared it, reopens it.`,
  });
}

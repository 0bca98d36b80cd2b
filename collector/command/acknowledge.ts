import type { CommandIo } from "./command-io.ts";
import { incidentAction } from "./incident-action.ts";

/** `tocsin ack ID…`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  return incidentAction(args, io, {
    command: "ack",
    path: "acknowledge",
    done: "acknowledged",
    about: "Says that you have it: nobody is paged for it again, the timeline goes on.",
  });
}

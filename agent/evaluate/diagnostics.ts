import type { Clock } from "../clock.ts";
import type { HostFiles } from "../sample/host-files.ts";
import { diagnose } from "./diagnose.ts";
import { describeDisks } from "./diagnose-disks.ts";
import { describeJournal, describeKernel } from "./diagnose-messages.ts";
import { describeSockets } from "./diagnose-sockets.ts";

export interface DiagnosticsContext {
  files: HostFiles;
  clock: Clock;
}

/** Each part, in characters: what an alert may bring along. */
export const PART_CHARACTERS_MAX = 4000;
const LINE_CHARACTERS_MAX = 300;

/**
 * What a person would look at first on a host that is in trouble: processes, sockets, disks, the kernel's and the journal's last
 * complaints. Each part alone may fail or be forbidden; it is then left out. Takes a second, and some ten milliseconds of CPU.
 */
export async function collectDiagnostics(context: DiagnosticsContext): Promise<Record<string, string>> {
  const { files, clock } = context;
  const parts: Readonly<Record<string, () => string | Promise<string>>> = {
    processes: () => diagnose(files, clock),
    sockets: () => describeSockets(files),
    disks: () => describeDisks(files),
    kernel: () => describeKernel(clock.now()),
    journal: () => describeJournal(clock.now()),
  };
  const found: Record<string, string> = {};
  for (const [name, describe] of Object.entries(parts)) {
    const text = await tried(describe);
    if (text !== "") found[name] = cut(text);
  }
  return found;
}

async function tried(describe: () => string | Promise<string>): Promise<string> {
  try {
    return await describe();
  } catch {
    // Forbidden, or not on this host: the other parts are worth having without it.
    return "";
  }
}

/** Whole lines, as many as fit. */
function cut(text: string): string {
  let whole = "";
  for (const line of text.split("\n")) {
    const short = line.length > LINE_CHARACTERS_MAX ? `${line.slice(0, LINE_CHARACTERS_MAX - 1)}…` : line;
    if (whole.length + short.length + 1 > PART_CHARACTERS_MAX) break;
    whole += `${short}\n`;
  }
  return whole.trimEnd();
}

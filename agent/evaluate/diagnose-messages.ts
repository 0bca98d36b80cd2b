import { closeSync, constants, openSync, readSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { JournalFile } from "../watch/journal/journal-file.ts";
import { journalFolders } from "../watch/journal/journal-follower.ts";

/** Warnings and worse, by syslog's numbers. */
const PRIORITY_MAX = 4;
const SINCE_MS = 15 * 60_000;
const SHOWN = 15;
const RECORDS_MAX = 20_000;
const LOOKED_AT = 400;

/** The kernel's last complaints, where its log may be read. */
export function describeKernel(now: number, path = "/dev/kmsg", upSeconds = uptime()): string {
  const bootedAt = now - upSeconds * 1000;
  const lines: string[] = [];
  for (const record of kernelRecords(path)) {
    const message = parseKernelRecord(record, bootedAt);
    if (message === null || message.priority > PRIORITY_MAX || now - message.at > SINCE_MS) continue;
    lines.push(`${timeOf(message.at)} ${message.text}`);
    if (lines.length > SHOWN) lines.shift();
  }
  return lines.join("\n");
}

/** `4,1234,5678901,-;text`, then lines of keys. */
export function parseKernelRecord(
  record: string,
  bootedAt: number,
): { priority: number; at: number; text: string } | null {
  const match = /^(\d+),\d+,(\d+),[^;]*;([^\n]*)/.exec(record);
  if (match === null) return null;
  return { priority: Number(match[1]) & 7, at: bootedAt + Number(match[2]) / 1000, text: match[3] ?? "" };
}

/** One record a read; the end says that it would have to wait. */
function* kernelRecords(path: string): Iterable<string> {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.allocUnsafe(8192);
  try {
    for (let count = 0; count < RECORDS_MAX; count++) {
      const length = readRecord(file, buffer);
      if (length === 0) return;
      if (length > 0) yield buffer.toString("utf8", 0, length);
    }
  } finally {
    closeSync(file);
  }
}

/** 0 at the end, −1 for a record that was overwritten while we read. */
function readRecord(file: number, buffer: Buffer): number {
  try {
    return readSync(file, buffer, 0, buffer.length, null);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPIPE" ? -1 : 0;
  }
}

/** The journal's last complaints, where the agent's user may read it. */
export async function describeJournal(now: number, folders?: readonly string[]): Promise<string> {
  for (const folder of folders ?? (await journalFolders())) {
    const file = await JournalFile.open(join(folder, "system.journal")).catch(() => null);
    if (file === null) continue;
    try {
      const entries = await file.last(LOOKED_AT);
      const bad = entries.filter(({ priority, at }) => priority <= PRIORITY_MAX && now - at <= SINCE_MS);
      return bad
        .slice(-SHOWN)
        .map(
          ({ at, unit, identifier, message }) =>
            `${timeOf(at)} ${unit === "" ? identifier : unit}: ${message.split("\n")[0]}`,
        )
        .join("\n");
    } finally {
      await file.close();
    }
  }
  return "";
}

const timeOf = (at: number): string => new Date(at).toISOString().slice(11, 19);

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { keepOwner } from "./keep-owner.ts";

/**
 * A small JSON document that survives crashes and power cuts whole: written beside, synced, renamed over. The checksum tells a
 * damaged one, which counts as absent: every caller has a safe way to begin without.
 */
export function readState(path: string): unknown {
  try {
    const text = readFileSync(path, "utf8");
    const split = text.indexOf("\n");
    const body = text.slice(split + 1);
    return text.slice(0, split) === checksum(body) ? JSON.parse(body) : null;
  } catch {
    // Absent, unreadable or not ours: the same as absent, see above.
    return null;
  }
}

/** `sync` false where losing the last write only costs a repetition. Throws where the disk does not take it. */
export function writeState(path: string, value: unknown, sync: boolean): void {
  const body = JSON.stringify(value);
  const beside = `${path}.new`;
  const file = openSync(beside, "w", 0o600);
  try {
    keepOwner(beside);
    writeSync(file, `${checksum(body)}\n${body}`);
    if (sync) fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}

import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

/**
 * The identity of this data directory, made once. It goes with every answer; when it changes (a new or restored directory),
 * agents send again what they still hold.
 */
export function storageEpoch(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, "epoch");
  try {
    const found = readFileSync(path, "utf8").trim();
    if (/^[0-9a-f-]{36}$/.test(found)) return found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const epoch = randomUUID();
  const file = openSync(`${path}.new`, "w", 0o600);
  writeSync(file, `${epoch}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.new`, path);
  return epoch;
}

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { resultCode } from "./failure.ts";

/** Ends the hold. */
export interface DirectoryLock {
  release(): void;
}

/**
 * One collector a data directory. Node has no file locks, SQLite has: an exclusive transaction on a file of its own holds
 * an OS lock that dies with the process, also with kill -9, and never goes stale. The database itself stays open to readers
 * (a backup, the `sqlite3` shell).
 *
 * Throws for the operator when another process, or another store in this one, holds it.
 */
export function lockDirectory(dataDir: string): DirectoryLock {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const holder = join(dataDir, "collector.pid");
  const db = new DatabaseSync(join(dataDir, "collector.lock"), { timeout: 0 });
  try {
    // Nothing is ever written into it; in memory, no journal file appears beside it.
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    const code = resultCode(error);
    if (code === undefined || (code & 0xff) !== 5) throw error;
    throw new Error(
      `${dataDir} is in use by another collector${readHolder(holder)}: stop it, or give this one its own data directory`,
      { cause: error },
    );
  }
  writeFileSync(holder, `${process.pid}\n`);
  return {
    release() {
      if (!db.isOpen) return;
      db.exec("ROLLBACK");
      db.close();
    },
  };
}

function readHolder(file: string): string {
  // Not there when the other one has only just taken the lock: the message does without.
  const pid = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  return /^\d+$/.test(pid) ? ` (process ${pid})` : "";
}

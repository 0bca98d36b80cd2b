import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { checkOwner, migrate, readPragma } from "./schema.ts";

/** The first release without the bug that can damage a database when the log restarts, https://www.sqlite.org/wal.html#walresetbug */
export const SQLITE_VERSION_MIN = "3.51.3";
/** Another connection (a backup, a shell) may hold the write lock this long before a commit is answered `busy`. */
const BUSY_TIMEOUT_MS = 2_000;
/** What is folded is written in order: four times as much made no fold cheaper, and stays with the process for good. */
const PAGE_CACHE_KIB = 4 * 1024;

export const DATABASE_FILE = "tocsin.sqlite";

/**
 * Opens and migrates the database in `dataDir` with the durability that we promise, and makes sure that SQLite took the
 * settings: a value it cannot honour it ignores without an error. Throws for the operator.
 */
export function openDatabase(dataDir: string): DatabaseSync {
  const file = join(dataDir, DATABASE_FILE);
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    checkVersion(String(db.prepare("SELECT sqlite_version() AS version").get()?.version));
    checkOwner(db, file);
    db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA cache_size = -${PAGE_CACHE_KIB};
      PRAGMA cell_size_check = ON;
      PRAGMA trusted_schema = OFF;
      PRAGMA journal_size_limit = ${64 * 1024 * 1024};
    `);
    const mode = readPragma(db, "journal_mode");
    if (mode !== "wal")
      throw new Error(`${file}: the file system does not support SQLite's write-ahead log (it chose ${String(mode)})`);
    if (Number(readPragma(db, "synchronous")) !== 2)
      throw new Error(`${file}: SQLite did not accept synchronous = FULL`);
    migrate(db);
    checkIntegrity(db, file);
    return db;
  } catch (error) {
    db.close();
    throw explain(error, file);
  }
}

/** Throws when this SQLite can damage the database. */
export function checkVersion(version: string): void {
  const [found, needed] = [version, SQLITE_VERSION_MIN].map((text) => text.split(".").map(Number));
  const index = [0, 1, 2].find((part) => found?.[part] !== needed?.[part]);
  // 3.52.0 was withdrawn: it has the bug again.
  const isTooOld = index !== undefined && (found?.[index] ?? 0) < (needed?.[index] ?? 0);
  if (isTooOld || version === "3.52.0")
    throw new Error(
      `this Node brings SQLite ${version}, which can damage a database (fixed in ${SQLITE_VERSION_MIN} and 3.53.0): use a newer Node`,
    );
}

/**
 * The small tables on which a restart depends, page by page. The large ones are read in full by the restart itself (entities)
 * or seldom (journal, ledger); a check of all of them takes minutes on a large file and is `checkDatabase`.
 */
function checkIntegrity(db: DatabaseSync, file: string): void {
  for (const table of ["position", "pending", "outbox"]) {
    const result = readPragma(db, `quick_check(${table})`);
    if (result !== "ok") throw new Error(damaged(file, String(result)));
  }
}

/** SQLite's full check, in a connection of its own; [] = sound. Reads the whole file. */
export function checkDatabase(dataDir: string): string[] {
  const db = new DatabaseSync(join(dataDir, DATABASE_FILE), { readOnly: true });
  try {
    const rows = db.prepare("PRAGMA integrity_check").all();
    return rows.map((row) => String(Object.values(row)[0])).filter((line) => line !== "ok");
  } finally {
    db.close();
  }
}

/** Turns what SQLite says of a damaged file into what the operator can do. */
export function explain(error: unknown, file: string): unknown {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  const CORRUPT = 11;
  const NOT_A_DATABASE = 26;
  return code === CORRUPT || code === NOT_A_DATABASE
    ? new Error(damaged(file, error instanceof Error ? error.message : ""), { cause: error })
    : error;
}

function damaged(file: string, detail: string): string {
  return `${file} is damaged (${detail}): restore a backup, or move the file away and run "sqlite3 <file> .recover" to save what can be read`;
}

import type { DatabaseSync } from "node:sqlite";

/** `TOCS`: tells our file from any other SQLite file. */
export const APPLICATION_ID = 0x544f4353;

/**
 * Each entry brings the schema from its index to the next version, in one transaction. Entries are never changed once
 * released; a new need gets a new entry.
 *
 * `touch` holds what is newer than an alert's row; it goes when the alert is put again, or goes.
 * `repeated` holds what is newer still (see `repeat-log.ts`).
 * `pending` is the tail of the log: what commits changed and the tables below it do not show yet (see `pending.ts`).
 * Texts that are written once and seldom read (`journal`, `event_id`, `pending`, `ledger`) are kept as `packed-text.ts` says.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE position (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    ledger_number INTEGER NOT NULL
  ) STRICT;
  INSERT INTO position VALUES (1, 0, 0, 0);

  CREATE TABLE journal (sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, body ANY NOT NULL) STRICT;
  CREATE TABLE event_id (sequence INTEGER PRIMARY KEY, count INTEGER NOT NULL, body ANY NOT NULL) STRICT;
  CREATE TABLE pending (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    ledger_from INTEGER NOT NULL,
    body ANY NOT NULL
  ) STRICT;

  CREATE TABLE entity (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    sort TEXT NOT NULL,
    alias TEXT,
    at INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX entity_by_id ON entity (kind, id);
  CREATE INDEX entity_by_alias ON entity (kind, alias) WHERE alias IS NOT NULL;
  -- Alerts, of which there are most, are listed from memory: only what retention looks for is indexed.
  CREATE INDEX entity_by_sort ON entity (kind, status, sort) WHERE kind <> 'alert';
  CREATE INDEX alert_resolved ON entity (sort) WHERE kind = 'alert' AND status = 'resolved';

  -- Records lie in chunks; a chunk is named by the number of its first record, in the index too.
  CREATE TABLE ledger (
    chunk INTEGER PRIMARY KEY,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    body ANY NOT NULL
  ) STRICT;
  CREATE INDEX ledger_by_at ON ledger (first_at);
  CREATE TABLE ledger_term (term INTEGER NOT NULL, chunk INTEGER NOT NULL, PRIMARY KEY (term, chunk)) STRICT, WITHOUT ROWID;

  CREATE TABLE outbox (
    key TEXT NOT NULL,
    receiver TEXT NOT NULL,
    incident TEXT NOT NULL,
    kind TEXT NOT NULL,
    revision INTEGER NOT NULL,
    page INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    done_at INTEGER,
    done_status TEXT,
    done_reason TEXT,
    PRIMARY KEY (key, receiver)
  ) STRICT;
  CREATE INDEX outbox_waiting ON outbox (sequence) WHERE done_at IS NULL;
  CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

  CREATE TABLE reference (
    receiver TEXT NOT NULL,
    incident TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (receiver, incident)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX reference_by_at ON reference (at);
  `,
  // What repeats moved, beside the alerts: a hundred of these lie on a page, and none of the alerts is read or written.
  `
  CREATE TABLE touch (
    id TEXT PRIMARY KEY,
    last_seen_at INTEGER NOT NULL,
    last_occurred_at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    expires_after_ms INTEGER,
    expires_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TRIGGER alert_put AFTER UPDATE ON entity WHEN new.kind = 'alert'
    BEGIN DELETE FROM touch WHERE id = new.id; END;
  CREATE TRIGGER alert_gone AFTER DELETE ON entity WHEN old.kind = 'alert'
    BEGIN DELETE FROM touch WHERE id = old.id; END;
  `,
  // No table changes: alerts carry what correlation knows of them (see runtime/stored-alert.ts), which a program before this
  // could not read. What an older one has written is read as it is.
  "",
  // The same of incidents (see runtime/stored-incident.ts), whose threads had records of their own.
  "",
  // What was taken in and waits for the core: written and gone within a second or two.
  `
  CREATE TABLE deposit (
    id INTEGER PRIMARY KEY, lane TEXT NOT NULL, reader TEXT NOT NULL, received_at INTEGER NOT NULL, taken INTEGER NOT NULL,
    body ANY NOT NULL
  ) STRICT;
  `,
  // What was said again is kept as it came, and brought to `touch` rarely. Which of a row and what was said again is newer is
  // told by the commit that it is of; what was there before is older than all that comes.
  `
  CREATE TABLE repeated (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  ALTER TABLE entity ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE touch ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
  `,
];

/** The version that this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

export function readPragma(db: DatabaseSync, name: string): string | number | bigint | null | Uint8Array {
  const row = db.prepare(`PRAGMA ${name}`).get();
  return row === undefined ? null : (Object.values(row)[0] ?? null);
}

/** Throws for a file that is not ours or comes from a newer program. Changes nothing. */
export function checkOwner(db: DatabaseSync, file: string, versionMax: number = SCHEMA_VERSION): void {
  const tables = db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.n;
  if (Number(readPragma(db, "application_id")) !== APPLICATION_ID && tables !== 0)
    throw new Error(`${file} is a SQLite file of another program: choose another data directory`);
  const version = Number(readPragma(db, "user_version"));
  if (version > versionMax)
    throw new Error(
      `${file} was written by a newer Tocsin (its schema is version ${version}, this program knows ${versionMax}): start the newer version, or restore a backup`,
    );
}

/**
 * Brings an empty or older database to the last version. Each step is atomic: a crash between two leaves a version that the
 * next start goes on from.
 */
export function migrate(db: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  const version = Number(readPragma(db, "user_version"));
  for (const [index, statements] of migrations.entries()) {
    if (index < version) continue;
    db.exec("BEGIN IMMEDIATE");
    try {
      db.exec(statements);
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${index + 1}`);
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
}

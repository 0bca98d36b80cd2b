import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { commit } from "../../../test/support/store-commit.ts";
import type { StoredEntity } from "../../port/store.ts";
import { checkDatabase, checkVersion, DATABASE_FILE } from "./database.ts";
import { SqliteEngine } from "./engine.ts";
import { classifyFailure } from "./failure.ts";
import { BufferPool, type PackedCommit, packCommit } from "./packed-commit.ts";
import { packText, unpackText } from "./packed-text.ts";
import { APPLICATION_ID, MIGRATIONS, migrate, readPragma } from "./schema.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "tocsin-sqlite-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function open(dataDir: string, fold = {}): SqliteEngine {
  const engine = new SqliteEngine({ dataDir, eventIdsMax: 100, fold });
  onTestFinished(() => engine.abandon());
  return engine;
}

function put(sequence: number, ...ids: string[]): PackedCommit {
  const entities = ids.map(
    (id): StoredEntity => ({ kind: "alert", id, status: "firing", sort: "", alias: null, body: `{"id":"${id}"}` }),
  );
  return packCommit(commit(sequence, { at: sequence, entities }), new BufferPool());
}

test.each([
  { version: "3.53.4", isRefused: false },
  { version: "3.51.3", isRefused: false },
  { version: "4.0.0", isRefused: false },
  { version: "3.52.0", isRefused: true },
  { version: "3.51.2", isRefused: true },
  { version: "3.40.1", isRefused: true },
  { version: "2.99.9", isRefused: true },
])("SQLite $version: refused $isRefused", ({ version, isRefused }) => {
  if (isRefused) expect(() => checkVersion(version)).toThrow(`SQLite ${version}, which can damage a database`);
  else expect(() => checkVersion(version)).not.toThrow();
});

test.each([
  { code: 5, result: { status: "retryable", reason: "busy" } },
  { code: 517, result: { status: "retryable", reason: "busy" } },
  { code: 13, result: { status: "retryable", reason: "full" } },
  { code: 1034, result: { status: "fatal", reason: "it failed (SQLite result code 1034)" } },
  { code: 11, result: { status: "fatal", reason: "it failed (SQLite result code 11)" } },
  { code: 8, result: { status: "fatal", reason: "it failed (SQLite result code 8)" } },
  { code: undefined, result: { status: "fatal", reason: "it failed" } },
])("result code $code → $result", ({ code, result }) => {
  const error = Object.assign(new Error("it failed"), code === undefined ? {} : { errcode: code });
  expect(classifyFailure(error)).toEqual(result);
});

test("the database has the durability that we promise", () => {
  const dataDir = folder();
  const engine = open(dataDir);
  const { db } = engine as unknown as { db: DatabaseSync };
  expect(readPragma(db, "journal_mode")).toBe("wal");
  expect(readPragma(db, "synchronous")).toBe(2);
  engine.commit(put(1, "a"));
  while (engine.maintain());
  expect(readPragma(db, "synchronous")).toBe(2);
  engine.close();
  expect(checkDatabase(dataDir)).toEqual([]);
});

test("a second engine on the directory is refused, and told whose it is", () => {
  const dataDir = folder();
  open(dataDir);
  expect(() => open(dataDir)).toThrow(
    `${dataDir} is in use by another collector (process ${process.pid}): stop it, or give this one its own data directory`,
  );
});

test.each([
  {
    situation: "a file of another program",
    make: (db: DatabaseSync) => db.exec("CREATE TABLE x (y)"),
    says: /another program/,
  },
  {
    situation: "a file of a newer Tocsin",
    make: (db: DatabaseSync) => db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 99`),
    says: /newer Tocsin \(its schema is version 99/,
  },
])("$situation is left alone", ({ make, says }) => {
  const dataDir = folder();
  const db = new DatabaseSync(join(dataDir, DATABASE_FILE));
  make(db);
  db.close();
  const before = readFileSync(join(dataDir, DATABASE_FILE));
  expect(() => open(dataDir)).toThrow(says);
  expect(readFileSync(join(dataDir, DATABASE_FILE))).toEqual(before);
});

test("a file that is no database is told as damaged, with what to do", () => {
  const dataDir = folder();
  writeFileSync(
    join(dataDir, DATABASE_FILE),
    "not a database, but long enough to have a header of a hundred bytes".repeat(4),
  );
  expect(() => open(dataDir)).toThrow(/is damaged .*restore a backup/);
  // The lock is given back: the operator can mend it and start again.
  rmSync(join(dataDir, DATABASE_FILE));
  expect(() => open(dataDir)).not.toThrow();
});

test("a damaged page of a table that a restart needs is found when it is opened", () => {
  const dataDir = folder();
  const engine = open(dataDir, { rowsMax: 1e9 });
  for (let sequence = 1; sequence < 200; sequence += 1)
    engine.commit(put(sequence, ...Array.from({ length: 50 }, () => Math.random().toString(36))));
  engine.abandon();
  const file = join(dataDir, DATABASE_FILE);
  const db = new DatabaseSync(file);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const root = Number(db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'pending'").get()?.rootpage);
  db.close();
  const bytes = readFileSync(file);
  bytes.fill(0x5a, (root - 1) * 4096, (root - 1) * 4096 + 4096);
  writeFileSync(file, bytes);
  expect(() => open(dataDir)).toThrow(/is damaged/);
});

test("each migration is made once, and a crash between two is gone on from", () => {
  const db = new DatabaseSync(":memory:");
  const first = ["CREATE TABLE a (x)", "CREATE TABLE b (x)"];
  const broken = [...first, "CREATE TABLE c (x); CREATE TABLE nonsense ("];
  expect(() => migrate(db, broken)).toThrow();
  expect(readPragma(db, "user_version")).toBe(2);
  migrate(db, [...first, "CREATE TABLE c (x)"]);
  migrate(db, [...first, "CREATE TABLE c (x)"]);
  expect(readPragma(db, "user_version")).toBe(3);
  expect(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()).toEqual({ n: 3 });
  expect(MIGRATIONS.length).toBeGreaterThan(0);
  db.close();
});

test("a file of the first schema is brought up to date, with what it has", () => {
  const dataDir = folder();
  const old = new DatabaseSync(join(dataDir, DATABASE_FILE));
  migrate(old, MIGRATIONS.slice(0, 1));
  const row = old.prepare(
    "INSERT INTO entity (kind, id, status, sort, at, body) VALUES ('alert', ?, 'firing', '', 1, ?)",
  );
  row.run("a-1", '{"id":"a-1"}');
  row.run("a-2", '{"id":"a-2"}');
  old.close();
  const engine = open(dataDir);
  const moved = { alert: "a-1", lastSeenAt: 7, lastOccurredAt: 6, count: 5, expiresAfterMs: 4, expiresAt: null };
  engine.commit(packCommit(commit(1, { at: 1, touches: [moved] }), new BufferPool()));
  engine.close();
  const again = open(dataDir);
  expect(readPragma((again as unknown as { db: DatabaseSync }).db, "user_version")).toBe(MIGRATIONS.length);
  expect([...again.loadEntities()].flat()).toEqual([
    { kind: "alert", id: "a-1", born: 0, body: '{"id":"a-1"}', touch: { ...moved, sequence: 1 } },
    { kind: "alert", id: "a-2", born: 0, body: '{"id":"a-2"}', touch: null },
  ]);
});

test("what the last process has not folded is there at once, and is folded later", () => {
  const dataDir = folder();
  const first = open(dataDir, { rowsMax: 1e9 });
  first.commit(put(1, "a-1", "a-2"));
  first.abandon();
  const second = open(dataDir, { ageMaxMs: 0 });
  expect(second.size().rows).toMatchObject({ entities: 0, pending: 2 });
  expect([...second.loadEntities()].flat().map(({ id }) => id)).toEqual(["a-1", "a-2"]);
  while (second.maintain());
  expect(second.size().rows).toMatchObject({ entities: 2, pending: 0 });
});

test("folding goes in slices, between which everything is there", () => {
  const engine = open(folder(), { rowsMax: 10, sliceMs: 0 });
  const ids = Array.from({ length: 1_000 }, (_, index) => `a-${index}`);
  engine.commit(put(1, ...ids));
  let slices = 0;
  while (engine.maintain()) {
    slices += 1;
    expect(engine.reader.entity("alert", "a-0")).toBe('{"id":"a-0"}');
    expect(engine.reader.entity("alert", "a-999")).toBe('{"id":"a-999"}');
  }
  expect(slices).toBeGreaterThan(5);
  expect(engine.size().rows).toMatchObject({ entities: 1_000, pending: 0 });
  expect(engine.maintain()).toBe(false);
});

test("what is not folded soon is folded late: the log does not grow without end", () => {
  const engine = open(folder(), { rowsMax: 100 });
  for (let sequence = 1; sequence <= 300; sequence += 1)
    engine.commit(put(sequence, ...Array.from({ length: 20 }, (_, index) => `a-${sequence}-${index}`)));
  expect(engine.size().rows.pending).toBeLessThanOrEqual(2 * 2.5 * 100 + 20);
});

test.each(["", "short", "ü".repeat(300), JSON.stringify({ text: "long ".repeat(1_000) })])(
  "a text is packed and unpacked (%#)",
  (text) => {
    expect(unpackText(packText(text))).toBe(text);
  },
);

test("a packed text that is neither text nor bytes is damage", () => {
  expect(() => unpackText(12)).toThrow(/damaged/);
});

test("closing on a full disk leaves the rest to the next start: nothing that was committed is lost, and nobody crashes", () => {
  const dataDir = folder();
  const engine = open(dataDir, { rowsMax: 1e9, sizeBytesMax: 1e12 });
  const ids = Array.from({ length: 400 }, (_, index) => `a-${index}`);
  expect(engine.commit(put(1, ...ids))).toMatchObject({ status: "committed" });
  const { db } = engine as unknown as { db: DatabaseSync };
  // As many pages as there are: to fold needs more.
  db.exec("PRAGMA max_page_count = 1");
  expect(() => engine.close()).not.toThrow();
  expect(() => new SqliteEngine({ dataDir, eventIdsMax: 100 }).abandon()).not.toThrow();
  const next = open(dataDir);
  expect(next.size().rows.pending).toBe(ids.length);
  next.close();
  expect(checkDatabase(dataDir)).toEqual([]);
});

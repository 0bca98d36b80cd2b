import { chmodSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { UnixMillis } from "../core/model/time.ts";

/** Made by an administrator; good for one agent. `digest` is the SHA-256 of the token, in hex. */
export interface EnrolmentRow {
  id: string;
  digest: string;
  ci: string | null;
  createdAt: UnixMillis;
  createdBy: string;
  expiresAt: UnixMillis;
  usedAt: UnixMillis | null;
  agentId: string | null;
  revokedAt: UnixMillis | null;
}

/** An agent's own token. next: told, not used yet. current. replaced: its successor was used. */
export interface TokenRow {
  digest: string;
  enrolment: string;
  agentId: string;
  ci: string;
  issuedAt: UnixMillis;
  expiresAt: UnixMillis;
  state: "next" | "current" | "replaced" | "revoked";
  endedAt: UnixMillis | null;
}

const FILE = "enrolment.sqlite";
const BUSY_TIMEOUT_MS = 2000;

/**
 * Hashes of tokens and whose they are, in a file of their own. All rows are in memory too: each request of an agent looks one up.
 * Writes are synchronous and durable (a few milliseconds); there is one when an agent is enrolled and one or two when it renews.
 */
export class TokenTable {
  readonly enrolments = new Map<string, EnrolmentRow>();
  readonly tokens = new Map<string, TokenRow>();
  private readonly byEnrolment = new Map<string, Map<string, TokenRow>>();
  private readonly db: DatabaseSync;

  /** @param dataDir null = in memory. Throws for the operator where the file cannot be used. */
  constructor(dataDir: string | null) {
    const file = dataDir === null ? ":memory:" : join(dataDir, FILE);
    this.db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
    if (dataDir !== null) chmodSync(file, 0o600);
    this.db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS enrolment (id TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS token (digest TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT;
    `);
    for (const { row } of this.db.prepare("SELECT row FROM enrolment").all()) {
      const enrolment = JSON.parse(String(row)) as EnrolmentRow;
      this.enrolments.set(enrolment.id, enrolment);
    }
    for (const { row } of this.db.prepare("SELECT row FROM token").all()) {
      this.hold(JSON.parse(String(row)) as TokenRow);
    }
  }

  tokensOf(enrolment: string): TokenRow[] {
    return [...(this.byEnrolment.get(enrolment)?.values() ?? [])];
  }

  /** All or nothing; in memory only once it is on disk. */
  put(enrolments: readonly EnrolmentRow[], tokens: readonly TokenRow[]): void {
    this.db.exec("BEGIN IMMEDIATE");
    try {
      const putEnrolment = this.db.prepare("INSERT OR REPLACE INTO enrolment (id, row) VALUES (?, ?)");
      for (const row of enrolments) putEnrolment.run(row.id, JSON.stringify(row));
      const putToken = this.db.prepare("INSERT OR REPLACE INTO token (digest, row) VALUES (?, ?)");
      for (const row of tokens) putToken.run(row.digest, JSON.stringify(row));
      this.db.exec("COMMIT");
    } catch (error) {
      this.db.exec("ROLLBACK");
      throw error;
    }
    for (const row of enrolments) this.enrolments.set(row.id, row);
    for (const row of tokens) this.hold(row);
  }

  remove(enrolments: readonly EnrolmentRow[], tokens: readonly TokenRow[]): void {
    this.db.exec("BEGIN IMMEDIATE");
    for (const { id } of enrolments) this.db.prepare("DELETE FROM enrolment WHERE id = ?").run(id);
    for (const { digest } of tokens) this.db.prepare("DELETE FROM token WHERE digest = ?").run(digest);
    this.db.exec("COMMIT");
    for (const { id } of enrolments) this.enrolments.delete(id);
    for (const { digest, enrolment } of tokens) {
      this.tokens.delete(digest);
      const own = this.byEnrolment.get(enrolment);
      own?.delete(digest);
      if (own?.size === 0) this.byEnrolment.delete(enrolment);
    }
  }

  close(): void {
    this.db.close();
  }

  private hold(row: TokenRow): void {
    this.tokens.set(row.digest, row);
    const own = this.byEnrolment.get(row.enrolment);
    if (own === undefined) this.byEnrolment.set(row.enrolment, new Map([[row.digest, row]]));
    else own.set(row.digest, row);
  }
}

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { UnixMillis } from "../../core/model/time.ts";
import { sortKey } from "../../port/store.ts";

/** What lies before these times may go. */
export interface Horizon {
  journal: UnixMillis;
  ledger: UnixMillis;
  outbox: UnixMillis;
  entities: UnixMillis;
  alerts: UnixMillis;
}

const TERMS_A_STEP = 2_000;
/** Index entries of records that are gone are swept when they are at least this share of what is left. */
const DEAD_SHARE = 0.1;

/**
 * Retention in small steps, each a few milliseconds, so that no commit waits long. Old rows go by primary key, from the
 * front; the ledger's index is not searched for each record that goes (three random look-ups a record) but swept from end to
 * end once enough of it is dead.
 */
export class Compaction {
  private readonly db: DatabaseSync;
  private readonly steps: Record<"journal" | "ledger" | "outbox" | "reference", StatementSync>;
  private readonly dropIncidents: StatementSync;
  private readonly dropAlerts: StatementSync;
  /** Where the sweep of the ledger's index is; undefined = it rests. */
  private sweepAt: { term: number; chunk: number } | undefined;
  /** The index has no entries below this record. */
  private sweptBelow = 1;

  constructor(db: DatabaseSync) {
    this.db = db;
    // `at` rises with the primary key: only the oldest rows need a look.
    const front = (table: string, key: string, at: string): string =>
      `DELETE FROM ${table} WHERE ${key} <=
         (SELECT max(${key}) FROM (SELECT ${key}, ${at} AS at FROM ${table} ORDER BY ${key} LIMIT 16) WHERE at < ?)`;
    this.steps = {
      journal: db.prepare(front("journal", "sequence", "at")),
      ledger: db.prepare(front("ledger", "chunk", "last_at")),
      outbox: db.prepare(
        "DELETE FROM outbox WHERE rowid IN (SELECT rowid FROM outbox WHERE done_at < ? ORDER BY done_at LIMIT 200)",
      ),
      reference: db.prepare(
        `DELETE FROM reference WHERE (receiver, incident) IN
           (SELECT receiver, incident FROM reference WHERE at < ?
              AND NOT EXISTS (SELECT 1 FROM entity WHERE kind = 'incident' AND id = incident)
            ORDER BY at LIMIT 200)`,
      ),
    };
    // What was opened before the horizon and last changed before it; the first narrows by the index.
    const entities = (which: string): StatementSync =>
      db.prepare(
        `DELETE FROM entity WHERE number IN
           (SELECT number FROM entity WHERE ${which} AND sort < ? AND at < ? ORDER BY sort LIMIT 200)`,
      );
    this.dropIncidents = entities("kind = 'incident' AND status = 'closed' AND kind <> 'alert'");
    this.dropAlerts = entities("kind = 'alert' AND status = 'resolved'");
  }

  /** One step of each kind, until `isTimeUp`; true = there is more. The caller holds a transaction. */
  run(before: Horizon, isTimeUp: () => boolean): boolean {
    const work: (() => boolean)[] = [
      () => this.steps.journal.run(before.journal).changes !== 0,
      () => this.steps.ledger.run(before.ledger).changes !== 0,
      () => this.sweepTerms(),
      () => this.steps.outbox.run(before.outbox).changes !== 0,
      () => this.dropIncidents.run(sortKey(before.entities, ""), before.entities).changes !== 0,
      () => this.dropAlerts.run(sortKey(before.alerts, ""), before.alerts).changes !== 0,
      () => this.steps.reference.run(before.entities).changes !== 0,
    ];
    for (const step of work) {
      let more = step();
      while (more && !isTimeUp()) more = step();
      if (more) return true;
    }
    return false;
  }

  private sweepTerms(): boolean {
    const last = Number(this.db.prepare("SELECT ledger_number FROM position").get()?.ledger_number);
    const first = Number(this.db.prepare("SELECT min(chunk) AS first FROM ledger").get()?.first ?? last + 1);
    if (this.sweepAt === undefined) {
      if (first - this.sweptBelow <= DEAD_SHARE * (last - first + 1)) return false;
      this.sweepAt = { term: 0, chunk: 0 };
      this.sweptBelow = first;
    }
    const { term, chunk } = this.sweepAt;
    const end = this.db
      .prepare(
        `SELECT term, chunk FROM ledger_term WHERE (term, chunk) >= (?, ?)
         ORDER BY term, chunk LIMIT 1 OFFSET ${TERMS_A_STEP}`,
      )
      .get(term, chunk);
    const to = end === undefined ? { term: 2 ** 32, chunk: 0 } : { term: Number(end.term), chunk: Number(end.chunk) };
    this.db
      .prepare("DELETE FROM ledger_term WHERE (term, chunk) >= (?, ?) AND (term, chunk) < (?, ?) AND chunk < ?")
      .run(term, chunk, to.term, to.chunk, this.sweptBelow);
    this.sweepAt = end === undefined ? undefined : to;
    return end !== undefined;
  }
}

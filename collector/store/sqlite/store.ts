import { Worker } from "node:worker_threads";
import type { EntityKind } from "../../core/model/effect.ts";
import { type EventIdMarks, MARK_LENGTH } from "../../core/model/event-id.ts";
import type { Json } from "../../core/model/ledger.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import type {
  Commit,
  CommitResult,
  EntityQuery,
  LedgerQuery,
  LoadedEntity,
  Snapshot,
  Store,
  StoredLedgerRecord,
  StoreSize,
} from "../../port/store.ts";
import type { Horizon } from "./compaction.ts";
import type { EngineOptions } from "./engine.ts";
import { type EntityPage, unpackPage } from "./entity-page.ts";
import { EngineHost, type Operations, type Request, type Response } from "./host.ts";
import { BufferPool, packCommit } from "./packed-commit.ts";

export interface SqliteStoreOptions extends Omit<EngineOptions, "eventIdsMax"> {
  /** `worker` (default): SQLite in a thread of its own. `caller`: in the caller's, for short-lived commands and tests. */
  thread?: "worker" | "caller";
}

/** A store that can begin to open in its own thread before somebody has time for it: `open` then goes on with that. */
export interface EarlyStore extends Store {
  begin(options: { eventIdsMax: number }): void;
}

/** The embedded store: one SQLite file in the data directory, one process at a time. */
export function createSqliteStore(options: SqliteStoreOptions): EarlyStore {
  return new SqliteStore(options);
}

/** Sends a request to the engine. Rejects when it threw or its thread is gone. */
type Call = <K extends keyof Operations>(
  operation: K,
  ...args: Parameters<Operations[K]>
) => Promise<ReturnType<Operations[K]>>;

interface Link {
  call: Call;
  /** Buffers for commits. */
  pool: BufferPool;
  end(): Promise<void>;
}

/** Its heap holds some tens of megabytes; what is tight is collected sooner, and the thread makes garbage fast. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 };

class SqliteStore implements EarlyStore {
  private readonly options: SqliteStoreOptions;
  private link: Link | undefined;
  private opening: Promise<Snapshot> | undefined;

  constructor(options: SqliteStoreOptions) {
    this.options = options;
  }

  begin(options: { eventIdsMax: number }): void {
    this.opening = this.openNow(options);
    // Told to whoever opens.
    this.opening.catch(() => undefined);
  }

  async open(options: { eventIdsMax: number }): Promise<Snapshot> {
    if (this.link !== undefined && this.opening === undefined) throw new Error("the store is open already");
    const snapshot = await (this.opening ?? this.openNow(options));
    this.opening = undefined;
    return snapshot;
  }

  private async openNow({ eventIdsMax }: { eventIdsMax: number }): Promise<Snapshot> {
    const { thread = "worker", ...engine } = this.options;
    const link = thread === "worker" ? linkToWorker() : linkToCaller();
    try {
      const opening = link.call("open", { ...engine, eventIdsMax });
      const reading = new Reading(link.call);
      // After the first pages: whoever reads these has enough to do until it is done.
      const eventIds = link.call("eventIds");
      eventIds.catch(() => undefined);
      const opened = await opening;
      this.link = link;
      const surplus = Math.max(0, opened.eventIdCount - eventIdsMax);
      return {
        sequence: opened.sequence,
        at: opened.at,
        outbox: opened.outbox,
        deposits: opened.deposits,
        entities: entitiesOf(reading),
        eventIds: eventIds.then((parts) => withoutSurplus(parts, surplus)),
      };
    } catch (error) {
      await link.end();
      throw error;
    }
  }

  async commit(commit: Commit): Promise<CommitResult> {
    try {
      const { call, pool } = this.use();
      return await call("commit", packCommit(commit, pool));
    } catch (error) {
      return { status: "fatal", reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async entity(kind: EntityKind, idOrAlias: string): Promise<string | undefined> {
    return this.use().call("entity", kind, idOrAlias);
  }

  async entities(query: EntityQuery): Promise<{ items: { sort: string; body: string }[] }> {
    return { items: await this.use().call("entities", query) };
  }

  async ledger(query: LedgerQuery): Promise<StoredLedgerRecord[]> {
    return this.use().call("ledger", query);
  }

  async reference(receiver: string, incident: string): Promise<Json | undefined> {
    return this.use().call("reference", receiver, incident);
  }

  async journal(
    afterSequence: number,
    limit: number,
  ): Promise<{ sequence: number; at: UnixMillis; journal: string }[]> {
    return this.use().call("journal", afterSequence, limit);
  }

  async compact(before: Horizon): Promise<boolean> {
    return this.use().call("compact", before);
  }

  async size(): Promise<StoreSize> {
    return this.use().call("size");
  }

  async close(): Promise<void> {
    await this.opening?.catch(() => undefined);
    this.opening = undefined;
    const { link } = this;
    this.link = undefined;
    if (link === undefined) return;
    try {
      await link.call("close");
    } finally {
      await link.end();
    }
  }

  private use(): Link {
    if (this.link === undefined) throw new Error("the store is not open");
    return this.link;
  }
}

/**
 * Asked for ahead, so that the store's thread goes on reading while the caller is busy with what came before: some 20 MiB, which
 * are as many as wait there otherwise.
 */
const PAGES_AHEAD = 32;

/** The entities that a restart reads, part by part; null = that was all. */
class Reading {
  private readonly call: Call;
  private readonly asked: Promise<EntityPage | null>[] = [];

  constructor(call: Call) {
    this.call = call;
    while (this.asked.length < PAGES_AHEAD) this.ask();
  }

  async next(): Promise<EntityPage | null> {
    const page = await this.asked.shift();
    if (page === undefined || page === null) return null;
    this.ask();
    return page;
  }

  private ask(): void {
    const page = this.call("load");
    // Whoever stops reading must not leave a rejection that nobody sees.
    page.catch(() => undefined);
    this.asked.push(page);
  }
}

/** All but the first ones. */
function withoutSurplus(parts: readonly EventIdMarks[], surplus: number): EventIdMarks[] {
  let left = surplus * MARK_LENGTH;
  return parts.map((part) => {
    const kept = part.subarray(left);
    left -= part.length - kept.length;
    return kept;
  });
}

async function* entitiesOf(reading: Reading): AsyncIterable<LoadedEntity[]> {
  for (let page = await reading.next(); page !== null; page = await reading.next()) yield unpackPage(page);
}

function linkToCaller(): Link {
  const host = new EngineHost();
  const pool = new BufferPool();
  const call: Call = async (operation, ...args) => {
    const response = host.handle({ id: 0, operation, args });
    if (response.bytes !== undefined) pool.give(response.bytes);
    if ("error" in response) throw response.error;
    return response.value as never;
  };
  return { call, pool, end: async () => undefined };
}

function linkToWorker(): Link {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { name: "store", resourceLimits: WORKER_LIMITS });
  const pool = new BufferPool();
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let ended: Error | undefined;
  let lastId = 0;
  worker.on("message", (response: Response) => {
    if (response.bytes !== undefined) pool.give(response.bytes);
    const waiter = waiting.get(response.id);
    waiting.delete(response.id);
    if ("error" in response) waiter?.reject(response.error);
    else waiter?.resolve(response.value);
  });
  const fail = (error: Error): void => {
    ended ??= error;
    for (const waiter of waiting.values()) waiter.reject(ended);
    waiting.clear();
  };
  worker.on("error", (error) => fail(error instanceof Error ? error : new Error(String(error))));
  worker.on("exit", () => fail(new Error("the store's thread has ended")));
  const call: Call = async (operation, ...args) => {
    if (ended !== undefined) throw ended;
    lastId += 1;
    const request: Request = { id: lastId, operation, args };
    const answer = new Promise<unknown>((resolve, reject) => {
      waiting.set(request.id, { resolve, reject });
    });
    worker.postMessage(request, buffersOf(args));
    return (await answer) as never;
  };
  return {
    call,
    pool,
    end: async () => {
      await worker.terminate();
    },
  };
}

/** What changes hands rather than being copied. */
function buffersOf(args: readonly unknown[]): ArrayBuffer[] {
  const [first] = args as readonly [{ bytes?: unknown } | undefined];
  const bytes = first?.bytes;
  return bytes instanceof Uint8Array && bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
}

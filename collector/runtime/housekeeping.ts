import type { Milliseconds, UnixMillis } from "../core/model/time.ts";
import type { Clock } from "../port/clock.ts";
import type { Store, StoreSize } from "../port/store.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";

/** How long things are kept, as in the configuration. */
export interface Retention {
  journalMs: Milliseconds;
  ledgerMs: Milliseconds;
  incidentsMs: Milliseconds;
  deliveriesMs: Milliseconds;
}

export interface HousekeepingOptions {
  store: Pick<Store, "compact" | "size">;
  retention: Retention;
  clock: Clock;
  telemetry: Telemetry;
  log: Log;
  /** With a reason while the disk is nearly full, without one when there is room again: `Partition.shed`. */
  shed: (reason: string | undefined) => void;
  /** When the oldest incident was opened that is not closed; null = all are. Its members' alerts are kept for it. */
  oldestIncidentAt: () => UnixMillis | null;
  /** Where the store lies, for messages. */
  dataDir: string;
}

/** Cron, with seconds. */
const LOOK_AT = "*/10 * * * * *";
const COMPACT_AT = "30 */5 * * * *";
/** The schedule's library is loaded when whoever starts us listens: it takes longer than all else here. */
const SCHEDULE_AFTER_MS: Milliseconds = 1_000;
/** Pause between two steps of compaction: commits go in between. */
const STEP_PAUSE_MS: Milliseconds = 20;
/** One run ends after this, whatever is left; the next goes on. */
const RUN_MAX_MS: Milliseconds = 240_000;
/** What stays free for pages, commands and the outbox: the smaller of these. */
const RESERVE_BYTES = 64 * 1024 * 1024;
const RESERVE_SHARE = 0.05;
/** Below this many times the reserve the journal is cut, which only replay misses. */
const TIGHT = 4;
const JOURNAL_TIGHT_MS: Milliseconds = 3_600_000;
/** Events are taken again when this many times the reserve is free. */
const RECOVERED = 1.5;

export function createHousekeeping(options: HousekeepingOptions): Housekeeping {
  return new Housekeeping(options);
}

/** Retention, and an eye on the disk: what the store needs besides commits, by a schedule. */
export class Housekeeping {
  private readonly options: HousekeepingOptions;
  private size: StoreSize | undefined;
  private isShedding = false;
  private retention: Retention;
  private tasks: { destroy: () => void | Promise<void> }[] = [];
  private isEnding = false;
  private cancelSchedule: (() => void) | undefined;

  constructor(options: HousekeepingOptions) {
    this.options = options;
    this.retention = options.retention;
    const { telemetry } = options;
    telemetry.gauge("tocsin_store_bytes", () => this.size?.sizeBytes ?? 0);
    telemetry.gauge("tocsin_store_free_bytes", () => this.size?.freeBytes ?? 0);
    telemetry.gauge("tocsin_store_rows", () =>
      Object.entries(this.size?.rows ?? {}).map(([table, value]) => ({ labels: { table }, value })),
    );
  }

  /** Looks at the disk at once; the schedule begins a moment later. */
  async start(): Promise<void> {
    await this.look();
    this.cancelSchedule = this.options.clock.after(
      SCHEDULE_AFTER_MS,
      () => void this.guard("begin the schedule of housekeeping", async () => this.schedule()),
    );
  }

  async stop(): Promise<void> {
    this.isEnding = true;
    this.cancelSchedule?.();
    await Promise.all(this.tasks.map(async (task) => task.destroy()));
  }

  private async schedule(): Promise<void> {
    const { log } = this.options;
    const { schedule, setLogger } = await import("node-cron");
    if (this.isEnding) return;
    // Without this it writes its warnings to standard output, which belongs to the command.
    setLogger({
      info: (message) => log.debug(message),
      // What was missed while the machine slept is made up by the next one.
      warn: (message) => log.debug(message),
      error: (message) => log.error(String(message)),
      debug: (message) => log.debug(String(message)),
    });
    this.tasks = [
      schedule(LOOK_AT, async () => this.guard("look at the disk", async () => this.look()), { noOverlap: true }),
      schedule(COMPACT_AT, async () => this.guard("compact the store", async () => this.compact()), {
        noOverlap: true,
      }),
    ];
  }

  /** After the configuration changed. */
  keep(retention: Retention): void {
    this.retention = retention;
  }

  /** Measures the store; when the disk is nearly full, events are refused so that pages still get through. */
  async look(): Promise<void> {
    const { store, shed, log, dataDir } = this.options;
    this.size = await store.size();
    const { freeBytes } = this.size;
    if (freeBytes === null) return;
    const reserve = this.reserveBytes();
    const wasShedding = this.isShedding;
    this.isShedding = freeBytes < reserve * (wasShedding ? RECOVERED : 1);
    if (this.isShedding === wasShedding) return;
    const freeMiB = Math.round(freeBytes / 2 ** 20);
    if (this.isShedding) {
      log.error("the disk is nearly full: events are refused until there is room", { dataDir, freeMiB });
      shed(`the collector's disk is nearly full (${freeMiB} MiB left)`);
      await this.compact();
    } else {
      log.warn("there is room on the disk again: events are taken", { dataDir, freeMiB });
      shed(undefined);
    }
  }

  /** Removes what is older than it is to be kept, step by step. */
  async compact(): Promise<void> {
    const { store, clock, telemetry } = this.options;
    const now = clock.now();
    const startedAt = clock.monotonic();
    const { journalMs, ledgerMs, incidentsMs, deliveriesMs } = this.retention;
    const before = {
      journal: now - (this.isTight() ? Math.min(journalMs, JOURNAL_TIGHT_MS) : journalMs),
      ledger: now - ledgerMs,
      outbox: now - deliveriesMs,
      entities: now - incidentsMs,
      // An incident that is open for longer holds alerts that cleared long ago: a restart would leave them out of it.
      alerts: Math.min(now - incidentsMs, this.options.oldestIncidentAt() ?? now),
    };
    let isMore = true;
    while (isMore && !this.isEnding && clock.monotonic() - startedAt < RUN_MAX_MS) {
      isMore = await store.compact(before);
      if (isMore) await new Promise<void>((resolve) => void clock.after(STEP_PAUSE_MS, resolve));
    }
    telemetry.count("tocsin_compactions_total", { result: isMore ? "unfinished" : "finished" });
  }

  private isTight(): boolean {
    const freeBytes = this.size?.freeBytes ?? null;
    return freeBytes !== null && freeBytes < TIGHT * this.reserveBytes();
  }

  private reserveBytes(): number {
    return Math.min(RESERVE_BYTES, RESERVE_SHARE * (this.size?.diskBytes ?? Number.POSITIVE_INFINITY));
  }

  /** A schedule has nobody to throw at. */
  private async guard(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.isEnding) this.options.log.error(`could not ${what}`, { error });
    }
  }
}

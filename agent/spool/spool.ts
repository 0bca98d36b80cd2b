import { statfsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { Lane, type Loss, type Place } from "./lane.ts";
import { MemoryLane } from "./memory-lane.ts";
import type { SpoolRecord } from "./record.ts";
import { readState, writeState } from "./state-file.ts";

/** Events go first and stay longest. */
export const LANES = ["event", "metric"] as const;
export type LaneName = (typeof LANES)[number];

/** Why something that was sampled never reached a collector. */
export const DROP_REASONS = ["cap", "reserve", "memory", "damaged", "refused"] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** What was lost, once for each stretch, so that someone can be told exactly. */
export interface Gap extends Loss {
  lane: LaneName;
  reason: DropReason;
}

/** Records of one lane to be sent in one request. Acknowledge or refuse it before asking for the next. */
export interface Batch {
  lane: LaneName;
  records: readonly SpoolRecord[];
  items: number;
  /** @internal Where the lane goes on after it. */
  next: Place;
  /** @internal Records that stood between and were damaged. */
  lost: Place;
  /** @internal */
  fromMemory: boolean;
}

export interface SpoolOptions {
  folder: string;
  maxBytes: number;
  /** Free space on the file system that is left to others. */
  keepFreeBytes: number;
  /** Acknowledged records are kept this long, for a collector that forgot. */
  retainMs: number;
  clock: Clock;
  log: Log;
  /** Free space now; tests give their own. */
  freeBytes?: () => number;
  write?: (file: number, parts: readonly Uint8Array[]) => number;
}

/** In memory while the disk takes nothing: about a quarter of an hour of samples. */
const MEMORY_BYTES_MAX = 256 * 1024;
const GAPS_MAX = 64;
const MARK_MS = 1000;
/** Events may stay within this much even where the reserve is used up: they tell of it. */
const EVENT_FLOOR_BYTES = 1024 * 1024;

interface LaneState {
  lane: Lane;
  memory: MemoryLane;
  /** Everything before was acknowledged. */
  sent: Place;
  /** The furthest that `sent` ever was: damage before it has been counted. */
  counted: number;
  /** Everything before was acknowledged `retainMs` ago: it may go. */
  keep: Place;
  /** When which place was acknowledged, oldest first, on the monotonic clock. */
  marks: { atMs: number; place: Place }[];
  dropped: Record<DropReason, number>;
}

interface StoredState {
  sent: Place;
  keep: Place;
  dropped: Record<DropReason, number>;
}

/**
 * The agent's outgoing mail on disk: everything is stored before it is sent, read back in order, and kept for a while after
 * it was acknowledged. Bounded by bytes and by a reserve of free space; when full, the oldest metrics go first, and events
 * only when no metric is left. What is lost is counted to the item.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #lanes: Record<LaneName, LaneState>;
  #gaps: Gap[] = [];
  #told = "";

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#lanes = { event: this.#open("event"), metric: this.#open("metric") };
  }

  /**
   * Takes one request body. Stored on disk, or in memory where the disk has no room or fails; what does not fit there either
   * is dropped and counted.
   */
  append(name: LaneName, payload: Uint8Array, meta: { items: number; rawBytes: number; at: number }): void {
    const state = this.#lanes[name];
    const record = { payload, ...meta };
    const obstacle = this.#makeRoom(name, payload.length);
    if (obstacle !== "") this.#tell(obstacle);
    else if (this.#flush(state) && this.#store(state, record)) return;
    for (const lost of state.memory.push(record)) this.#lose(name, "memory", lost);
  }

  /** The next records to send, events first; null when all is sent. One request's worth, by stored and by unpacked size. */
  next(limits: { maxBytes: number; maxRawBytes: number; maxRecords: number }): Batch | null {
    for (const name of LANES) {
      const state = this.#lanes[name];
      for (;;) {
        const read = state.lane.read(state.sent, limits.maxBytes);
        if (read.records.length > 0) return takeWithin(name, read.records, { ...limits, from: state.sent });
        if (read.next.sequence === state.sent.sequence) break;
        // A whole stretch without a good record.
        this.#loseDamaged(name, read.lost, read.next);
        state.sent = read.next;
      }
      const waiting = state.memory.peek(limits.maxBytes);
      if (waiting.length > 0) return { ...takeWithin(name, waiting, limits), fromMemory: true };
    }
    return null;
  }

  acknowledge(batch: Batch): void {
    const state = this.#lanes[batch.lane];
    if (batch.fromMemory) {
      state.memory.removeThrough(batch.records.at(-1)!.sequence);
      return;
    }
    // A flood of events may have pushed out what was under way.
    if (batch.next.sequence <= state.sent.sequence) return;
    this.#loseDamaged(batch.lane, batch.lost, batch.next);
    state.sent = batch.next;
    this.#mark(state);
    this.#release(state);
    this.#save(batch.lane);
  }

  /** The collector will never take it: it is counted as lost, and the next records have their turn. */
  refuse(batch: Batch): void {
    const last = batch.records.at(-1)!;
    this.#lose(batch.lane, "refused", {
      records: batch.records.length,
      items: batch.items,
      fromMs: batch.records[0]!.at,
      toMs: last.at,
    });
    this.acknowledge(batch);
  }

  /** Makes everything that was acknowledged within `retainMs` unsent again. Returns how many records that are. */
  rewind(): number {
    let records = 0;
    for (const name of LANES) {
      const state = this.#lanes[name];
      const { start } = state.lane;
      const to = state.keep.sequence < start.sequence ? start : state.keep;
      records += Math.max(0, state.sent.sequence - to.sequence);
      if (to.sequence < state.sent.sequence) state.sent = to;
      state.marks = [];
      this.#save(name);
    }
    return records;
  }

  /** What was lost since the last call; at most 64 stretches, further ones are joined to the last. */
  takeGaps(): Gap[] {
    const gaps = this.#gaps;
    this.#gaps = [];
    return gaps;
  }

  /** Items lost since the lane's first day. */
  dropped(name: LaneName): Readonly<Record<DropReason, number>> {
    return this.#lanes[name].dropped;
  }

  /** Not yet acknowledged. */
  pending(name: LaneName): { records: number; items: number } {
    const { lane, sent, memory } = this.#lanes[name];
    return {
      records: lane.end.sequence - sent.sequence + memory.records,
      items: lane.end.items - sent.items + memory.items,
    };
  }

  get sizeBytes(): number {
    return LANES.reduce((sum, name) => sum + this.#lanes[name].lane.sizeBytes, 0);
  }

  close(): void {
    for (const name of LANES) {
      this.#flush(this.#lanes[name]);
      this.#save(name);
      this.#lanes[name].lane.close();
    }
  }

  #open(name: LaneName): LaneState {
    const { folder, maxBytes, write } = this.#options;
    const stored = readState(join(folder, `${name}.json`)) as StoredState | null;
    const lane = Lane.open(
      {
        folder: join(folder, name),
        segmentBytes: Math.min(1024 * 1024, Math.max(16 * 1024, Math.floor(maxBytes / 16))),
        sync: name === "event",
        ...(write === undefined ? {} : { write }),
      },
      stored?.sent,
    );
    const within = (place: Place | undefined): Place =>
      place === undefined || place.sequence < lane.start.sequence
        ? lane.start
        : place.sequence > lane.end.sequence
          ? lane.end
          : place;
    const none = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>;
    return {
      lane,
      memory: new MemoryLane(MEMORY_BYTES_MAX),
      sent: within(stored?.sent),
      counted: within(stored?.sent).sequence,
      keep: within(stored?.keep),
      marks: [],
      dropped: { ...none, ...stored?.dropped },
    };
  }

  /** Brings what waits in memory to disk first, so that the order stays. */
  #flush(state: LaneState): boolean {
    for (const record of state.memory.peek(MEMORY_BYTES_MAX)) {
      if (!this.#store(state, record)) return false;
      state.memory.removeThrough(record.sequence);
    }
    return true;
  }

  #store(state: LaneState, record: { payload: Uint8Array; items: number; rawBytes: number; at: number }): boolean {
    try {
      const { items, rawBytes, at } = record;
      state.lane.append(record.payload, { items, rawBytes, at });
      this.#tell("");
      return true;
    } catch (error) {
      this.#tell(String(error));
      return false;
    }
  }

  /** Says once that the disk fails, and once that it works again. */
  #tell(trouble: string): void {
    if (trouble === this.#told) return;
    if (trouble === "") this.#options.log.info("the spool stores on disk again");
    else this.#options.log.error("the spool cannot store on disk; holding in memory", { error: trouble });
    this.#told = trouble;
  }

  /** Removes older things until `bytes` may be stored; "" then, else what stands in the way. Metrics never push out events. */
  #makeRoom(name: LaneName, bytes: number): string {
    const { maxBytes, keepFreeBytes } = this.#options;
    while (this.sizeBytes + bytes > maxBytes)
      if (!this.#remove("metric", "cap") && !(name === "event" && this.#remove("event", "cap")))
        return "the cap is reached";
    if (this.#freeBytes() - bytes >= keepFreeBytes) return "";
    for (let more = true; more && this.#freeBytes() - bytes < keepFreeBytes; ) more = this.#remove("metric", "reserve");
    if (this.#freeBytes() - bytes >= keepFreeBytes) return "";
    const below = this.#lanes.event.lane.sizeBytes + bytes <= EVENT_FLOOR_BYTES;
    return name === "event" && below ? "" : "no free space above the reserve";
  }

  #remove(name: LaneName, reason: DropReason): boolean {
    const state = this.#lanes[name];
    const loss = state.lane.removeOldest(state.sent);
    if (loss === null) return false;
    const { start } = state.lane;
    if (state.sent.sequence < start.sequence) state.sent = start;
    if (state.keep.sequence < start.sequence) state.keep = start;
    if (loss.records > 0) this.#lose(name, reason, loss);
    this.#save(name);
    return true;
  }

  /** Remembers when this much was acknowledged; acknowledgements of one second share a mark. */
  #mark(state: LaneState): void {
    const atMs = this.#options.clock.monotonic();
    const last = state.marks.at(-1);
    if (last !== undefined && atMs - last.atMs < MARK_MS) last.place = state.sent;
    else state.marks.push({ atMs: atMs + MARK_MS, place: state.sent });
  }

  /** Forgets marks that are old enough, and removes the segments that nobody will want again. */
  #release(state: LaneState): void {
    const oldEnough = this.#options.clock.monotonic() - this.#options.retainMs;
    let gone = 0;
    while (gone < state.marks.length && state.marks[gone]!.atMs <= oldEnough) gone++;
    if (gone === 0) return;
    state.keep = state.marks[gone - 1]!.place;
    state.marks.splice(0, gone);
    state.lane.removeBefore(state.keep);
  }

  /** Counts damage once, though the same place may be read again. */
  #loseDamaged(name: LaneName, lost: Place | null, until: Place): void {
    const state = this.#lanes[name];
    const known = until.sequence <= state.counted;
    state.counted = Math.max(state.counted, until.sequence);
    if (lost === null || lost.sequence === 0 || known) return;
    const toMs = this.#options.clock.now();
    this.#lose(name, "damaged", { records: lost.sequence, items: lost.items, fromMs: 0, toMs });
  }

  #lose(name: LaneName, reason: DropReason, loss: Loss): void {
    this.#lanes[name].dropped[reason] += loss.items;
    const last = this.#gaps.at(-1);
    const joins = last !== undefined && last.lane === name && last.reason === reason;
    if (!joins && this.#gaps.length < GAPS_MAX) {
      this.#gaps.push({ lane: name, reason, ...loss });
      return;
    }
    last!.records += loss.records;
    last!.items += loss.items;
    last!.toMs = Math.max(last!.toMs, loss.toMs);
  }

  #save(name: LaneName): void {
    const { sent, keep, dropped } = this.#lanes[name];
    try {
      writeState(join(this.#options.folder, `${name}.json`), { sent, keep, dropped } satisfies StoredState, false);
    } catch (error) {
      // Without it a restart repeats what the collector has already: no loss, so no reason to stop.
      this.#options.log.debug("the spool's place was not saved", { lane: name, error: String(error) });
    }
  }

  #freeBytes(): number {
    if (this.#options.freeBytes !== undefined) return this.#options.freeBytes();
    const state = statfsSync(this.#options.folder);
    return state.bavail * state.bsize;
  }
}

/** As many of `records` as one request takes, and what was damaged between `from` and the last of them. */
function takeWithin(
  lane: LaneName,
  records: readonly SpoolRecord[],
  limits: { maxBytes: number; maxRawBytes: number; maxRecords: number; from?: Place },
): Batch {
  let raw = 0;
  let bytes = 0;
  let count = 0;
  for (const record of records) {
    raw += record.rawBytes;
    bytes += record.payloadBytes;
    if (count > 0 && (raw > limits.maxRawBytes || bytes > limits.maxBytes || count >= limits.maxRecords)) break;
    count++;
  }
  const taken = records.slice(0, count);
  const last = taken.at(-1)!;
  const items = taken.reduce((sum, record) => sum + record.items, 0);
  const next = { sequence: last.sequence + 1, items: last.itemsBefore + last.items };
  const from = limits.from ?? { sequence: next.sequence - count, items: next.items - items };
  const lost = { sequence: next.sequence - from.sequence - count, items: next.items - from.items - items };
  return { lane, records: taken, items, next, lost, fromMemory: false };
}

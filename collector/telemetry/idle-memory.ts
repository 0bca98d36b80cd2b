import type { Milliseconds } from "../core/model/time.ts";
import type { Clock } from "../port/clock.ts";
import type { Telemetry } from "../port/telemetry.ts";

/** What the program's engine says of itself, and what can be asked of it. */
export interface Engine {
  /** Memory of the process that is resident: all threads', and what is no heap. */
  residentBytes(): number;
  /** Of the memory of old objects, what is between them: only collections that move objects together give it back. */
  holesBytes(): number;
  /** Part of the time since the last call in which the event loop was busy, 0…1. */
  busyShare(): number;
  /** From now on garbage is collected for memory's sake (true), or for speed's. */
  favourMemory(favoured: boolean): void;
}

/** What a tidying has come to. */
export interface Tidied {
  hasMore: boolean;
  /** That it left, as far as it can tell. */
  garbageBytes: number;
}

export interface IdleMemoryOptions {
  clock: Clock;
  engine: Engine;
  telemetry: Telemetry;
  /** How many inputs have been taken until now: by this work is told from collecting, which keeps the loop busy as well. */
  inputs: () => number;
  /**
   * Makes things smaller that nobody asks for. Called each second without work, so that it may take some of it; memory is
   * given back when it is done, for it leaves garbage.
   */
  tidy: () => Tidied;
}

const LOOK_MS: Milliseconds = 1_000;
/** Idle is who has done this little for so many looks: nobody is about to wait for us. */
const IDLE_SHARE = 0.1;
const IDLE_LOOKS = 4;
/** Collecting keeps the loop busy too, but not for two looks like this in a row: then there is work, and it goes first. */
const BUSY_SHARE = 0.7;
const BUSY_LOOKS = 2;
/** So much since the last look is work, however busy: who sends it waits for answers, and each collection makes some of them late. */
const WORK_INPUTS = 2_000;
/** The engine begins 8 s after it may, and then collects every second or two for as long as that is worth it. */
const PATIENCE_MS: Milliseconds = 15_000;
const HOLD_MAX_MS: Milliseconds = 120_000;
/** Less than this is no sign that it goes on. */
const STEP_BYTES = 1024 * 1024;
const EVERY_MS: Milliseconds = 60_000;
/** Less growth than this is not worth a pause: of what was left the last time, and in bytes (new objects have 32 MiB). */
const GROWN_SHARE = 0.2;
const GROWN_BYTES = 48 * 1024 * 1024;
/** The same of garbage that is known of, which is in the place of what it was made of so that nothing grows by it; and of holes. */
const GARBAGE_SHARE = 0.05;
const GARBAGE_BYTES = 16 * 1024 * 1024;
/** The engine stops at the first collection that gives back less than 1 MiB, be it half-way: so often it is asked again. */
const AGAIN_MAX = 3;

/**
 * Gives back to the system what a flood has left behind. By itself the engine collects its old garbage only when the heap has
 * grown by as much again, and then keeps the pages: after 20,000 alerts two thirds of the memory were that, for hours. Here
 * it is asked to favour memory, in a moment without work, when the process has grown since the last time, and until nothing
 * more is given back: the heap that a flood leaves is full of holes, and one collection closes only some of them. It marks in
 * small steps between other work; what holds up the loop is the end, when objects move together.
 */
export class IdleMemory {
  private readonly options: IdleMemoryOptions;
  /** What was resident when it was last given back. At first nothing was: a start leaves much behind. */
  private leastBytes = 0;
  /** What tidying has left since it was begun with last: of what comes later the engine may not have looked at all. */
  private garbageBytes = 0;
  /** The last time work came in between, or the engine stopped before it was through. */
  private isHalfDone = false;
  private againLeft = 0;
  private heldSince: Milliseconds | undefined;
  private heldBytes = 0;
  /** The least that was resident since then, and since when. */
  private reachedBytes = 0;
  private reachedAt: Milliseconds = 0;
  private lastAt: Milliseconds;
  private idleLooks = 0;
  private busyLooks = 0;
  private inputs = 0;
  private cancel: () => void = () => undefined;

  constructor(options: IdleMemoryOptions) {
    this.options = options;
    this.lastAt = options.clock.monotonic() - EVERY_MS;
  }

  start(): void {
    this.options.engine.busyShare();
    this.again();
  }

  stop(): void {
    this.cancel();
    if (this.heldSince !== undefined) this.release(false);
  }

  private again(): void {
    this.cancel = this.options.clock.after(LOOK_MS, () => {
      this.look();
      this.again();
    });
  }

  private look(): void {
    const { clock, engine } = this.options;
    const busy = engine.busyShare();
    this.idleLooks = busy <= IDLE_SHARE ? this.idleLooks + 1 : 0;
    this.busyLooks = busy >= BUSY_SHARE ? this.busyLooks + 1 : 0;
    const isWork = this.takenSince() >= WORK_INPUTS || this.busyLooks >= BUSY_LOOKS;
    const isTidy = busy > IDLE_SHARE || !this.tidy();
    const now = clock.monotonic();
    if (this.heldSince !== undefined) {
      if (isWork) this.release(false);
      else if (this.isDone(now) || now - this.heldSince >= HOLD_MAX_MS) this.release(true);
      return;
    }
    if (!isTidy || this.idleLooks < IDLE_LOOKS || now - this.lastAt < EVERY_MS || !this.isWorthIt()) return;
    this.heldSince = now;
    this.heldBytes = engine.residentBytes();
    this.garbageBytes = 0;
    this.reachedBytes = this.heldBytes;
    this.reachedAt = now;
    engine.favourMemory(true);
  }

  private takenSince(): number {
    const before = this.inputs;
    this.inputs = this.options.inputs();
    return this.inputs - before;
  }

  private tidy(): boolean {
    const { hasMore, garbageBytes } = this.options.tidy();
    this.garbageBytes += garbageBytes;
    // Its own time is no sign of work.
    this.options.engine.busyShare();
    return hasMore;
  }

  /** To be asked when all else is in favour of it. */
  private isWorthIt(): boolean {
    if (this.hasGrown() || this.isMuch(this.garbageBytes)) this.againLeft = AGAIN_MAX;
    else if (this.isHalfDone && this.againLeft > 0) this.againLeft -= 1;
    else return false;
    return true;
  }

  private hasGrown(): boolean {
    const grownBytes = this.options.engine.residentBytes() - this.leastBytes;
    return grownBytes >= Math.max(GROWN_BYTES, GROWN_SHARE * this.leastBytes);
  }

  private isMuch(bytes: number): boolean {
    return bytes >= Math.max(GARBAGE_BYTES, GARBAGE_SHARE * this.leastBytes);
  }

  /** Whether nothing was given back for a while. */
  private isDone(now: Milliseconds): boolean {
    const resident = this.options.engine.residentBytes();
    if (resident > this.reachedBytes - STEP_BYTES) return now - this.reachedAt >= PATIENCE_MS;
    this.reachedBytes = resident;
    this.reachedAt = now;
    return false;
  }

  /** @param isDone false: work has come in between, and there is more to give back the next time. */
  private release(isDone: boolean): void {
    const { clock, engine, telemetry } = this.options;
    engine.favourMemory(false);
    this.heldSince = undefined;
    this.lastAt = clock.monotonic();
    const resident = engine.residentBytes();
    // What has come meanwhile may be garbage that the engine has not looked at: that is growth, and no measure for it.
    if (isDone) this.leastBytes = Math.min(resident, this.reachedBytes);
    this.isHalfDone = !isDone || this.isMuch(engine.holesBytes());
    telemetry.count("tocsin_memory_releases_total");
    telemetry.count("tocsin_memory_released_bytes_total", {}, Math.max(0, this.heldBytes - resident));
  }
}

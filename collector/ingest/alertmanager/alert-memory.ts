import { highOf, lowOf } from "../../core/model/alert-ref.ts";
import type { AlertId } from "../../core/model/identity.ts";
import { SlotTable } from "./slot-table.ts";

const SLOTS_MIN = 1024;
/** Of a slot, all 32-bit integers. A row begins with the hash: one fetch of memory finds and names an alert. */
const ROW_LENGTH = 6;
const [HASH_A, HASH_B, ID_HIGH, ID_LOW, PLACE, STATE] = [0, 1, 2, 3, 4, 5] as const;
const [FREE, TAKEN, CRITICAL, LOOSE] = [0, 1, 2, 4] as const;

/** What is known of an alert beside its hash. */
export interface Traits {
  isCritical: boolean;
  /** It says no beginning: see `EndIs`. */
  isLoose: boolean;
}

/**
 * What each alert looked like when it was last taken in full, as a hash: whoever sends it with the same hash says it again.
 * One hash an alert, so that of two senders who differ the one that spoke last is right. Some 50 bytes an alert, in flat
 * lists; when it is full, the one that came first gives way, and is taken in full when it comes again.
 */
export class AlertMemory {
  private readonly max: number;
  private rows = new Int32Array(ROW_LENGTH * SLOTS_MIN);
  private readonly byHash = new SlotTable();
  private readonly byAlert = new SlotTable();
  /** The slot that is taken next, or again. */
  private next = 0;
  private count = 0;
  /** What is being looked for, so that no search makes a function. */
  private wantedHash = 0;
  private wantedHigh = 0;
  private wantedLow = 0;
  private readonly hasHash = (slot: number): boolean => this.rows[ROW_LENGTH * slot + HASH_B] === this.wantedHash;
  private readonly isAlert = (slot: number): boolean =>
    this.rows[ROW_LENGTH * slot + ID_LOW] === this.wantedLow &&
    this.rows[ROW_LENGTH * slot + ID_HIGH] === this.wantedHigh;

  constructor(max: number) {
    this.max = Math.max(1, max);
  }

  get size(): number {
    return this.count;
  }

  /** The slot of the alert with this hash; −1 = it is not known. */
  find(hashA: number, hashB: number): number {
    this.wantedHash = hashB;
    return this.byHash.find(hashA, this.hasHash);
  }

  isCritical(slot: number): boolean {
    return ((this.rows[ROW_LENGTH * slot + STATE] ?? 0) & CRITICAL) !== 0;
  }

  isLoose(slot: number): boolean {
    return ((this.rows[ROW_LENGTH * slot + STATE] ?? 0) & LOOSE) !== 0;
  }

  /** Appends what names the alert: see `AlertRefs`. */
  name(slot: number, into: number[]): void {
    const { rows } = this;
    const row = ROW_LENGTH * slot;
    into.push(rows[row + PLACE] ?? 0, rows[row + ID_HIGH] ?? 0, rows[row + ID_LOW] ?? 0);
  }

  /**
   * @param hashA, hashB 32-bit integers.
   * @param place where the core has the alert.
   */
  remember(alert: AlertId, place: number, hashA: number, hashB: number, traits: Readonly<Traits>): void {
    const [high, low] = [highOf(alert), lowOf(alert)];
    const known = this.slotOf(high, low);
    const slot = known < 0 ? this.take(high, low) : known;
    const row = ROW_LENGTH * slot;
    if (known >= 0) this.byHash.remove(this.rows[row + HASH_A] ?? 0, slot);
    this.rows[row + HASH_A] = hashA;
    this.rows[row + HASH_B] = hashB;
    this.rows[row + PLACE] = place;
    this.rows[row + STATE] = TAKEN | (traits.isCritical ? CRITICAL : 0) | (traits.isLoose ? LOOSE : 0);
    this.byHash.add(hashA, slot);
  }

  forget(alert: AlertId): void {
    const slot = this.slotOf(highOf(alert), lowOf(alert));
    if (slot >= 0) this.free(slot);
  }

  clear(): void {
    this.rows = new Int32Array(ROW_LENGTH * SLOTS_MIN);
    this.byHash.clear();
    this.byAlert.clear();
    this.next = 0;
    this.count = 0;
  }

  private slotOf(high: number, low: number): number {
    this.wantedHigh = high;
    this.wantedLow = low;
    return this.byAlert.find(mixed(high, low), this.isAlert);
  }

  private take(high: number, low: number): number {
    const slot = this.next;
    this.next = (slot + 1) % this.max;
    const row = ROW_LENGTH * slot;
    if (row >= this.rows.length) this.grow();
    this.free(slot);
    this.rows[row + ID_HIGH] = high;
    this.rows[row + ID_LOW] = low;
    this.byAlert.add(mixed(high, low), slot);
    this.count += 1;
    return slot;
  }

  private free(slot: number): void {
    const { rows } = this;
    const row = ROW_LENGTH * slot;
    if (rows[row + STATE] === FREE) return;
    this.byAlert.remove(mixed(rows[row + ID_HIGH] ?? 0, rows[row + ID_LOW] ?? 0), slot);
    this.byHash.remove(rows[row + HASH_A] ?? 0, slot);
    rows[row + STATE] = FREE;
    this.count -= 1;
  }

  private grow(): void {
    const { rows } = this;
    this.rows = new Int32Array(2 * rows.length);
    this.rows.set(rows);
  }
}

/** Ids are hashes already. */
function mixed(high: number, low: number): number {
  return Math.imul(low ^ (high >>> 16), 0x9e3779b1) | 0;
}

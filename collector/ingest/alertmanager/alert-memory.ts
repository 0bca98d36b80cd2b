import type { AlertId } from "../../core/model/identity.ts";
import { SlotTable } from "./slot-table.ts";

const SLOTS_MIN = 1024;

/** An alert that is as it was. */
export interface Known {
  alert: AlertId;
  isCritical: boolean;
}

/**
 * What each alert looked like when it was last taken in full, as a hash: whoever sends it with the same hash says it again.
 * One hash an alert, so that of two senders who differ the one that spoke last is right. Some 50 bytes an alert, in flat
 * lists; when it is full, the one that came first gives way, and is taken in full when it comes again.
 */
export class AlertMemory {
  private readonly max: number;
  /** By slot; undefined = free. */
  private alerts: (AlertId | undefined)[] = [];
  private critical = new Uint8Array(SLOTS_MIN);
  /** Two for each slot. */
  private hashes = new Int32Array(2 * SLOTS_MIN);
  private readonly byHash = new SlotTable();
  private readonly byAlert = new SlotTable();
  /** The slot that is taken next, or again. */
  private next = 0;
  private count = 0;
  /** What is being looked for, so that no search makes a function. */
  private wantedHash = 0;
  private wantedAlert: AlertId = "";
  private readonly hasHash = (slot: number): boolean => this.hashes[2 * slot + 1] === this.wantedHash;
  private readonly isAlert = (slot: number): boolean => this.alerts[slot] === this.wantedAlert;

  constructor(max: number) {
    this.max = Math.max(1, max);
  }

  get size(): number {
    return this.count;
  }

  find(hashA: number, hashB: number): Known | undefined {
    this.wantedHash = hashB;
    const slot = this.byHash.find(hashA, this.hasHash);
    const alert = slot < 0 ? undefined : this.alerts[slot];
    return alert === undefined ? undefined : { alert, isCritical: this.critical[slot] === 1 };
  }

  /** @param hashA, hashB 32-bit integers. */
  remember(alert: AlertId, hashA: number, hashB: number, isCritical: boolean): void {
    const known = this.slotOf(alert);
    const slot = known < 0 ? this.take(alert) : known;
    if (known >= 0) this.byHash.remove(this.hashes[2 * slot] ?? 0, slot);
    this.hashes[2 * slot] = hashA;
    this.hashes[2 * slot + 1] = hashB;
    this.critical[slot] = isCritical ? 1 : 0;
    this.byHash.add(hashA, slot);
  }

  forget(alert: AlertId): void {
    const slot = this.slotOf(alert);
    if (slot >= 0) this.free(slot);
  }

  clear(): void {
    this.alerts = [];
    this.critical = new Uint8Array(SLOTS_MIN);
    this.hashes = new Int32Array(2 * SLOTS_MIN);
    this.byHash.clear();
    this.byAlert.clear();
    this.next = 0;
    this.count = 0;
  }

  private slotOf(alert: AlertId): number {
    this.wantedAlert = alert;
    return this.byAlert.find(hashOf(alert), this.isAlert);
  }

  private take(alert: AlertId): number {
    const slot = this.next;
    this.next = (slot + 1) % this.max;
    if (slot >= this.critical.length) this.grow();
    if (this.alerts[slot] !== undefined) this.free(slot);
    this.alerts[slot] = alert;
    this.byAlert.add(hashOf(alert), slot);
    this.count += 1;
    return slot;
  }

  private free(slot: number): void {
    const alert = this.alerts[slot];
    if (alert === undefined) return;
    this.byAlert.remove(hashOf(alert), slot);
    this.byHash.remove(this.hashes[2 * slot] ?? 0, slot);
    this.alerts[slot] = undefined;
    this.count -= 1;
  }

  private grow(): void {
    const { critical, hashes } = this;
    this.critical = new Uint8Array(2 * critical.length);
    this.critical.set(critical);
    this.hashes = new Int32Array(2 * hashes.length);
    this.hashes.set(hashes);
  }
}

/** Ids are hashes already: their last digits do. */
function hashOf(alert: AlertId): number {
  let hash = 0;
  for (let at = Math.max(0, alert.length - 8); at < alert.length; at += 1)
    hash = (Math.imul(hash, 31) + alert.charCodeAt(at)) | 0;
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) | 0;
}

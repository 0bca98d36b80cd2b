import type { AlertId } from "../../core/model/identity.ts";

interface Remembered {
  alert: AlertId;
  hashA: number;
  hashB: number;
  isCritical: boolean;
}

/**
 * What each alert looked like when it was last taken in full, as a hash: whoever sends it with the same hash says it again.
 * One hash an alert, so that of two senders who differ the one that spoke last is right. About 150 bytes an alert; when it
 * is full, the one that was taken in longest ago gives way, and is taken in full when it comes again.
 */
export class AlertMemory {
  private readonly max: number;
  private readonly byHash = new Map<number, Remembered>();
  private readonly byAlert = new Map<AlertId, Remembered>();

  constructor(max: number) {
    this.max = Math.max(1, max);
  }

  get size(): number {
    return this.byAlert.size;
  }

  find(hashA: number, hashB: number): Readonly<Remembered> | undefined {
    const found = this.byHash.get(hashA);
    return found?.hashB === hashB ? found : undefined;
  }

  remember(alert: AlertId, hashA: number, hashB: number, isCritical: boolean): void {
    this.forget(alert);
    if (this.byAlert.size >= this.max) {
      const [oldest] = this.byAlert.keys();
      if (oldest !== undefined) this.forget(oldest);
    }
    const entry = { alert, hashA, hashB, isCritical };
    // Another alert with the same first half is forgotten by hash, and taken in full when it comes again.
    this.byHash.set(hashA, entry);
    this.byAlert.set(alert, entry);
  }

  forget(alert: AlertId): void {
    const known = this.byAlert.get(alert);
    if (known === undefined) return;
    this.byAlert.delete(alert);
    if (this.byHash.get(known.hashA) === known) this.byHash.delete(known.hashA);
  }

  clear(): void {
    this.byHash.clear();
    this.byAlert.clear();
  }
}

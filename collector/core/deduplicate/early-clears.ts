import type { AlertId } from "../model/identity.ts";
import { byText } from "../model/order.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Turn } from "../model/turn.ts";
import { LATE_AFTER_MS, type Standing } from "./classify.ts";

/** A firing that is under way for longer is late, and pages nobody anyway. */
const KEEP_MS: Milliseconds = LATE_AFTER_MS;
/** About 30 a second; beyond, a clear that overtakes its firing is not recognised. */
const CLEARS_MAX = 10_000;
const PREFIX = "clear ";

interface EarlyClear {
  /** Source's clock, as far as it is believed. */
  occurredAt: UnixMillis;
  /** Ours. */
  at: UnixMillis;
}

/**
 * Clears of alerts that nothing is known of: the firing may still be under way, and must not open what is over. Each is
 * kept for minutes, as a `meta` entity of its own.
 */
export class EarlyClears {
  /** In the order of `at`. */
  private readonly byAlert = new Map<AlertId, EarlyClear>();

  get size(): number {
    return this.byAlert.size;
  }

  note(turn: Turn, alert: AlertId, occurredAt: UnixMillis): void {
    this.prune(turn);
    const known = this.byAlert.get(alert);
    if (known === undefined && this.byAlert.size >= CLEARS_MAX) return;
    const clear = { occurredAt: Math.max(occurredAt, known?.occurredAt ?? 0), at: turn.at };
    this.byAlert.delete(alert);
    this.byAlert.set(alert, clear);
    turn.put({ kind: "meta", id: PREFIX + alert, value: clear });
  }

  /** How the alert stands by its clear alone; undefined = nothing is known of it. */
  standing(alert: AlertId, at: UnixMillis): Standing | undefined {
    const clear = this.byAlert.get(alert);
    if (clear === undefined || at - clear.at > KEEP_MS) return undefined;
    return {
      status: "resolved",
      sourceStatus: "resolved",
      lastOccurredAt: clear.occurredAt,
      lastSeenAt: clear.at,
      resolvedAt: clear.at,
      late: false,
    };
  }

  /** Takes over those of the stored entities that are its own, in any order. */
  restore(entities: Iterable<{ id: string; value: unknown }>): void {
    const own = [...entities].filter(({ id }) => id.startsWith(PREFIX));
    const clears = own.map(({ id, value }) => ({ id: id.slice(PREFIX.length), clear: value as EarlyClear }));
    clears.sort((a, b) => a.clear.at - b.clear.at || byText(a.id, b.id));
    for (const { id, clear } of clears) this.byAlert.set(id, clear);
  }

  private prune(turn: Turn): void {
    const old: AlertId[] = [];
    for (const [id, { at }] of this.byAlert) {
      if (turn.at - at <= KEEP_MS) break;
      old.push(id);
    }
    for (const id of old.sort(byText)) {
      this.byAlert.delete(id);
      turn.remove("meta", PREFIX + id);
    }
  }
}

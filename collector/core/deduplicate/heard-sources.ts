import type { Alert } from "../model/alert.ts";
import { byText } from "../model/order.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Turn } from "../model/turn.ts";

/** A source counts as heard when any alert of it was within this time: of what is older nobody asks. */
export const HEARD_WITHIN_MS: Milliseconds = 10 * 60_000;
/** Beyond, a restart takes for the last word of a source what its remaining alerts say. */
const KEPT_MAX = 10_000;
const PREFIX = "heard ";

interface KeptWord {
  /** When the source was heard. */
  heardAt: UnixMillis;
  /** When the alert that said so went. */
  at: UnixMillis;
}

/**
 * When each source was last heard, by anything that touched an alert of it. That is not stored, as its alerts say it; only
 * when the alert that said it last leaves memory and the store, its time is kept for minutes, as a `meta` entity.
 */
export class HeardSources {
  private readonly last = new Map<string, UnixMillis>();
  /** In the order of `at`. */
  private readonly kept = new Map<string, KeptWord>();

  /** Undefined: not within the time that anybody asks for. */
  at(source: string): UnixMillis | undefined {
    return this.last.get(source);
  }

  hear(source: string, at: UnixMillis): void {
    this.last.set(source, at);
  }

  /** The alert leaves: whether its source was heard later is no longer to be read from it. */
  gone(turn: Turn, { source, lastSeenAt }: Readonly<Alert>): void {
    this.prune(turn);
    if (lastSeenAt !== this.last.get(source) || turn.at - lastSeenAt > HEARD_WITHIN_MS) return;
    const known = this.kept.get(source);
    if (known === undefined ? this.kept.size >= KEPT_MAX : known.heardAt >= lastSeenAt) return;
    const word = { heardAt: lastSeenAt, at: turn.at };
    this.kept.delete(source);
    this.kept.set(source, word);
    turn.put({ kind: "meta", id: PREFIX + source, value: word });
  }

  /** From an alert that was stored. */
  restoreFrom({ source, lastSeenAt }: Readonly<Alert>): void {
    const before = this.last.get(source);
    if (before === undefined || before < lastSeenAt) this.last.set(source, Math.max(lastSeenAt, 0));
  }

  /** Takes over those of the stored entities that are its own, in any order. */
  restore(entities: Iterable<{ id: string; value: unknown }>): void {
    const own = [...entities].filter(({ id }) => id.startsWith(PREFIX));
    const words = own.map(({ id, value }) => ({ source: id.slice(PREFIX.length), word: value as KeptWord }));
    words.sort((a, b) => a.word.at - b.word.at || byText(a.source, b.source));
    for (const { source, word } of words) {
      this.kept.set(source, word);
      this.hear(source, Math.max(word.heardAt, this.last.get(source) ?? 0));
    }
  }

  private prune(turn: Turn): void {
    const old: string[] = [];
    for (const [source, { at }] of this.kept) {
      if (turn.at - at <= HEARD_WITHIN_MS) break;
      old.push(source);
    }
    for (const source of old.sort(byText)) {
      this.kept.delete(source);
      turn.remove("meta", PREFIX + source);
    }
  }
}

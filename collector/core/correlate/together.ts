import type { CiId } from "../model/ci.ts";
import { byText } from "../model/order.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

/** That `from` failed when `to` did, though the CMDB knows no way; stored as it is. */
interface Pair {
  from: CiId;
  to: CiId;
  /** One for each time; halves in `HALF_LIFE_MS`. */
  weight: number;
  at: UnixMillis;
}

const HALF_LIFE_MS: Milliseconds = 30 * 24 * 3_600_000;
/** Once is chance; with this weight, which two times within three weeks have, it is taken for a relation. */
const WEIGHT_MIN = 1.6;
const CONFIDENCE_EACH = 0.3;
const CONFIDENCE_MAX = 0.75;
/** What one fault teaches at most, and pairs kept; the one unseen for longest goes. */
const EACH_MAX = 10;
const PAIRS_MAX = 2_000;
const PREFIX = "pair ";

/** Which CIs fail together without a relation that says why: learned from faults that are over. */
export class Together {
  private readonly pairs = new Map<string, Pair>();
  private readonly changed = new Set<string>();

  /** Takes over what `takeChanged` once gave; other learned things are left alone. */
  restore(learned: Iterable<{ id: string; value: unknown }>): void {
    const found: Pair[] = [];
    for (const { id, value } of learned)
      if (id.startsWith(PREFIX) && value !== null) found.push({ ...(value as Pair) });
    this.pairs.clear();
    found.sort((a, b) => a.at - b.at || byText(keyOf(a.from, a.to), keyOf(b.from, b.to)));
    for (const pair of found) this.pairs.set(keyOf(pair.from, pair.to), pair);
  }

  /**
   * A fault of `to` is over; these failed with it.
   *
   * @param isExplained whether the graph has a way from that CI to the root: then only what was learned before is renewed
   */
  learn(to: CiId, victims: readonly CiId[], at: UnixMillis, isExplained: (ci: CiId) => boolean): void {
    let taught = 0;
    for (const from of victims) {
      const key = keyOf(from, to);
      const known = this.pairs.get(key);
      if (from === to || taught >= EACH_MAX || (known === undefined && isExplained(from))) continue;
      taught += 1;
      const weight = (known === undefined ? 0 : known.weight * weightAfter(at - known.at)) + 1;
      this.pairs.delete(key);
      this.pairs.set(key, { from, to, weight, at });
      this.changed.add(key);
    }
    for (const oldest of this.pairs.keys()) {
      if (this.pairs.size <= PAIRS_MAX) break;
      this.pairs.delete(oldest);
      this.changed.add(oldest);
    }
  }

  /** What is believed at that time, in the order in which it was seen last. */
  relations(at: UnixMillis): { from: CiId; to: CiId; confidence: number }[] {
    const found: { from: CiId; to: CiId; confidence: number }[] = [];
    for (const pair of this.pairs.values()) {
      const weight = pair.weight * weightAfter(at - pair.at);
      if (weight < WEIGHT_MIN) continue;
      found.push({ from: pair.from, to: pair.to, confidence: Math.min(CONFIDENCE_MAX, CONFIDENCE_EACH * weight) });
    }
    return found;
  }

  /** When the next of these is believed no more, unless it is seen again; null = none is believed at that time. */
  fadesAt(at: UnixMillis): UnixMillis | null {
    let next: UnixMillis | null = null;
    for (const pair of this.pairs.values()) {
      const until = Math.floor(pair.at + HALF_LIFE_MS * Math.log2(pair.weight / WEIGHT_MIN)) + 1;
      if (until > at && (next === null || until < next)) next = until;
    }
    return next;
  }

  /** To be stored; null where it is forgotten. Empties the list. */
  takeChanged(): { id: string; value: unknown }[] {
    if (this.changed.size === 0) return NOTHING;
    const list = [...this.changed].map((key) => ({ id: `${PREFIX}${key}`, value: this.pairs.get(key) ?? null }));
    this.changed.clear();
    return list;
  }
}

const NOTHING: { id: string; value: unknown }[] = [];

function keyOf(from: CiId, to: CiId): string {
  return JSON.stringify([from, to]);
}

function weightAfter(ms: Milliseconds): number {
  return 0.5 ** (Math.max(0, ms) / HALF_LIFE_MS);
}

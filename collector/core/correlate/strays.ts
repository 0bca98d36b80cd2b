import type { Incident } from "../model/incident.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

const ID = "strays";
/** What happened longer ago than this says little about now. */
const MEMORY_MS: Milliseconds = 60 * 60_000;
/** A fault of its own, or part of one, if more CIs than this were in it. */
const ALONE = 2;

/**
 * How often something alarms here that comes to nothing: it ends in an incident of one or two CIs. A count that fades, so
 * that a noisy morning is forgotten by the afternoon. Where much strays, two alerts at a time are mostly chance.
 */
export class Strays {
  private count = 0;
  private countedAt: UnixMillis = 0;
  private isChanged = false;

  /** An alert of this incident has ended. */
  ended(incident: Readonly<Incident> | undefined, at: UnixMillis): void {
    if (incident === undefined || isWide(incident)) return;
    this.count = this.faded(at) + 1;
    this.countedAt = Math.max(at, this.countedAt);
    this.isChanged = true;
  }

  /** Takes over what `takeChanged` once gave. */
  restore(learned: Iterable<{ id: string; value: unknown }>): void {
    for (const { id, value } of learned) {
      if (id !== ID || !Array.isArray(value)) continue;
      const [count, countedAt]: unknown[] = value;
      if (typeof count !== "number" || typeof countedAt !== "number") continue;
      this.count = count;
      this.countedAt = countedAt;
    }
  }

  /** What is to be stored, if it differs from the last time. */
  takeChanged(): readonly { id: string; value: unknown }[] {
    if (!this.isChanged) return NOTHING;
    this.isChanged = false;
    return [{ id: ID, value: [this.count, this.countedAt] }];
  }

  /** Onsets of such alerts a millisecond. */
  rate(at: UnixMillis): number {
    return this.faded(at) / MEMORY_MS;
  }

  private faded(at: UnixMillis): number {
    return this.count * Math.exp(-Math.max(0, at - this.countedAt) / MEMORY_MS);
  }
}

const NOTHING: readonly { id: string; value: unknown }[] = [];

/** Looks no further than it must: in a storm each of thousands of alerts ends. */
function isWide(incident: Readonly<Incident>): boolean {
  const cis = new Set<string>();
  for (const member of incident.members) {
    cis.add(member.ci);
    if (cis.size > ALONE) return true;
  }
  return false;
}

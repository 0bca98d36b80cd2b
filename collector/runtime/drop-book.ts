import type { Event } from "../core/model/event.ts";
import type { DroppedEvents } from "../core/model/input.ts";
import type { Milliseconds, UnixMillis } from "../core/model/time.ts";

/** The same drop is written into the ledger at most this often, with how many there were. */
const RECORD_EVERY_MS: Milliseconds = 3_600_000;
/** Drops of so many kinds (rule, source, CI, check) are remembered; of more, the oldest are forgotten. */
const KINDS_MAX = 10_000;

/** Who decided that an event is left out, as its input is called. */
export const EVENT_RULES_ACTOR = "event rules";

/** Which events that a rule leaves out the ledger knows of. */
export class DropBook {
  private readonly kinds = new Map<string, { recordedAt: UnixMillis; since: number }>();

  /** What the ledger is to be told now, as a command to the core; null = it knows. */
  note(
    event: Event,
    { rule, reason }: { rule: string; reason: string },
    now: UnixMillis,
  ): ({ type: "events.dropped" } & DroppedEvents) | null {
    const { source, ci, check, instance, severity, summary } = event;
    const key = [rule, source, ci, check, instance].join("\n");
    const known = this.kinds.get(key);
    if (known !== undefined && now - known.recordedAt < RECORD_EVERY_MS) {
      known.since += 1;
      return null;
    }
    this.kinds.delete(key);
    this.kinds.set(key, { recordedAt: now, since: 0 });
    if (this.kinds.size > KINDS_MAX) this.kinds.delete(this.kinds.keys().next().value ?? "");
    return {
      type: "events.dropped",
      rule,
      reason,
      ci,
      source,
      check,
      instance,
      severity,
      summary,
      count: (known?.since ?? 0) + 1,
    };
  }
}

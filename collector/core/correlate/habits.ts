import type { Alert } from "../model/alert.ts";
import type { Habit } from "../model/correlation.ts";
import type { AlertId } from "../model/identity.ts";
import type { Incident } from "../model/incident.ts";
import { byText } from "../model/order.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

/** What is remembered of one condition; stored as it is. */
interface Record {
  /** Weight of its episodes, and of those that ended without anybody's doing; both halve in `HALF_LIFE_MS`. */
  all: number;
  self: number;
  /** How long the last ones lasted that ended by themselves, newest last. */
  spans: Milliseconds[];
  at: UnixMillis;
}

const HALF_LIFE_MS: Milliseconds = 30 * 24 * 3_600_000;
/** Below this weight it is no habit yet; and of all, so many must have ended by themselves. */
const WEIGHT_MIN = 3.5;
const SHARE_MIN = 0.8;
/** Who takes longer does not heal: a person should look. */
const LONGEST_MS: Milliseconds = 15 * 60_000;
const SPANS_KEPT = 8;
/** A fault of more CIs than this ends by a repair. */
const CIS_MAX = 2;
/** Conditions remembered; the one unheard for longest goes. */
const RECORDS_MAX = 5_000;
const PREFIX = "habit ";

/** Which conditions usually end by themselves, and how soon: learned from those that did. */
export class Habits {
  private readonly records = new Map<AlertId, Record>();
  private readonly changed = new Set<AlertId>();

  /** Takes over what `takeChanged` once gave; other learned things are left alone. */
  restore(learned: Iterable<{ id: string; value: unknown }>): void {
    const found: [AlertId, Record][] = [];
    for (const { id, value } of learned)
      if (id.startsWith(PREFIX) && value !== null) found.push([id.slice(PREFIX.length), value as Record]);
    this.records.clear();
    found.sort((a, b) => a[1].at - b[1].at || byText(a[0], b[0]));
    for (const [id, record] of found) this.records.set(id, { ...record, spans: [...record.spans] });
  }

  /** An episode has ended. `incident`: where it was; null = nowhere, and nothing is learned from it. */
  ended(alert: Readonly<Alert>, incident: Readonly<Incident> | undefined, at: UnixMillis): void {
    if (incident === undefined || alert.late || hasMany(incident)) return;
    const record = this.records.get(alert.id) ?? { all: 0, self: 0, spans: [], at };
    fade(record, at);
    const span = at - alert.firstSeenAt;
    record.all += 1;
    // Where a person took it, the person may have ended it.
    if (span <= LONGEST_MS && incident.acknowledgedAt === null && incident.owner === null) {
      record.self += 1;
      record.spans = [...record.spans, span].slice(-SPANS_KEPT);
    }
    this.records.delete(alert.id);
    this.records.set(alert.id, record);
    this.changed.add(alert.id);
    for (const oldest of this.records.keys()) {
      if (this.records.size <= RECORDS_MAX) break;
      this.records.delete(oldest);
      this.changed.add(oldest);
    }
  }

  /** What is known of this condition; null while it has no habit of ending by itself. */
  of(alert: AlertId, at: UnixMillis): Habit | null {
    const record = this.records.get(alert);
    if (record === undefined || record.self * weightAfter(at - record.at) < WEIGHT_MIN) return null;
    if (record.self < record.all * SHARE_MIN) return null;
    return { withinMs: Math.max(...record.spans), times: record.spans.length };
  }

  /** To be stored; null where it is forgotten. Empties the list. */
  takeChanged(): { id: string; value: unknown }[] {
    if (this.changed.size === 0) return NOTHING;
    const list = [...this.changed].map((id) => ({ id: `${PREFIX}${id}`, value: this.records.get(id) ?? null }));
    this.changed.clear();
    return list;
  }
}

const NOTHING: { id: string; value: unknown }[] = [];

function hasMany(incident: Readonly<Incident>): boolean {
  const cis = new Set<string>();
  for (const member of incident.members) {
    cis.add(member.ci);
    if (cis.size > CIS_MAX) return true;
  }
  return false;
}

function fade(record: Record, at: UnixMillis): void {
  const weight = weightAfter(at - record.at);
  record.all *= weight;
  record.self *= weight;
  record.at = at;
}

function weightAfter(ms: Milliseconds): number {
  return 0.5 ** (Math.max(0, ms) / HALF_LIFE_MS);
}

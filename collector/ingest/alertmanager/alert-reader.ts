import type { Event } from "../../core/model/event.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import { documentOf, isUnsafeName, timeAt, type Document } from "../field.ts";
import {
  eventOf,
  InvalidAlert,
  prepareAlert,
  readDetails,
  timesOf,
  withDetails,
  type PreparedAlert,
  type ReadingOptions,
} from "../prometheus-alert.ts";

/** Go's zero time, in any of its spellings. */
const ZERO_TIME = /^0001-01-01[Tt ]00:00:00/;

/** Times repeat within a batch and from batch to batch: the last text that was read is remembered. */
class TimeReader {
  private text = "";
  private at: UnixMillis | undefined = undefined;

  /** undefined for a missing time and for Go's zero time. Throws `InvalidAlert`. */
  read(value: unknown, what: string): UnixMillis | undefined {
    if (value === this.text) return this.at;
    if (value === undefined || value === null || value === "") return undefined;
    const isZero = typeof value === "string" && ZERO_TIME.test(value);
    const at = isZero ? undefined : timeAt(value);
    if (at === undefined && !isZero) throw new InvalidAlert(`${what} must be an RFC 3339 time`);
    this.text = value as string;
    this.at = at;
    return at;
  }
}

interface Remembered {
  prepared: PreparedAlert;
  /** The last `endsAt` that was sent, so that it can be shown as it was sent. */
  endsAt: UnixMillis;
}

export interface AlertReaderOptions extends ReadingOptions {
  resolveTimeoutMs: number;
  /** Alerts remembered, so that sending one again costs little; the least recently sent go first. About 1 KiB each. */
  rememberedMax: number;
}

/**
 * Turns posted alerts into events. A client sends every firing alert again each minute, with nothing changed but
 * `endsAt`: such an alert costs two look-ups.
 */
export class AlertReader {
  private readonly options: AlertReaderOptions;
  /** Two generations: what was used since the last turn, and before it. A full young one becomes the old one. */
  private young = new Map<string, Remembered>();
  private old = new Map<string, Remembered>();
  private readonly starts = new TimeReader();
  private readonly ends = new TimeReader();
  private sequence = 0;
  /** Made unlike those of other runs by the start time. */
  private readonly idPrefix: string;

  constructor(options: AlertReaderOptions, startedAt: UnixMillis) {
    this.options = options;
    this.idPrefix = `am-${startedAt.toString(36)}-`;
  }

  /** Throws `InvalidAlert` with what is wrong; other alerts of the batch are not concerned. */
  read(value: unknown, now: UnixMillis): Event {
    const posted = documentOf(value);
    if (posted === undefined) throw new InvalidAlert("an alert must be an object");
    const startsAt = this.starts.read(posted["startsAt"], "startsAt");
    const endsAt = this.ends.read(posted["endsAt"], "endsAt");
    const times = timesOf(startsAt, endsAt, now, this.options.resolveTimeoutMs);
    const remembered = this.remember(posted);
    remembered.endsAt = times.endsAt;
    this.sequence += 1;
    return eventOf(remembered.prepared, times, now, this.idPrefix + this.sequence.toString(36));
  }

  /** The `endsAt` that was last sent for this alert, if it is remembered. */
  lastEndsAt(labels: Readonly<Record<string, string>>): UnixMillis | undefined {
    const key = JSON.stringify(labels);
    return (this.young.get(key) ?? this.old.get(key))?.endsAt;
  }

  private remember(posted: Document): Remembered {
    const key = labelKey(posted["labels"]);
    let found = this.young.get(key);
    if (found === undefined) {
      found = this.old.get(key);
      if (found === undefined) {
        const prepared = prepareAlert(posted["labels"], posted["annotations"], posted["generatorURL"], this.options);
        found = { prepared, endsAt: 0 };
      }
      this.keep(key, found);
    }
    if (!isUnchanged(found.prepared, posted)) {
      const details = readDetails(posted["annotations"], posted["generatorURL"]);
      found.prepared = withDetails(found.prepared, details);
    }
    return found;
  }

  private keep(key: string, remembered: Remembered): void {
    if (this.young.size >= Math.max(1, this.options.rememberedMax / 2)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, remembered);
  }
}

function labelKey(labels: unknown): string {
  try {
    return JSON.stringify(labels) ?? "";
  } catch (error) {
    // Nested so deep that the writer runs out of stack: no labels of anyone.
    if (error instanceof RangeError) throw new InvalidAlert("labels nest too deep");
    throw error;
  }
}

/** Whether all but labels and times is as it was when the alert was last sent. */
function isUnchanged(prepared: PreparedAlert, posted: Document): boolean {
  if ((posted["generatorURL"] ?? "") !== prepared.generatorUrl) return false;
  const known = prepared.annotations;
  const sent = posted["annotations"] ?? {};
  if (typeof sent !== "object" || Array.isArray(sent)) return false;
  let unmatched = 0;
  for (const _name in known) unmatched += 1;
  for (const name in sent) {
    if (isUnsafeName(name) || known[name] !== (sent as Document)[name]) return false;
    unmatched -= 1;
  }
  return unmatched === 0;
}

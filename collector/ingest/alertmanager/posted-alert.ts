import type { Event } from "../../core/model/event.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import { documentOf, momentAt } from "../field.ts";
import {
  type AlertText,
  type AlertTimes,
  eventOf,
  InvalidAlert,
  preparedOf,
  readDetails,
  readLabels,
  type ReadingOptions,
  timesOf,
} from "../prometheus-alert.ts";

/** Go's zero time, in any of its spellings. */
const ZERO_TIME = /^0001-01-01[Tt ]00:00:00/;
/** Times repeat within a batch and from batch to batch: so many texts are remembered. */
const TIMES_MAX = 64;

export class TimeReader {
  private readonly known = new Map<unknown, UnixMillis | undefined>();

  /** undefined for a missing time and for Go's zero time; one before 1970 is 1970. Throws `InvalidAlert`. */
  read(value: unknown, what: string): UnixMillis | undefined {
    if (value === undefined || value === null || value === "") return undefined;
    const known = this.known.get(value);
    if (known !== undefined) return known;
    const isZero = typeof value === "string" && ZERO_TIME.test(value);
    const moment = isZero ? undefined : momentAt(value);
    if (moment === undefined && !isZero) throw new InvalidAlert(`${what} must be an RFC 3339 time`);
    const at = moment === undefined ? undefined : Math.max(0, moment);
    if (this.known.size >= TIMES_MAX) this.known.clear();
    this.known.set(value, at);
    return at;
  }
}

export interface PostedAlertOptions extends ReadingOptions {
  resolveTimeoutMs: number;
}

/** What is known of an alert that may be taken. */
export interface CheckedAlert extends AlertText {
  times: AlertTimes;
  /** Its sender says when it began. */
  hasBeginning: boolean;
}

/** Reads alerts as they are posted, one at a time. */
export class PostedAlerts {
  private readonly options: PostedAlertOptions;
  private readonly starts = new TimeReader();
  private readonly ends = new TimeReader();
  private sequence = 0;
  /** Made unlike those of other runs by the start time. */
  private readonly idPrefix: string;

  constructor(options: PostedAlertOptions, startedAt: UnixMillis) {
    this.options = options;
    this.idPrefix = `am-${startedAt.toString(36)}-`;
  }

  /** Throws `InvalidAlert`. */
  check(value: unknown, now: UnixMillis): CheckedAlert {
    const posted = documentOf(value);
    if (posted === undefined) throw new InvalidAlert("an alert must be an object");
    const { times, hasBeginning } = this.timesOf(posted["startsAt"], posted["endsAt"], now);
    const { annotations, generatorUrl } = readDetails(posted["annotations"], posted["generatorURL"]);
    return { labels: readLabels(posted["labels"]), annotations, generatorUrl, times, hasBeginning };
  }

  /** Of the texts as they are in the alert. Throws `InvalidAlert`. */
  timesOf(startsAt: unknown, endsAt: unknown, now: UnixMillis): Pick<CheckedAlert, "times" | "hasBeginning"> {
    const start = this.starts.read(startsAt, "startsAt");
    const end = this.ends.read(endsAt, "endsAt");
    return { times: timesOf(start, end, now, this.options.resolveTimeoutMs), hasBeginning: start !== undefined };
  }

  /** The event of an alert that was sent at `now`. */
  eventOf(alert: CheckedAlert, now: UnixMillis): Event {
    this.sequence += 1;
    return eventOf(preparedOf(alert, this.options), alert.times, now, this.idPrefix + this.sequence.toString(36));
  }
}

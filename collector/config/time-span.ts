import type { UnixMillis } from "../core/model/time.ts";
import type { NumberRange, TimeIntervalRule } from "./time-interval.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

interface Span {
  from: UnixMillis;
  to: UnixMillis;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** The wall clock of a zone at a point in time, written as if it were UTC. */
function wallClock(at: UnixMillis, timeZone: string): UnixMillis {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    // Zones come from the configuration, which is small, but it can be loaded again and again.
    if (formats.size >= 100) formats.clear();
    formats.set(timeZone, format);
  }
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(at)) parts[type] = Number(value);
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/**
 * The first point in time at which the zone's wall clock shows `wall` or, where it jumps over it, the jump itself: a span
 * that ends at a time that does not exist and one that begins there meet without gap or overlap.
 *
 * @param wall the wall clock's time, written as if it were UTC.
 */
export function fromWallClock(wall: UnixMillis, timeZone: string): UnixMillis {
  // The clock's offset lies within a day either way, and jumps at most once within two.
  const before = wall - DAY_MS - (wallClock(wall - DAY_MS, timeZone) - wall);
  const after = wall + DAY_MS - (wallClock(wall + DAY_MS, timeZone) - wall);
  const candidates = [Math.min(before, after), Math.max(before, after)];
  const exact = candidates.find((at) => wallClock(at, timeZone) === wall);
  return exact ?? jumpBetween(candidates[0] ?? wall, candidates[1] ?? wall, timeZone);
}

/** The minute at which the offset changes, which lies between the two. */
function jumpBetween(from: UnixMillis, to: UnixMillis, timeZone: string): UnixMillis {
  const offset = wallClock(from, timeZone) - from;
  let [low, high] = [from, to];
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    if (middle === low) break;
    if (wallClock(middle, timeZone) - middle === offset) low = middle;
    else high = middle;
  }
  return high;
}

const inRange = (value: number, { from, to }: NumberRange): boolean =>
  from <= to ? value >= from && value <= to : value >= from || value <= to;

const inAny = (value: number, ranges: readonly NumberRange[]): boolean =>
  ranges.length === 0 || ranges.some((range) => inRange(value, range));

function holdsOn(day: UnixMillis, rule: TimeIntervalRule): boolean {
  const date = new Date(day);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  const fromEnd = date.getUTCDate() - lastDay - 1;
  return (
    inAny(date.getUTCDay(), rule.weekdays) &&
    inAny(date.getUTCMonth() + 1, rule.months) &&
    inAny(date.getUTCFullYear(), rule.years) &&
    (rule.daysOfMonth.length === 0 ||
      rule.daysOfMonth.some((range) => inRange(range.from < 0 ? fromEnd : date.getUTCDate(), range)))
  );
}

/**
 * The spans of UTC time between `from` and `to` in which any of the rules holds: ascending, merged, cut to that window.
 * Times that the change to summer time skips or repeats are decided by `fromWallClock`. Cost: some 10 µs for each day and rule.
 */
export function activeSpans(rules: readonly TimeIntervalRule[], from: UnixMillis, to: UnixMillis): Span[] {
  const spans: Span[] = [];
  for (const rule of rules) {
    const firstDay = Math.floor((wallClock(from, rule.timeZone) - 2 * DAY_MS) / DAY_MS) * DAY_MS;
    const lastDay = wallClock(to, rule.timeZone);
    const times = rule.times.length === 0 ? [{ from: 0, to: 24 * 60 }] : rule.times;
    for (let day = firstDay; day <= lastDay; day += DAY_MS) {
      if (!holdsOn(day, rule)) continue;
      for (const time of times) {
        const length = time.to > time.from ? time.to - time.from : time.to - time.from + 24 * 60;
        const start = fromWallClock(day + time.from * MINUTE_MS, rule.timeZone);
        const end = fromWallClock(day + (time.from + length) * MINUTE_MS, rule.timeZone);
        if (end > from && start < to) spans.push({ from: Math.max(start, from), to: Math.min(end, to) });
      }
    }
  }
  return merge(spans);
}

function merge(spans: Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from || a.to - b.to)) {
    const last = merged.at(-1);
    if (last !== undefined && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else merged.push({ ...span });
  }
  return merged;
}

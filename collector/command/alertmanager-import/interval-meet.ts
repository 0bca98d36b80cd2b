import { MONTHS, WEEKDAYS } from "../../config/time-interval.ts";

/** A rule of our `timeIntervals`. */
export interface IntervalRule {
  weekdays?: string[];
  times?: string[];
  daysOfMonth?: string[];
  months?: string[];
  years?: string[];
  timeZone?: string;
}

const MINUTES_OF_DAY = 24 * 60;

/** From and to, both within. */
type Span = readonly [from: number, to: number];

/**
 * The rule that holds when both hold; null where none ever does, undefined where one rule cannot say it: in two zones, or on days
 * that one counts from the start of a month and the other from its end.
 */
export function meet(some: IntervalRule, more: IntervalRule): IntervalRule | null | undefined {
  if (isAlways(some)) return more;
  if (isAlways(more)) return some;
  if ((some.timeZone ?? "UTC") !== (more.timeZone ?? "UTC")) return undefined;
  const fields = {
    weekdays: common(
      some.weekdays,
      more.weekdays,
      (text) => spanOf(text, (word) => WEEKDAYS.indexOf(word)),
      name(WEEKDAYS, 0),
    ),
    times: common(some.times, more.times, timeSpan, timeText),
    daysOfMonth: common(some.daysOfMonth, more.daysOfMonth, (text) => spanOf(text, Number), rangeText),
    months: common(some.months, more.months, (text) => spanOf(text, monthNumber), name(MONTHS, 1)),
    years: common(some.years, more.years, (text) => spanOf(text, Number), rangeText),
  };
  const rule: IntervalRule = some.timeZone === undefined ? {} : { timeZone: some.timeZone };
  let isNever = false;
  for (const key of ["weekdays", "times", "daysOfMonth", "months", "years"] as const) {
    const texts = fields[key];
    if (texts === "unsaid") return undefined;
    if (texts?.length === 0) isNever = true;
    if (texts !== undefined) rule[key] = texts;
  }
  return isNever ? null : rule;
}

const isAlways = (rule: IntervalRule): boolean => Object.keys(rule).every((key) => key === "timeZone");

/** What both lists of ranges have; undefined where neither says anything. */
function common(
  some: readonly string[] | undefined,
  more: readonly string[] | undefined,
  read: (text: string) => Span | undefined,
  write: (span: Span) => string,
): string[] | "unsaid" | undefined {
  if (some === undefined || more === undefined) return (some ?? more)?.slice();
  const [ours, theirs] = [some.map(read), more.map(read)];
  const found: string[] = [];
  for (const a of ours)
    for (const b of theirs) {
      if (a === undefined || b === undefined || a[0] < 0 !== b[0] < 0 || a[0] < 0 !== a[1] < 0 || b[0] < 0 !== b[1] < 0)
        return "unsaid";
      const span: Span = [Math.max(a[0], b[0]), Math.min(a[1], b[1])];
      if (span[0] <= span[1]) found.push(write(span));
    }
  return [...new Set(found)];
}

function spanOf(text: string, read: (word: string) => number): Span | undefined {
  const [from = "", to = from] = text
    .toLowerCase()
    .split(":")
    .map((word) => word.trim());
  const span: Span = [read(from), read(to)];
  return Number.isInteger(span[0]) && Number.isInteger(span[1]) && span[0] <= span[1] ? span : undefined;
}

const rangeText = ([from, to]: Span): string => (from === to ? String(from) : `${from}:${to}`);

const monthNumber = (word: string): number => (/^\d+$/.test(word) ? Number(word) : MONTHS.indexOf(word) + 1);

/** Ranges of names; the number of the first name is `first`. */
const name =
  (names: readonly string[], first: number) =>
  ([from, to]: Span): string =>
    from === to ? (names[from - first] ?? "") : `${names[from - first] ?? ""}:${names[to - first] ?? ""}`;

/** `18:00-00:00` ends with the day; the minute of the end is not within. */
function timeSpan(text: string): Span | undefined {
  const [, fromHour, fromMinute, toHour, toMinute] = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  if (fromHour === undefined) return undefined;
  const from = Number(fromHour) * 60 + Number(fromMinute);
  const to = (Number(toHour) * 60 + Number(toMinute) || MINUTES_OF_DAY) - 1;
  return from <= to ? [from, to] : undefined;
}

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60) % 24).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const timeText = ([from, to]: Span): string => `${clock(from)}-${clock(to + 1)}`;

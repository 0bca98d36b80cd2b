import type { Decoding } from "./decoding.ts";
import { report } from "./decoding.ts";
import type { DataPath } from "./document/problem.ts";
import { describeValue } from "./document/suggest.ts";
import type { TimeIntervalData } from "./schema.ts";

/** Inclusive on both ends. */
export interface NumberRange {
  from: number;
  to: number;
}

/** A span that returns, as numbers. An empty list of ranges = no restriction; all restrictions must hold. */
export interface TimeIntervalRule {
  /** 0 = Sunday … 6 = Saturday; `from` may be after `to` (friday:monday). */
  weekdays: NumberRange[];
  /** Minutes of the day, `to` exclusive; `to` ≤ `from` reaches into the next day, to which the restrictions do not apply. */
  times: NumberRange[];
  /** 1…31, or -1 (the last day) … -31. */
  daysOfMonth: NumberRange[];
  /** 1…12; `from` may be after `to` (november:february). */
  months: NumberRange[];
  years: NumberRange[];
  timeZone: string;
}

/** Sunday first, as `weekdays` counts them. */
export const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
/** In their order. */
export const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];

type ReadNumber = (word: string) => number | undefined;

/** `monday`, `mon`: any beginning of at least three letters. */
const byName =
  (names: readonly string[], first: number): ReadNumber =>
  (word) => {
    const index = word.length < 3 ? -1 : names.findIndex((name) => name.startsWith(word.toLowerCase()));
    return index === -1 ? undefined : index + first;
  };

const byNumber =
  (least: number, most: number): ReadNumber =>
  (word) => {
    const value = /^-?\d{1,4}$/.test(word) ? Number(word) : Number.NaN;
    return value >= least && value <= most && value !== 0 ? value : undefined;
  };

const weekday = byName(WEEKDAYS, 0);
const month: ReadNumber = (word) => byName(MONTHS, 1)(word) ?? byNumber(1, 12)(word);
const dayOfMonth = byNumber(-31, 31);
const year = byNumber(1970, 9999);

function minuteOfDay(word: string): number | undefined {
  const match = /^(\d\d):(\d\d)$/.exec(word);
  const minutes = match === null ? Number.NaN : Number(match[1]) * 60 + Number(match[2]);
  return minutes <= 24 * 60 && Number(match?.[2]) < 60 ? minutes : undefined;
}

/** How one key of an interval is written. */
interface RangeSyntax {
  read: ReadNumber;
  separator: ":" | "-";
  /** Ranges that run backwards mean to go around: friday:monday. */
  wraps: boolean;
  example: string;
}

const SYNTAX = {
  weekdays: { read: weekday, separator: ":", wraps: true, example: "monday or monday:friday" },
  times: { read: minuteOfDay, separator: "-", wraps: true, example: "09:00-17:00" },
  daysOfMonth: { read: dayOfMonth, separator: ":", wraps: false, example: "1:7, or -1 for the last day" },
  months: { read: month, separator: ":", wraps: true, example: "june:august or 6:8" },
  years: { read: year, separator: ":", wraps: false, example: "2026 or 2026:2027" },
} as const satisfies Record<string, RangeSyntax>;

function readRange(text: string, syntax: RangeSyntax): NumberRange | undefined {
  const parts = text.split(syntax.separator).map((part) => part.trim());
  // A single time of the day is no span; a single day, month or year is.
  if (parts.length > 2 || (parts.length === 1 && syntax.separator === "-")) return undefined;
  const from = syntax.read(parts[0] ?? "");
  const to = syntax.read(parts[1] ?? parts[0] ?? "");
  if (from === undefined || to === undefined) return undefined;
  // -7:-1 is the last week; -1:5 would be nothing.
  if (!syntax.wraps && (to < from || (from < 0 && to > 0))) return undefined;
  return { from, to };
}

/** Turns the texts of one interval into numbers; each that cannot be read is reported. */
export function readTimeInterval(data: TimeIntervalData, path: DataPath, decoding: Decoding): TimeIntervalRule {
  const ranges = (key: keyof typeof SYNTAX): NumberRange[] => {
    const syntax: RangeSyntax = SYNTAX[key];
    return (data[key] ?? []).flatMap((text, index) => {
      const range = readRange(String(text), syntax);
      if (range !== undefined) return [range];
      report(decoding, "CONFIG_BAD_VALUE", [...path, key, index], `"${key}" cannot hold ${describeValue(text)}`, {
        hint: `write it as ${syntax.example}`,
      });
      return [];
    });
  };
  return {
    weekdays: ranges("weekdays"),
    times: ranges("times"),
    daysOfMonth: ranges("daysOfMonth"),
    months: ranges("months"),
    years: ranges("years"),
    timeZone: data.timeZone,
  };
}

import { type Document, documentOf, listOf, textAt } from "../../ingest/field.ts";
import { type IntervalRule, meet } from "./interval-meet.ts";
import type { Notes } from "./note.ts";

const texts = (value: unknown): string[] => listOf(value).flatMap((item) => textAt(item) ?? []);

/** `24:00` is the end of the day; ours ends where it begins again. */
const clock = (time: string): string => (time === "24:00" ? "00:00" : time);

const KNOWN = ["times", "weekdays", "days_of_month", "months", "years", "location"];

function ruleOf(value: unknown, path: readonly (string | number)[], notes: Notes): IntervalRule {
  const document = documentOf(value) ?? {};
  notes.others(path, document, KNOWN, "this key is not known");
  const times = listOf(document["times"]).flatMap((range) => {
    const { start_time: from, end_time: to } = (documentOf(range) ?? {}) as Record<string, unknown>;
    return typeof from === "string" && typeof to === "string" ? [`${clock(from)}-${clock(to)}`] : [];
  });
  const weekdays = texts(document["weekdays"]);
  const daysOfMonth = texts(document["days_of_month"]);
  const months = texts(document["months"]);
  const years = texts(document["years"]);
  const zone = textAt(document["location"]);
  if (zone === "Local") notes.differs([...path, "location"], "`Local` is read as UTC: name the zone");
  return {
    ...(weekdays.length === 0 ? {} : { weekdays }),
    ...(times.length === 0 ? {} : { times }),
    ...(daysOfMonth.length === 0 ? {} : { daysOfMonth }),
    ...(months.length === 0 ? {} : { months }),
    ...(years.length === 0 ? {} : { years }),
    ...(zone === undefined || zone === "Local" ? {} : { timeZone: zone }),
  };
}

export interface TranslatedIntervals {
  /** Ours, by name. */
  intervals: Record<string, IntervalRule[]>;
  /** Ours for each of theirs; undefined for one without rules, which never is. */
  byName: ReadonlyMap<string, string | undefined>;
}

/** Named intervals of both keys, the older `mute_time_intervals` and `time_intervals`. */
export function translateIntervals(config: Document, notes: Notes): TranslatedIntervals {
  const intervals: Record<string, IntervalRule[]> = {};
  const byName = new Map<string, string | undefined>();
  for (const key of ["mute_time_intervals", "time_intervals"])
    for (const [index, item] of notes.listAt(config, key, []).entries()) {
      const document = documentOf(item) ?? {};
      notes.others([key, index], document, ["name", "time_intervals"], "this key is not known");
      const name = textAt(document["name"]) ?? `interval-${index + 1}`;
      const rules = notes
        .listAt(document, "time_intervals", [key, index])
        .map((rule, place) => ruleOf(rule, [key, index, "time_intervals", place], notes));
      const ours = rules.length === 0 ? undefined : freeName(intervalName(name), intervals);
      byName.set(name, ours);
      if (ours !== undefined) intervals[ours] = rules;
    }
  return { intervals, byName };
}

/** Intervals that hold when two of others do, made where a route asks for both. */
export class JointIntervals {
  private readonly known: Readonly<Record<string, readonly IntervalRule[]>>;
  private readonly made: Record<string, IntervalRule[]> = {};
  private readonly names = new Map<string, string | null | undefined>();

  constructor(known: Readonly<Record<string, readonly IntervalRule[]>>) {
    this.known = known;
  }

  /** Alternatives and alternatives: the name of what both have; null where that is never, undefined where it cannot be said. */
  joint(some: readonly string[], more: readonly string[]): string | null | undefined {
    const key = `${some.join("\n")}\n\n${more.join("\n")}`;
    if (!this.names.has(key)) this.names.set(key, this.make(some, more));
    return this.names.get(key);
  }

  /** Those of them that are among these names. */
  of(names: ReadonlySet<string>): Record<string, IntervalRule[]> {
    return Object.fromEntries(Object.entries(this.made).filter(([name]) => names.has(name)));
  }

  private make(some: readonly string[], more: readonly string[]): string | null | undefined {
    const rulesOf = (names: readonly string[]): readonly IntervalRule[] =>
      names.flatMap((name) => this.made[name] ?? this.known[name] ?? []);
    const rules: IntervalRule[] = [];
    for (const one of rulesOf(some))
      for (const other of rulesOf(more)) {
        const both = meet(one, other);
        if (both === undefined) return undefined;
        if (both !== null) rules.push(both);
      }
    if (rules.length === 0) return null;
    const wanted = `${some.join("-or-")}-and-${more.join("-or-")}`.slice(0, 64);
    const name = freeName(wanted, { ...this.known, ...this.made });
    this.made[name] = rules;
    return name;
  }
}

/** Names here have letters, digits, dots, dashes and underscores. */
export function intervalName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_.-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return (plain === "" ? "unnamed" : plain).slice(0, 64);
}

/** The name, with a number where another one became the same. */
export function freeName(wanted: string, taken: Readonly<Record<string, unknown>>): string {
  let free = wanted;
  for (let number = 2; Object.hasOwn(taken, free); number += 1) free = `${wanted.slice(0, 60)}-${number}`;
  return free;
}

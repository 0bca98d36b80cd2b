/** Reading foreign documents: nothing has the type that it should have until it was looked at. */

export type Document = Readonly<Record<string, unknown>>;

/** An object that is no array; undefined for anything else. */
export function documentOf(value: unknown): Document | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Document) : undefined;
}

/** An own field of a document, by path; undefined where it is not there. Never reads inherited fields. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    const document = documentOf(current);
    if (document === undefined || !Object.hasOwn(document, name)) return undefined;
    current = document[name];
  }
  return current;
}

/** What a table of ours says of a foreign word; never what every object has (`constructor`). */
export function entryOf<T>(table: Readonly<Record<string, T>>, word: string | undefined): T | undefined {
  return word !== undefined && Object.hasOwn(table, word) ? table[word] : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Text that is not empty; numbers and booleans as they print. Cut to `lengthMax` characters. */
export function textAt(value: unknown, lengthMax = 1024): string | undefined {
  const text =
    typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : "";
  const trimmed = text.trim();
  return trimmed === "" ? undefined : cut(trimmed, lengthMax);
}

/** At most `lengthMax` characters, never half of a surrogate pair. */
export function cut(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const code = text.charCodeAt(lengthMax - 1);
  return text.slice(0, code >= 0xd800 && code < 0xdc00 ? lengthMax - 1 : lengthMax);
}

/** The first of these that is text. */
export function firstText(...values: readonly unknown[]): string | undefined {
  for (const value of values) {
    const text = textAt(value);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Most labels that an event of a foreign sender keeps; the rest is dropped by order of name. */
export const LABELS_MAX = 64;
const LABEL_NAME_LENGTH_MAX = 128;
const LABEL_VALUE_LENGTH_MAX = 1024;

/** Names that would touch an object's prototype if they became keys. */
export const UNSAFE_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
export const isUnsafeName = (name: string): boolean => UNSAFE_NAMES.has(name);

/**
 * Labels from a foreign map: text, numbers and booleans are kept, everything else, empty values and unsafe names are
 * left out. In order of name, so that equal content gives equal labels.
 */
export function labelsFrom(value: unknown, countMax = LABELS_MAX): Record<string, string> {
  const document = documentOf(value);
  const labels: Record<string, string> = {};
  if (document === undefined) return labels;
  let count = 0;
  for (const name of Object.keys(document).sort()) {
    const text = textAt(document[name], LABEL_VALUE_LENGTH_MAX);
    if (text === undefined || name === "" || name.length > LABEL_NAME_LENGTH_MAX || isUnsafeName(name)) continue;
    labels[name] = text;
    count += 1;
    if (count >= countMax) break;
  }
  return labels;
}

/** Labels from alternating names and values; absent and empty values are left out. */
export function labelsOf(entries: Readonly<Record<string, unknown>>): Record<string, string> {
  return labelsFrom(entries);
}

const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2}(?:\.\d{1,12})?) ?([Zz]|UTC|[+-]\d{2}:?\d{2})?$/;

/**
 * Milliseconds since 1970 of an RFC 3339 time and its near relations (a space for the T, `UTC`, `+0100`; a missing zone is
 * UTC); undefined for anything else, days that no calendar has among it.
 */
export function momentAt(value: unknown): number | undefined {
  const match = typeof value === "string" ? DATE_TIME.exec(value) : null;
  if (match === null) return undefined;
  const [, date = "", time = "", zone = "Z"] = match;
  // `Date` takes the 30th of February for the 2nd of March, and the hour 24 for the next day.
  const day = Number(date.slice(8));
  if (time.startsWith("24") || (day > 28 && new Date(`${date}T00:00:00Z`).getUTCDate() !== day)) return undefined;
  const offset = /^[+-]/.test(zone) ? zone.replace(/^(...):?/, "$1:") : "Z";
  const parsed = Date.parse(`${date}T${time}${offset}`);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** The same; undefined also for times before 1970, Go's zero time among them: such a clock tells nothing. */
export function timeAt(value: unknown): number | undefined {
  const moment = momentAt(value);
  return moment === undefined || moment <= 0 ? undefined : moment;
}

/** Milliseconds since 1970 from seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size; or RFC 3339. */
export function anyTimeAt(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== "number") return timeAt(value);
  if (!Number.isFinite(number) || number <= 0) return undefined;
  if (number < 1e11) return Math.round(number * 1000);
  if (number < 1e14) return Math.round(number);
  if (number < 1e17) return Math.round(number / 1000);
  return number < 1e20 ? Math.round(number / 1e6) : undefined;
}

/** A link, if this is an http or https address; monitoring data must not bring others into a console. */
export function linkTo(href: unknown, text: string): { href: string; text: string }[] {
  const address = textAt(href, 2048);
  return address !== undefined && /^https?:\/\//i.test(address) ? [{ href: address, text }] : [];
}

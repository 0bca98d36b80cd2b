import type { Matcher, Silence } from "../../core/model/silence.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import { Refusal } from "../../port/ingest.ts";
import { matcherFault, matchesEmpty } from "../matcher.ts";
import { documentOf, labelsFrom, listOf, momentAt } from "../field.ts";

export type SilenceState = "expired" | "active" | "pending";

export function stateOf(silence: Silence, now: UnixMillis): SilenceState {
  if (silence.endsAt <= now) return "expired";
  return silence.startsAt > now ? "pending" : "active";
}

/** A gettableSilence of the API. */
export function silenceDocument(silence: Silence, now: UnixMillis): Record<string, unknown> {
  return {
    id: silence.id,
    status: { state: stateOf(silence, now) },
    updatedAt: new Date(silence.updatedAt).toISOString(),
    annotations: silence.annotations ?? {},
    comment: silence.comment,
    createdBy: silence.createdBy,
    endsAt: new Date(silence.endsAt).toISOString(),
    matchers: silence.matchers,
    startsAt: new Date(silence.startsAt).toISOString(),
  };
}

const STATES: readonly SilenceState[] = ["active", "pending", "expired"];

/** Active ones first, soonest to end; then pending, soonest to start; then expired, latest ended first. */
export function sortSilences(silences: readonly Silence[], now: UnixMillis): Silence[] {
  const order = (silence: Silence): number => STATES.indexOf(stateOf(silence, now));
  return [...silences].sort((a, b) => {
    const byState = order(a) - order(b);
    if (byState !== 0) return byState;
    const state = stateOf(a, now);
    const byTime =
      state === "active" ? a.endsAt - b.endsAt : state === "pending" ? a.startsAt - b.startsAt : b.endsAt - a.endsAt;
    return byTime !== 0 ? byTime : a.id < b.id ? -1 : 1;
  });
}

/** Whether each matcher of the filter is one of the silence's own: same name, operator and value, as in Alertmanager. */
export function silenceMatches({ matchers }: Silence, filter: readonly Matcher[]): boolean {
  return filter.every((wanted) =>
    matchers.some(
      ({ name, value, isRegex, isEqual }) =>
        name === wanted.name && value === wanted.value && isRegex === wanted.isRegex && isEqual === wanted.isEqual,
    ),
  );
}

const MATCHERS_MAX = 64;
const TEXT_LENGTH_MAX = 8192;

/** A postableSilence, checked. */
export interface PostedSilence {
  /** undefined: a new one. */
  id: string | undefined;
  matchers: Matcher[];
  startsAt: UnixMillis;
  endsAt: UnixMillis;
  createdBy: string;
  comment: string;
  annotations: Record<string, string>;
}

const bad = (message: string): Refusal => new Refusal(400, "badSilence", message);

function readMatcher(value: unknown): Matcher {
  const document = documentOf(value) ?? {};
  const { name, value: text, isRegex, isEqual } = document;
  if (typeof name !== "string" || name === "") throw bad("invalid silence: a matcher needs a name");
  if (typeof text !== "string") throw bad(`invalid silence: the value of matcher ${name} must be a string`);
  if (typeof isRegex !== "boolean") throw bad(`invalid silence: isRegex of matcher ${name} must be true or false`);
  if (isEqual !== undefined && isEqual !== null && typeof isEqual !== "boolean")
    throw bad(`invalid silence: isEqual of matcher ${name} must be true or false`);
  const matcher: Matcher = { name, value: text, isRegex, isEqual: isEqual ?? true };
  const fault = matcherFault(matcher);
  if (fault !== undefined) throw bad(`invalid silence: ${fault}`);
  return matcher;
}

function readText(value: unknown, what: string): string {
  if (value === undefined || value === null) throw bad(`invalid silence: ${what} is required`);
  if (typeof value !== "string") throw bad(`invalid silence: ${what} must be a string`);
  if (value.length > TEXT_LENGTH_MAX)
    throw bad(`invalid silence: ${what} is longer than ${TEXT_LENGTH_MAX} characters`);
  return value;
}

function readTime(value: unknown, what: string): UnixMillis {
  const at = momentAt(value);
  if (at === undefined) throw bad(`invalid silence: ${what} must be an RFC 3339 time`);
  return at;
}

/** Throws a refusal that says what is wrong. */
export function readSilence(value: unknown, now: UnixMillis): PostedSilence {
  const document = documentOf(value);
  if (document === undefined) throw bad("invalid silence: an object is expected");
  const { id } = document;
  if (id !== undefined && id !== null && typeof id !== "string") throw bad("invalid silence: id must be a string");
  const matchers = listOf(document["matchers"])
    .slice(0, MATCHERS_MAX + 1)
    .map(readMatcher);
  if (matchers.length === 0) throw bad("invalid silence: at least one matcher required");
  if (matchers.length > MATCHERS_MAX) throw bad(`invalid silence: more than ${MATCHERS_MAX} matchers`);
  if (matchers.every(matchesEmpty)) throw bad("invalid silence: at least one matcher must not match the empty string");
  const startsAt = readTime(document["startsAt"], "startsAt");
  const endsAt = readTime(document["endsAt"], "endsAt");
  if (startsAt >= endsAt) throw bad("Failed to create silence: start time must be before end time");
  if (endsAt < now) throw bad("Failed to create silence: end time can't be in the past");
  return {
    id: id === null || id === "" ? undefined : id,
    matchers,
    startsAt,
    endsAt,
    createdBy: readText(document["createdBy"], "createdBy"),
    comment: readText(document["comment"], "comment"),
    annotations: labelsFrom(document["annotations"]),
  };
}

const sameMatchers = (a: readonly Matcher[], b: readonly Matcher[]): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Whether `posted` may change `existing` in place, as Alertmanager decides: its matchers stay; once active, its start
 * stays as well; an expired one is never revived.
 */
export function changesInPlace(existing: Silence, posted: PostedSilence, now: UnixMillis): boolean {
  if (!sameMatchers(existing.matchers, posted.matchers)) return false;
  const state = stateOf(existing, now);
  if (state === "pending") return posted.startsAt > now;
  // To the second, as there: consoles show a silence without its milliseconds and send it back so.
  return state === "active" && secondOf(posted.startsAt) === secondOf(existing.startsAt) && posted.endsAt > now;
}

const secondOf = (at: UnixMillis): number => Math.floor(at / 1000);

/** The silence to store for what was posted. A new one does not start in the past. */
export function silenceOf(posted: PostedSilence, id: string, existing: Silence | undefined, now: UnixMillis): Silence {
  return {
    id,
    matchers: posted.matchers,
    startsAt: existing === undefined ? Math.max(posted.startsAt, now) : posted.startsAt,
    endsAt: posted.endsAt,
    createdBy: posted.createdBy,
    comment: posted.comment,
    createdAt: existing?.createdAt ?? now,
    updatedAt: now,
    annotations: posted.annotations,
  };
}

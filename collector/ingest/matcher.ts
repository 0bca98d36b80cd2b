import { invalidMatcher, type LabelOf, matchesAll } from "../core/model/matcher.ts";
import { parseBareMatcher, parseMatchers } from "../core/model/matcher-syntax.ts";
import { compileRegex } from "../core/model/regex.ts";
import type { Matcher } from "../core/model/silence.ts";

/** Longest expression, and longest value, that is looked at; longer ones are refused. */
export const MATCHER_LENGTH_MAX = 4096;

export type MatcherReading = { ok: true; matchers: Matcher[] } | { ok: false; message: string };

/** Matchers of one `filter` parameter. Regular expressions are checked too. */
export function readMatchers(text: string): MatcherReading {
  if (text.length > MATCHER_LENGTH_MAX)
    return { ok: false, message: `a matcher is longer than ${MATCHER_LENGTH_MAX} characters` };
  const list = parseMatchers(text);
  const one = list.status === "parsed" ? list : parseBareMatcher(text);
  if (one.status === "parsed") return checked(one.matchers);
  const { offset, message } = list.status === "invalid" ? list : one;
  return { ok: false, message: `bad matcher format: ${text}: at ${offset}: ${message}` };
}

function checked(matchers: Matcher[]): MatcherReading {
  for (const matcher of matchers) {
    const fault = matcherFault(matcher);
    if (fault !== undefined) return { ok: false, message: fault };
  }
  return { ok: true, matchers };
}

/** Why this matcher cannot be used; undefined when it can. */
export function matcherFault(matcher: Matcher): string | undefined {
  if (matcher.value.length > MATCHER_LENGTH_MAX)
    return `the value of ${matcher.name} is longer than ${MATCHER_LENGTH_MAX} characters`;
  return invalidMatcher(matcher) ?? undefined;
}

/**
 * Whether the matcher asks for nothing: it also holds for an alert without that label. A silence of only such matchers
 * would mute everything. What says "all but these" (`severity!="critical"`) is meant, as Alertmanager decides too.
 */
export function matchesEmpty(matcher: Matcher): boolean {
  return matcher.isEqual && matchesAll([matcher], () => "");
}

/** Plain alternatives (`a|b|c`) are by far the commonest regular expressions, and need no engine. */
const PLAIN_ALTERNATIVES = /^[\w\- :/@%&<>~#"';,]*(?:\|[\w\- :/@%&<>~#"';,]*)*$/;

export type RegexReading = { ok: true; matches: (value: string) => boolean } | { ok: false; message: string };

/** A full match of an expression in RE2's syntax, in time linear in the text, as Alertmanager anchors it. */
export function readRegex(pattern: string): RegexReading {
  if (pattern.length > MATCHER_LENGTH_MAX)
    return { ok: false, message: `longer than ${MATCHER_LENGTH_MAX} characters` };
  if (PLAIN_ALTERNATIVES.test(pattern)) {
    const alternatives = new Set(pattern.split("|"));
    return { ok: true, matches: (value) => alternatives.has(value) };
  }
  const result = compileRegex(pattern);
  if (result.status === "invalid") return { ok: false, message: result.message };
  return { ok: true, matches: (value) => result.regex.test(value) };
}

/**
 * A compiled test of all matchers. Make it once, call it for many: some tens of nanoseconds a matcher without a regular
 * expression, about 2 µs with one that needs the engine. Check the matchers before with `matcherFault`.
 */
export function compileMatchers(matchers: readonly Matcher[]): (labelOf: LabelOf) => boolean {
  const tests = matchers.map((matcher) => {
    const { name, value, isRegex, isEqual } = matcher;
    if (!isRegex) return { name, isEqual, holds: (text: string): boolean => text === value };
    const regex = readRegex(value);
    return { name, isEqual, holds: regex.ok ? regex.matches : (): boolean => !isEqual };
  });
  return (labelOf) => {
    for (const { name, holds, isEqual } of tests) if (holds(labelOf(name)) !== isEqual) return false;
    return true;
  };
}

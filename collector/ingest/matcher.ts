import { RE2JS } from "re2js";
import { parseMatchers } from "../core/model/matcher-syntax.ts";
import type { Matcher } from "../core/model/silence.ts";

/** Longest expression, and longest value, that is looked at; longer ones are refused. */
export const MATCHER_LENGTH_MAX = 4096;

export type MatcherReading = { ok: true; matchers: Matcher[] } | { ok: false; message: string };

/** Matchers of one `filter` parameter. Regular expressions are checked too. */
export function readMatchers(text: string): MatcherReading {
  if (text.length > MATCHER_LENGTH_MAX)
    return { ok: false, message: `a matcher is longer than ${MATCHER_LENGTH_MAX} characters` };
  const parsed = parseMatchers(text);
  if (parsed.status === "invalid")
    return { ok: false, message: `bad matcher format: ${text}: at ${parsed.offset}: ${parsed.message}` };
  for (const matcher of parsed.matchers) {
    const fault = matcherFault(matcher);
    if (fault !== undefined) return { ok: false, message: fault };
  }
  return { ok: true, matchers: parsed.matchers };
}

/** Why this matcher cannot be used; undefined when it can. */
export function matcherFault(matcher: Matcher): string | undefined {
  if (matcher.name === "") return "a matcher needs a label name";
  if (matcher.value.length > MATCHER_LENGTH_MAX)
    return `the value of ${matcher.name} is longer than ${MATCHER_LENGTH_MAX} characters`;
  if (!matcher.isRegex) return undefined;
  return regexFault(matcher.value)?.replace(/^/, `invalid regular expression for ${matcher.name}: `);
}

/** Why RE2 refuses this expression; undefined when it takes it. */
export function regexFault(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Plain alternatives (`a|b|c`) are by far the commonest regular expressions in matchers, and need no engine. */
const PLAIN_ALTERNATIVES = /^[\w\- :/@%&<>~#"';,]*(?:\|[\w\- :/@%&<>~#"';,]*)*$/;

/** A full match of an RE2 expression, as Prometheus and Alertmanager anchor it. Throws on a bad one: see `regexFault`. */
export function anchoredRegex(pattern: string): (value: string) => boolean {
  if (PLAIN_ALTERNATIVES.test(pattern)) {
    const alternatives = new Set(pattern.split("|"));
    return (value) => alternatives.has(value);
  }
  const compiled = RE2JS.compile(pattern);
  return (value) => compiled.matches(value);
}

/** The value a matcher sees for a label name; "" for a label that is not there. */
export type LabelLookup = (name: string) => string;

/**
 * A compiled test of all matchers. Compile once, call for many: a call costs some tens of nanoseconds a matcher without
 * a regular expression, about 1 µs with one.
 */
export function compileMatchers(matchers: readonly Matcher[]): (lookup: LabelLookup) => boolean {
  const tests = matchers.map(({ name, value, isRegex, isEqual }) => {
    const holds = isRegex ? anchoredRegex(value) : (text: string): boolean => text === value;
    return { name, holds, isEqual };
  });
  return (lookup) => {
    for (const { name, holds, isEqual } of tests) if (holds(lookup(name)) !== isEqual) return false;
    return true;
  };
}

/** Whether the matcher also holds for an alert without that label; a silence of only such matchers would mute everything. */
export function matchesEmpty(matcher: Matcher): boolean {
  return compileMatchers([matcher])(() => "");
}

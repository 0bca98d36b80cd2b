import { type Regex, compileRegex } from "./regex.ts";
import type { Matcher } from "./silence.ts";

/** The value of a label; "" where there is none, as in Alertmanager. */
export type LabelOf = (name: string) => string;

const compiled = new WeakMap<Matcher, Regex | null>();

/** All matchers hold. A regex that cannot be compiled matches nothing. */
export function matchesAll(matchers: readonly Matcher[], labelOf: LabelOf): boolean {
  return matchers.every((matcher) => matches(matcher, labelOf(matcher.name)));
}

function matches(matcher: Matcher, value: string): boolean {
  if (!matcher.isRegex) return (value === matcher.value) === matcher.isEqual;
  const regex = regexOf(matcher);
  return regex !== null && regex.test(value) === matcher.isEqual;
}

/** Compiled once for each matcher object: the cache holds nothing that a matcher does not, and forgets with it. */
function regexOf(matcher: Matcher): Regex | null {
  const known = compiled.get(matcher);
  if (known !== undefined) return known;
  const result = compileRegex(matcher.value);
  const regex = result.status === "compiled" ? result.regex : null;
  compiled.set(matcher, regex);
  return regex;
}

/** What is wrong with a matcher, in words; null = nothing. */
export function invalidMatcher(matcher: Matcher): string | null {
  if (matcher.name === "") return "a matcher needs the name of a label";
  if (!matcher.isRegex) return null;
  const result = compileRegex(matcher.value);
  if (result.status === "compiled") return null;
  return `${matcher.name}: ${result.message}, at character ${result.offset + 1} of ${matcher.value}`;
}

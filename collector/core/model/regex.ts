import { parseRegex, RegexSyntaxError } from "./regex-syntax.ts";
import { type Instruction, compileProgram, runProgram } from "./regex-program.ts";

/** A regular expression that matches in time linear in the text, whatever the pattern. Anchored at both ends. */
export interface Regex {
  readonly pattern: string;
  test(text: string): boolean;
}

export type RegexResult =
  | { status: "compiled"; regex: Regex }
  /** `offset`: where in the pattern, in UTF-16 code units. */
  | { status: "invalid"; message: string; offset: number };

/** A pattern that grows to more instructions than this is refused (`(a{1000}){1000}`). */
const INSTRUCTIONS_MAX = 10_000;

/**
 * Compiles RE2's common syntax, anchored as in Alertmanager (`^(?:…)$`): literals, `.`, classes with ranges, `\d \w \s`
 * and their opposites, `[[:alpha:]]`, `^ $ \A \z \b \B`, groups, alternation, repetition, and the flags `i m s U`.
 * Refused with a message: back-references, look-around, `\p{…}`, `\C`.
 *
 * @see https://github.com/google/re2/wiki/Syntax
 * @see https://swtch.com/~rsc/regexp/regexp2.html (the machine)
 */
export function compileRegex(pattern: string): RegexResult {
  let program: Instruction[];
  try {
    program = compileProgram(parseRegex(pattern), INSTRUCTIONS_MAX);
  } catch (error) {
    if (error instanceof RegexSyntaxError) return { status: "invalid", message: error.message, offset: error.offset };
    throw error;
  }
  return { status: "compiled", regex: { pattern, test: (text) => runProgram(program, text) } };
}

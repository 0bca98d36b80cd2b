/** Tells whether a text holds what is looked for; linear in the text, whatever the pattern. */
export type Matcher = (text: string) => boolean;

/** Characters that stand for themselves in RE2, without those of syntax. */
const LITERAL = /^[\w \-:;,=/"'<>#@!%&~`]+$/;

/**
 * Compiles a pattern of RE2. Plain words with `|` between, which most are, need no engine: that costs an agent as much memory
 * as all the rest of it, and is loaded for the first pattern that needs it. Rejects with what is wrong.
 */
export async function compilePattern(source: string): Promise<Matcher> {
  const insensitive = source.startsWith("(?i)");
  const words = (insensitive ? source.slice(4) : source).split("|");
  if (words.every((word) => LITERAL.test(word))) return literalMatcher(words, insensitive);
  const { RE2JS } = await import("re2js");
  const compiled = RE2JS.compile(source);
  return (text) => compiled.test(text);
}

function literalMatcher(words: readonly string[], insensitive: boolean): Matcher {
  if (!insensitive) return (text) => words.some((word) => text.includes(word));
  const lower = words.map((word) => word.toLowerCase());
  return (text) => {
    const folded = text.toLowerCase();
    return lower.some((word) => folded.includes(word));
  };
}

/** For checking a configuration: null = good, else what RE2 says of it. Load it before; see `loadPatternCheck`. */
export async function loadPatternCheck(): Promise<(source: string) => string | null> {
  const { RE2JS } = await import("re2js");
  return (source) => {
    try {
      RE2JS.compile(source);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
}

/** What stands between words; beyond these, other blanks. */
const BETWEEN: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  /[\s,;:()[\]"'=]/.test(String.fromCharCode(code)),
);
const WORD_MIN = 4;
const [HYPHEN, DOT, DIGIT_0, DIGIT_9] = [45, 46, 48, 57] as const;

/**
 * The first word of a text that names something: names of CIs are no shorter than four and have a digit or a hyphen. Word by
 * word where they stand: each alert is read, and a list of its words would be the most of what that takes.
 *
 * @param find undefined: it names nothing
 */
export function firstNamed<T>(text: string, find: (word: string) => T | undefined): T | null {
  let from = 0;
  let mayName = false;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : -1;
    if (code !== -1 && !(BETWEEN[code] ?? /\s/.test(text.charAt(at)))) {
      mayName ||= code === HYPHEN || (code >= DIGIT_0 && code <= DIGIT_9);
      continue;
    }
    if (mayName && at - from >= WORD_MIN) {
      // The end of a sentence.
      const end = text.charCodeAt(at - 1) === DOT ? at - 1 : at;
      const found = find(text.slice(from, end));
      if (found !== undefined) return found;
    }
    from = at + 1;
    mayName = false;
  }
  return null;
}

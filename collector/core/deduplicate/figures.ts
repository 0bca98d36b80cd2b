const ZERO = 48;
const NINE = 57;
const DOT = 46;
const COMMA = 44;
/** What a figure counts as: a text may have been told with it already. */
const FIGURE = 35;

/** Whether two texts say the same but for the figures in them: of these it matters only where they are. */
export function sameButFigures(one: string, other: string): boolean {
  let at = 0;
  let there = 0;
  // No lists: each character would make two.
  while (at < one.length && there < other.length) {
    const code = one.charCodeAt(at);
    const otherCode = other.charCodeAt(there);
    const isFigure = isDigit(code);
    const isOther = isDigit(otherCode);
    if ((isFigure ? FIGURE : code) !== (isOther ? FIGURE : otherCode)) return false;
    at = isFigure ? figureEnd(one, at) : at + 1;
    there = isOther ? figureEnd(other, there) : there + 1;
  }
  return at === one.length && there === other.length;
}

/** Where a figure ends, with what stands behind its points and commas: `1.234,5`. */
function figureEnd(text: string, from: number): number {
  let at = from;
  for (;;) {
    while (isDigit(text.charCodeAt(at))) at += 1;
    const code = text.charCodeAt(at);
    if ((code !== DOT && code !== COMMA) || !isDigit(text.charCodeAt(at + 1))) return at;
    at += 1;
  }
}

/** False beyond the end of a text. */
function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

import { type Arbitrary, array, constantFrom, integer, tuple } from "fast-check";

/** What a finger or a merge puts into YAML and JSON by mistake. */
export const textPiece: Arbitrary<string> = constantFrom(
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "- ",
  "\n",
  "  ",
  '"',
  "'",
  "&a ",
  "*a",
  "!!str ",
  "|",
  "? ",
  "#",
  "\t",
  "null",
  "true",
  "1",
  "-",
  "~",
  "---\n",
  "<<: ",
  "__proto__: ",
  "é",
  "\u0000",
  "\\",
  "%",
  "@",
  "a",
  "id: a",
  "cis:",
  "listen",
  "\r",
);

/** A good text with some slips: something put in, something cut out. */
export function slippedText(good: string): Arbitrary<string> {
  const slip = tuple(integer({ min: 0, max: 1000 }), textPiece, constantFrom(0, 0, 1, 5, 40));
  return array(slip, { minLength: 1, maxLength: 5 }).map((slips) =>
    slips.reduce((text, [at, piece, cut]) => {
      const place = Math.floor((at / 1000) * text.length);
      return text.slice(0, place) + piece + text.slice(place + cut);
    }, good),
  );
}

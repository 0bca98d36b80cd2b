/** What a parser of YAML that calls itself for each level says when there are too many, in either of two places. */
const EXHAUSTED = /Maximum call stack size exceeded|Stack overflow/;

/** Where a document nests too deeply to be read, by the errors of its parser; null where that is not what is wrong. */
export function tooDeepAt(errors: readonly { message: string; pos: readonly [number, number] }[]): number | null {
  const places = errors.filter(({ message }) => EXHAUSTED.test(message)).map(({ pos }) => pos[0]);
  return places.length === 0 ? null : Math.min(...places);
}

/** For the finding there. */
export const TOO_DEEP = "this nests too deeply to be read";
export const TOO_DEEP_HINT = "close what was opened before it, or write it with fewer levels";

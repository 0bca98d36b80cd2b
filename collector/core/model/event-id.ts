import { Hash64 } from "./hash.ts";

/** Numbers of each. */
export const MARK_LENGTH = 2;

/**
 * By what event ids are remembered: the two halves of a hash for each, one id after the other. Two of a million ids have the
 * same with a probability under 10⁻⁷.
 */
export type EventIdMarks = Uint32Array;

/** @param ids as they are stored: `source`, newline, `id`. */
export function marksOf(ids: readonly string[]): EventIdMarks {
  const marks = new Uint32Array(MARK_LENGTH * ids.length);
  let at = 0;
  for (const id of ids) {
    const end = id.indexOf("\n");
    // Where it lies: a restart reads a million of these.
    HASH.reset()
      .add(id, 0, Math.max(0, end))
      .add(id, end + 1);
    marks[at] = HASH.high;
    marks[at + 1] = markLow(HASH);
    at += MARK_LENGTH;
  }
  return marks;
}

/** Never both are zero: that is what a free place has. */
export function markLow({ high, low }: Hash64): number {
  return high === 0 && low === 0 ? 1 : low;
}

/** Work space. */
const HASH = new Hash64();

/** Room for one more: some store the epoch or the number behind it. */
const EPOCH_MAX = 2 ** 31 - 2;

/**
 * The epoch after this one, for marks that are emptied by counting it up instead of being cleared. A collector that runs for
 * weeks counts further than 32 bits go: then the marks are cleared, and it begins anew. O(1), and every two thousand million
 * times O(marks).
 */
export function nextEpoch(epoch: number, marks: Int32Array, by = 1): number {
  if (epoch <= EPOCH_MAX - by) return epoch + by;
  marks.fill(0);
  return by;
}

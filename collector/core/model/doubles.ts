/** Work space; it holds doubles from its first item on, and so do its parts. */
const WORK: number[] = [0.5];

/**
 * The first `size` of these as a list of their own, of which the engine knows that it has only doubles and no holes. Of one
 * that was made in another way it may know less, and then each look at one of its numbers makes an object: such looks were
 * a fifth of all the memory that a replay asked for.
 */
export function listOfDoubles(numbers: Float64Array, size: number): number[] {
  while (WORK.length < size) WORK.push(0.5);
  for (let at = 0; at < size; at += 1) WORK[at] = numbers[at] ?? 0;
  return WORK.slice(0, size);
}

/** How many of the first `most` of these, which are in order, are less than the limit. */
export function countBelow(sorted: readonly number[], limit: number, most: number): number {
  let from = 0;
  let to = Math.min(most, sorted.length);
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle] ?? limit) < limit) from = middle + 1;
    else to = middle;
  }
  return from;
}

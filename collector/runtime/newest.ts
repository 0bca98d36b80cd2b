/** Something with a time and an id: lists are newest first, and among equals by id, descending by code unit. */
export interface Placed<T> {
  at: number;
  id: string;
  item: T;
}

function isBefore(a: Placed<unknown>, b: Placed<unknown>): boolean {
  return a.at > b.at || (a.at === b.at && a.id > b.id);
}

/**
 * The first `limit` of many in list order, without sorting all of them: O(n log limit), no memory beyond the limit.
 * @param after exclusive; only what comes behind it in the list counts. null = from the beginning.
 */
export function newest<T>(
  all: Iterable<Placed<T>>,
  limit: number,
  after: { at: number; id: string } | null,
): Placed<T>[] {
  const mark = after === null ? null : { ...after, item: null };
  // A heap with the last one in list order on top: it is the one that a better one replaces.
  const heap: Placed<T>[] = [];
  for (const placed of all) {
    if (mark !== null && !isBefore(mark, placed)) continue;
    if (heap.length < limit) {
      heap.push(placed);
      rise(heap, heap.length - 1);
    } else if (heap[0] !== undefined && isBefore(placed, heap[0])) {
      heap[0] = placed;
      sink(heap);
    }
  }
  return heap.sort((a, b) => (isBefore(a, b) ? -1 : 1));
}

function rise<T>(heap: Placed<T>[], from: number): void {
  let index = from;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!swapIfBehind(heap, parent, index)) return;
    index = parent;
  }
}

function sink<T>(heap: Placed<T>[]): void {
  for (let index = 0; ; ) {
    let child = 2 * index + 1;
    const [left, right] = [heap[child], heap[child + 1]];
    if (left === undefined) return;
    if (right !== undefined && isBefore(left, right)) child += 1;
    if (!swapIfBehind(heap, index, child)) return;
    index = child;
  }
}

/** True when the child came behind its parent, so that they had to change places. */
function swapIfBehind<T>(heap: Placed<T>[], parent: number, child: number): boolean {
  const [above, below] = [heap[parent], heap[child]];
  if (above === undefined || below === undefined || !isBefore(above, below)) return false;
  heap[parent] = below;
  heap[child] = above;
  return true;
}

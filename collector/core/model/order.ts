/** By code unit: the same on every machine and in every locale. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * In ascending order of whole numbers; equal ones as they stood, or as they compare. A restart sorts all alerts: without a
 * comparison it is a fifth of the work.
 */
export function inOrderOf<T>(
  items: readonly T[],
  numberOf: (item: T) => number,
  compare?: (a: T, b: T) => number,
): T[] {
  let isInOrder = true;
  const keys = new Float64Array(items.length);
  // A number and a place in one exact double.
  const places = 2 ** Math.ceil(Math.log2(Math.max(1, items.length)));
  const numberMax = Number.MAX_SAFE_INTEGER / places - 1;
  for (let place = 0; place < items.length; place += 1) {
    const number = numberOf(items[place] as T);
    if (number < 0 || number > numberMax || !Number.isInteger(number))
      return [...items].sort((a, b) => numberOf(a) - numberOf(b) || (compare?.(a, b) ?? 0));
    keys[place] = number * places + place;
    isInOrder &&= place === 0 || (keys[place - 1] ?? 0) < (keys[place] ?? 0);
  }
  if (!isInOrder) keys.sort();
  const inOrder: T[] = [];
  for (const key of keys) inOrder.push(items[key % places] as T);
  if (compare !== undefined) sortEqual(inOrder, keys, places, compare);
  return inOrder;
}

/** Those of one number among themselves. */
function sortEqual<T>(items: T[], keys: Float64Array, places: number, compare: (a: T, b: T) => number): void {
  for (let from = 0, to = 1; to <= items.length; to += 1) {
    if (to < items.length && Math.floor((keys[to] ?? 0) / places) === Math.floor((keys[from] ?? 0) / places)) continue;
    if (to - from > 1) sortPart(items, from, to, compare);
    from = to;
  }
}

/** Mostly it is in this order already. */
function sortPart<T>(items: T[], from: number, to: number, compare: (a: T, b: T) => number): void {
  let isInOrder = true;
  for (let at = from + 1; at < to; at += 1) isInOrder &&= compare(items[at - 1] as T, items[at] as T) <= 0;
  if (isInOrder) return;
  for (const [at, item] of items.slice(from, to).sort(compare).entries()) items[from + at] = item;
}

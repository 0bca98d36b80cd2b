/** By code unit: the same on every machine and in every locale. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** In ascending order of whole numbers; equal ones as they stood. A restart sorts all alerts: without a comparison it is a fifth of the work. */
export function inOrderOf<T>(items: readonly T[], numberOf: (item: T) => number): T[] {
  let isInOrder = true;
  const keys = new Float64Array(items.length);
  // A number and a place in one exact double.
  const places = 2 ** Math.ceil(Math.log2(Math.max(1, items.length)));
  const numberMax = Number.MAX_SAFE_INTEGER / places - 1;
  for (let place = 0; place < items.length; place += 1) {
    const number = numberOf(items[place] as T);
    if (number < 0 || number > numberMax || !Number.isInteger(number))
      return [...items].sort((a, b) => numberOf(a) - numberOf(b));
    keys[place] = number * places + place;
    isInOrder &&= place === 0 || (keys[place - 1] ?? 0) < (keys[place] ?? 0);
  }
  if (isInOrder) return [...items];
  keys.sort();
  const inOrder: T[] = [];
  for (const key of keys) inOrder.push(items[key % places] as T);
  return inOrder;
}

/** By code unit: the same on every machine and in every locale. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Items and numbers up to which a number and a place fit into one exact double. */
const PLACES = 2 ** 21;
const NUMBER_MAX = 2 ** 31;

/** In ascending order of whole numbers; equal ones as they stood. A restart sorts all alerts: without a comparison it is a fifth of the work. */
export function inOrderOf<T>(items: readonly T[], numberOf: (item: T) => number): T[] {
  const keys = new Float64Array(items.length);
  for (let place = 0; place < items.length; place += 1) {
    const number = numberOf(items[place] as T);
    if (place >= PLACES || number < 0 || number > NUMBER_MAX)
      return [...items].sort((a, b) => numberOf(a) - numberOf(b));
    keys[place] = number * PLACES + place;
  }
  keys.sort();
  return Array.from(keys, (key) => items[key % PLACES] as T);
}

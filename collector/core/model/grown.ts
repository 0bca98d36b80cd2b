/** The same numbers with room for twice as many. */
export function grown<T extends { readonly length: number; set(other: T): void }>(
  array: T,
  Room: new (length: number) => T,
): T {
  const room = new Room(2 * array.length);
  room.set(array);
  return room;
}

/** The same numbers with room for so many, or more. */
export function grownTo(array: Int32Array, length: number): Int32Array {
  const room = new Int32Array(2 ** Math.ceil(Math.log2(length)));
  room.set(array);
  return room;
}

/** The same numbers with room for twice as many. */
export function grown<T extends { readonly length: number; set(other: T): void }>(
  array: T,
  Room: new (length: number) => T,
): T {
  const room = new Room(2 * array.length);
  room.set(array);
  return room;
}

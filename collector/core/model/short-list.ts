/**
 * The list and one more, with no room to spare: a list that grows by `push`, or is made by a spread, has room for sixteen
 * more, and most of an alert's and an incident's lists stay at two or three. O(length).
 */
export function withOneMore<T>(list: readonly T[], item: T): T[] {
  return list.length === 0 ? [item] : list.concat([item]);
}

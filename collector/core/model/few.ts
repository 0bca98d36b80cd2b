/** From here on a `Set` finds faster than a look through the list. */
const MANY = 12;

/**
 * A set for what is mostly one or two: what one step changes. A `Set` costs 200 bytes and a hash; a hundred thousand steps
 * make four each. Iterates in the order of entry; do not add while iterating.
 */
export class Few<T> {
  // Made with its first item: an empty list that grows has room for seventeen.
  private items: T[] | null = null;
  private known: Set<T> | null = null;

  get size(): number {
    return this.items?.length ?? 0;
  }

  add(item: T): void {
    if (this.items === null) {
      this.items = [item];
      return;
    }
    if (this.known === null ? this.items.includes(item) : this.known.has(item)) return;
    this.items.push(item);
    if (this.known !== null) this.known.add(item);
    else if (this.items.length >= MANY) this.known = new Set(this.items);
  }

  delete(item: T): void {
    const index = this.items?.indexOf(item) ?? -1;
    if (index < 0) return;
    this.items?.splice(index, 1);
    this.known?.delete(item);
  }

  /** Do not keep, do not change. */
  all(): readonly T[] {
    return this.items ?? [];
  }
}

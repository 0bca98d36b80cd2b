const EMPTY = 0xffff;
/** Neighbours in the CMDB have neighbouring numbers: multiplied by this they do not queue for one place. */
const SPREAD = 0x9e3779b1;

/** Where each of different small integers stands in their list, of fewer than 65,535. Memory: 4 to 8 bytes each. */
export class Places {
  private readonly keys: Int32Array;
  /** Open addressing, half full at most. */
  private readonly table: Uint16Array;
  private readonly shift: number;

  constructor(keys: Int32Array) {
    const bits = Math.ceil(Math.log2(2 * keys.length + 2));
    const table = new Uint16Array(2 ** bits).fill(EMPTY);
    this.keys = keys;
    this.table = table;
    this.shift = 32 - bits;
    for (let place = 0; place < keys.length; place += 1) {
      let at = Math.imul(keys[place] ?? 0, SPREAD) >>> this.shift;
      while (table[at] !== EMPTY) at = (at + 1) & (table.length - 1);
      table[at] = place;
    }
  }

  /** −1 for what is not in the list. */
  of(key: number): number {
    const { keys, table } = this;
    for (let at = Math.imul(key, SPREAD) >>> this.shift; ; at = (at + 1) & (table.length - 1)) {
      const place = table[at] ?? EMPTY;
      if (place === EMPTY) return -1;
      if (keys[place] === key) return place;
    }
  }
}

/** The same numbers for the same seed on every machine (mulberry32 over a string hash). */
export class Random {
  private state = 0x9e3779b9;

  constructor(seed: string) {
    for (const letter of seed) this.state = (Math.imul(this.state ^ letter.charCodeAt(0), 0x01000193) + 0x7f4a7c15) | 0;
    for (let turn = 0; turn < 4; turn += 1) this.next();
  }

  /** 0 ≤ x < 1 */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  between(from: number, to: number): number {
    return from + (to - from) * this.next();
  }

  /** Whole, both ends included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  /** About normal, by three throws. */
  near(middle: number, spread: number): number {
    return middle + ((this.next() + this.next() + this.next()) / 1.5 - 1) * spread;
  }

  pick<T>(list: readonly T[]): T {
    const one = list[Math.floor(this.next() * list.length)];
    if (one === undefined) throw new Error("nothing to pick from");
    return one;
  }

  some<T>(list: readonly T[], count: number): T[] {
    const left = [...list];
    const found: T[] = [];
    while (found.length < count && left.length > 0)
      found.push(...left.splice(Math.floor(this.next() * left.length), 1));
    return found;
  }

  hex(length: number): string {
    return Array.from({ length }, () => Math.floor(this.next() * 16).toString(16)).join("");
  }
}

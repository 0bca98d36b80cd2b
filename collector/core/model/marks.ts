/** A set of small integers for inner loops: one byte each, a load and a compare to ask. */
export class Marks {
  private bytes = new Uint8Array(1024);

  has(index: number): boolean {
    return this.bytes[index] === 1;
  }

  add(index: number): void {
    if (index >= this.bytes.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(index + 1)));
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes[index] = 1;
  }

  delete(index: number): void {
    if (index < this.bytes.length) this.bytes[index] = 0;
  }
}

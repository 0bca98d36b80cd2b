import type { Buffer } from "node:buffer";

/** A text that is mostly the same from alert to alert: it is compared with the last one, byte by byte, before a new one is made. */
export class RepeatedText {
  private bytes: Uint8Array = new Uint8Array();
  private text = "";

  of(bytes: Buffer, from: number, to: number): string {
    if (this.isSame(bytes, from, to)) return this.text;
    this.bytes = Uint8Array.prototype.slice.call(bytes, from, to);
    this.text = bytes.toString("utf8", from, to);
    return this.text;
  }

  private isSame(bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from !== this.bytes.length) return false;
    for (let at = from; at < to; at += 1) if (bytes[at] !== this.bytes[at - from]) return false;
    return true;
  }
}

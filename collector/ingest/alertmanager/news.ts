import { Buffer } from "node:buffer";

const [OPEN, COMMA, CLOSE, NONE] = [Buffer.from("["), Buffer.from(","), Buffer.from("]"), Buffer.from("[]")] as const;

/** The alerts of a request that the core has to see, as a JSON list of their own: what is stored of the request. */
export class News {
  /** Beginning and end of each in the request's bytes … */
  private readonly places: number[] = [];
  /** … or its text, where it came in another form. */
  private readonly texts: string[] = [];

  get count(): number {
    return this.places.length / 2 + this.texts.length;
  }

  /** @param from, to in the bytes of the request. */
  add(from: number, to: number): void {
    this.places.push(from, to);
  }

  addText(json: string): void {
    this.texts.push(json);
  }

  /**
   * @param bytes of the request.
   * @param isAll all of it is news: then the bytes are given back as they are.
   */
  body(bytes: Buffer, isAll: boolean): Uint8Array {
    if (this.texts.length > 0) return Buffer.from(`[${this.texts.join(",")}]`);
    if (isAll) return bytes;
    const parts: Buffer[] = [];
    for (let at = 0; at < this.places.length; at += 2)
      parts.push(at === 0 ? OPEN : COMMA, bytes.subarray(this.places[at], this.places[at + 1]));
    return Buffer.concat([...parts, parts.length === 0 ? NONE : CLOSE]);
  }
}

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FrameReader } from "./frames.ts";

function read(chunks: readonly Buffer[], sizeMax = 100): { messages: string[]; tooLong: number } {
  const reader = new FrameReader(sizeMax);
  const messages: string[] = [];
  let tooLong = 0;
  for (const chunk of chunks) {
    const taken = reader.take(chunk);
    messages.push(...taken.messages.map(String));
    tooLong += taken.tooLong;
  }
  const last = reader.end();
  if (last !== undefined) messages.push(String(last));
  return { messages, tooLong };
}

test.for<[situation: string, stream: string, messages: string[], tooLong?: number]>([
  ["lines", "<13>a\n<13>b\n", ["<13>a", "<13>b"]],
  ["carriage returns and zero bytes", "<13>a\r\n<13>b\0<13>c", ["<13>a", "<13>b", "<13>c"]],
  ["empty lines", "\n\n<13>a\n", ["<13>a"]],
  ["octet counting", "5 <13>a6 <13>b\n", ["<13>a", "<13>b\n"]],
  ["both in one stream", "5 <13>a<13>b\n7 <13>c d", ["<13>a", "<13>b", "<13>c d"]],
  ["a line that begins with a number", "12 monkeys\n<13>a\n", ["12 monkeys", "<13>a"]],
  ["a count that is too large to be one", "99999999 <13>a\n<13>b\n", ["99999999 <13>a", "<13>b"]],
  ["a count over the limit is text", "500 <13>a\n<13>b\n", ["500 <13>a", "<13>b"]],
  ["too long, then well again", `<13>${"x".repeat(200)}\n<13>b\n`, ["<13>b"], 1],
  ["a count that is cut off", "50 <13>a", ["50 <13>a"]],
])("%s", ([, stream, messages, tooLong = 0]) => {
  const bytes = Buffer.from(stream);
  expect(read([bytes])).toEqual({ messages, tooLong });
  expect(read([...bytes].map((byte) => Buffer.of(byte)))).toEqual({ messages, tooLong });
});

test("how a stream is cut into chunks does not matter, and what is held stays small", () => {
  const piece = fc.constantFrom(
    "5 <13>a",
    "<13>b\n",
    "\n",
    "12",
    " ",
    "<",
    "x".repeat(150),
    "9999 <",
    "\0",
    "7 <13>\u2603",
  );
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat(40)), (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(""));
      const chunks: Buffer[] = [];
      let from = 0;
      for (const cut of cuts) {
        chunks.push(bytes.subarray(from, from + cut));
        from += cut;
      }
      chunks.push(bytes.subarray(from));
      const whole = read([bytes]);
      const cutUp = read(chunks);
      expect(cutUp.messages).toEqual(whole.messages);
    }),
  );
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { mutatedBytes } from "../../../test/support/mutation.ts";
import { snappyEncode } from "../../../test/support/snappy.ts";
import { snappyDecode } from "./snappy.ts";

const repetitive = fc
  .array(fc.tuple(fc.constantFrom("node_cpu_seconds_total", "instance", "web-01:9100", "x", "☃"), fc.nat(300)), {
    maxLength: 60,
  })
  .map((parts) => Buffer.from(parts.map(([text, count]) => text.repeat(count)).join("")));

test("what was encoded comes back", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        repetitive,
        fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        const result = snappyDecode(snappyEncode(bytes), 10_000_000);
        expect(result.ok && result.bytes.equals(bytes)).toBe(true);
      },
    ),
  );
});

test("a long literal and a far copy", () => {
  const bytes = Buffer.concat([
    Buffer.from("needle"),
    Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7919 + (i >> 8)) & 0xff)),
    Buffer.from("needle"),
  ]);
  const result = snappyDecode(snappyEncode(bytes), 100_000);
  expect(result.ok && result.bytes.equals(bytes)).toBe(true);
});

/** Written by hand after the format description. */
test.for<[situation: string, hex: string, expected: string]>([
  ["empty", "00", "ok "],
  ["one literal", "03 08 616263", "ok abc"],
  ["a copy that overlaps itself", "09 08 616263 09 03", "ok abcabcabc"],
  ["a copy with two-byte offset", "06 08 616263 0a 0300", "ok abcabc"],
  ["a copy with four-byte offset", "06 08 616263 0b 03000000", "ok abcabc"],
  ["a literal with a length byte", "03 f0 02 616263", "ok abc"],
  ["no length", "", "corrupt"],
  ["length cut off", "80", "corrupt"],
  ["length of six bytes", "8080808080 01", "corrupt"],
  ["a length that is a bomb", "ffffffff0f 00", "tooLarge"],
  ["just too large", "e907", "tooLarge"],
  ["fewer bytes than declared", "04 08 616263", "corrupt"],
  ["more bytes than declared", "02 08 616263", "corrupt"],
  ["a literal cut off", "03 08 6162", "corrupt"],
  ["a copy before anything", "03 01 01", "corrupt"],
  ["a copy of offset 0", "09 08 616263 09 00", "corrupt"],
  ["a copy beyond the declared length", "04 08 616263 09 03", "corrupt"],
  ["a copy cut off", "09 08 616263 0a 03", "corrupt"],
])("%s", ([, hex, expected]) => {
  const result = snappyDecode(Buffer.from(hex.replaceAll(" ", ""), "hex"), 1000);
  expect(result.ok ? `ok ${result.bytes.toString()}` : result.fault).toBe(expected);
});

test("any bytes are decoded or refused", () => {
  const good = snappyEncode(Buffer.from("instance=web-01:9100,instance=web-02:9100".repeat(20)));
  fc.assert(
    fc.property(mutatedBytes(good), (bytes) => {
      const result = snappyDecode(bytes, 100_000);
      if (result.ok) expect(result.bytes.length).toBeLessThanOrEqual(100_000);
    }),
    { numRuns: 1000 },
  );
});

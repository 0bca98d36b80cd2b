import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { type Coding, encoded, negotiateCoding } from "./compress.ts";

test.for<[header: string | undefined, coding: Coding]>([
  [undefined, "identity"],
  ["", "identity"],
  ["gzip", "gzip"],
  ["gzip, deflate, br", "gzip"],
  ["gzip, deflate, br, zstd", "zstd"],
  ["zstd;q=0.5, gzip", "gzip"],
  ["gzip;q=0", "identity"],
  ["gzip;q=0.5, identity", "identity"],
  ["*", "zstd"],
  ["*;q=0", "identity"],
  ["br", "identity"],
  ["GZIP; q=1.0", "gzip"],
  ["gzip;q=x", "identity"],
])("Accept-Encoding %s gives %s", ([header, coding]) => {
  expect(negotiateCoding(header)).toBe(coding);
});

test.for<Coding>(["identity", "gzip", "zstd"])("%s says the same text", async (coding) => {
  const pieces = Array.from({ length: 50 }, (_, index) => `piece ${index} `.repeat(1000));
  const bytes = await buffer(encoded(Readable.from(pieces, { objectMode: false }), coding));
  const text = coding === "gzip" ? gunzipSync(bytes) : coding === "zstd" ? zstdDecompressSync(bytes) : bytes;
  expect(text.toString()).toBe(pieces.join(""));
  if (coding !== "identity") expect(bytes.length).toBeLessThan(pieces.join("").length / 20);
});

test("a reader that goes away ends the text, too", async () => {
  let isClosed = false;
  const text = Readable.from(
    (async function* () {
      try {
        for (;;) yield "x".repeat(10_000);
      } finally {
        isClosed = true;
      }
    })(),
  );
  const stream = encoded(text, "gzip");
  stream.once("data", () => stream.destroy());
  await new Promise((resolve) => {
    stream.once("close", resolve);
  });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(isClosed).toBe(true);
});

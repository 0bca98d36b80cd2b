import { pipeline, type Readable, type Transform } from "node:stream";
import { constants, createGzip, createZstdCompress } from "node:zlib";

export type Coding = "zstd" | "gzip" | "identity";

/** The better compressing first; of equal wishes of the client this one decides. */
const OURS: readonly Coding[] = ["zstd", "gzip"];

/**
 * The content coding that the client likes best (RFC 9110 section 12.5.3). Without the header, or where it wants none that
 * we have, the text goes as it is.
 */
export function negotiateCoding(header: string | undefined): Coding {
  const wished = new Map<string, number>();
  for (const part of (header ?? "").split(",")) {
    const [name = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    const quality = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1");
    if (name !== "") wished.set(name, Number.isFinite(quality) ? quality : 0);
  }
  const identity = wished.get("identity") ?? 0;
  let best: Coding = "identity";
  let most = 0;
  for (const coding of OURS) {
    const quality = wished.get(coding) ?? wished.get("*") ?? 0;
    if (quality > most && quality >= identity) [best, most] = [coding, quality];
  }
  return best;
}

/**
 * The text in this coding, as a stream. Compression runs in libuv's threads, so that the event loop waits for nothing, and
 * at the fastest level: a scrape repeats itself so much that a higher one gains little and costs much. When the reader goes
 * away, `text` is destroyed with the stream.
 */
export function encoded(text: Readable, coding: Coding): Readable {
  if (coding === "identity") return text;
  const packer: Transform =
    coding === "gzip"
      ? createGzip({ level: constants.Z_BEST_SPEED, chunkSize: 65_536 })
      : createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 65_536 });
  // A broken pipe is the reader's affair; both ends are destroyed by then.
  return pipeline(text, packer, () => undefined);
}

import { isUtf8 } from "node:buffer";
import { Refusal } from "../port/ingest.ts";

const NOTHING = Buffer.alloc(0);

/** The body as bytes; empty where there was none. */
export function bytesOf(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : NOTHING;
}

/** The body as text. Throws a refusal for bytes that are not UTF-8. */
export function textOf(body: unknown): string {
  const bytes = bytesOf(body);
  if (!isUtf8(bytes)) throw new Refusal(400, "badEncoding", "the body is not valid UTF-8");
  return bytes.toString("utf8");
}

/** Deepest nesting of a foreign document that is walked; deeper ones are refused. */
export const JSON_DEPTH_MAX = 64;

/**
 * Whether JSON text nests deeper than `max`. One pass over the characters, no allocation; text that is no JSON gives
 * an answer that does not matter, because the parser refuses it.
 */
export function nestsDeeperThan(text: string, max: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      i = closingQuote(text, i + 1);
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > max) return true;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return false;
}

function closingQuote(text: string, from: number): number {
  for (let end = text.indexOf('"', from); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}

/** Any JSON document. Throws a refusal for broken UTF-8, broken JSON and nesting deeper than `JSON_DEPTH_MAX`. */
export function jsonOf(body: unknown): unknown {
  const text = textOf(body);
  if (nestsDeeperThan(text, JSON_DEPTH_MAX))
    throw new Refusal(400, "tooDeep", `the JSON body nests deeper than ${JSON_DEPTH_MAX} levels`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, "badJson", `the body is not JSON: ${(error as Error).message}`);
  }
}

import { isUtf8 } from "node:buffer";
import { jsonFault } from "../../protocol/json-guard.ts";
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
const JSON_DEPTH_MAX = 32;
/** Most numbers, texts, objects and lists in one document: parsed, each costs some tens of bytes. */
const JSON_VALUES_MAX = 500_000;
/** Most keys of one object in it. */
const JSON_KEYS_MAX = 10_000;

/** Any JSON document. Throws a refusal for broken UTF-8, broken JSON, and documents that nest too deep or hold too much. */
export function jsonOf(body: unknown): unknown {
  const bytes = bytesOf(body);
  guardJson(bytes);
  return parseJson(textOf(bytes));
}

/** Throws a refusal for a JSON document that nests too deep or holds too much to be parsed. */
export function guardJson(bytes: Buffer): void {
  const fault = jsonFault(bytes, {
    depthMax: JSON_DEPTH_MAX,
    valuesMax: JSON_VALUES_MAX,
    keysMax: JSON_KEYS_MAX,
  });
  if (fault === "tooDeep")
    throw new Refusal(400, "tooDeep", `the JSON body nests deeper than ${JSON_DEPTH_MAX} levels`);
  if (fault === "tooManyValues")
    throw new Refusal(413, "tooManyValues", `the JSON body has more than ${JSON_VALUES_MAX} values`);
  if (fault === "tooManyKeys")
    throw new Refusal(400, "tooManyKeys", `an object in the JSON body has more than ${JSON_KEYS_MAX} keys`);
}

/** Throws a refusal for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, "badJson", `the body is not JSON: ${(error as Error).message}`);
  }
}

import { isUtf8 } from "node:buffer";
import { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, gunzipSync, inflate, inflateSync } from "node:zlib";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { jsonFault } from "../../protocol/json-guard.ts";
import { giveBack } from "../port/give-back.ts";
import { BadLine, Refusal } from "../port/ingest.ts";
import type { ApiLimits } from "./limits.ts";

const gunzipAsync = promisify(gunzip);
const inflateAsync = promisify(inflate);

/** Compressed bodies up to this size are undone at once: the thread pool costs more than the work. */
const SYNC_BYTES_MAX = 64 * 1024;
/** Below this size a body may be compressed however well: a storm of equal events is, and it harms nothing. */
const RATIO_FREE_BYTES = 1024 * 1024;
/** Events up to this size are parsed unseen: at worst ten milliseconds. */
const UNGUARDED_BYTES_MAX = 64 * 1024;

const DEPTH_MAX = 32;
const VALUES_MAX = 1_000_000;
const KEYS_MAX = 1000;
/** Of an event, too: it is refused alone for fewer than these, and more must not even be parsed. */
const PARSED_KEYS_MAX = 10_000;
const TEXT_LENGTH_MAX = 64 * 1024;

const JSON_TYPES = /^(?:application\/(?:[\w.+-]+\+)?json|text\/json)$/;
const LINES_TYPES = /^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines|json-seq)$/;

/** Bytes of bodies that are in memory now, by request. */
export class BodyBudget {
  private readonly max: number;
  private readonly held = new WeakMap<object, number>();
  private total = 0;

  constructor(max: number) {
    this.max = max;
  }

  get used(): number {
    return this.total;
  }

  /** Throws 503 when it is used up. */
  hold(request: object, bytes: number): void {
    if (this.total + bytes > this.max)
      throw new Refusal(503, "overloaded", "too many large requests at once; send this one again", { retryAfterS: 2 });
    this.total += bytes;
    this.held.set(request, (this.held.get(request) ?? 0) + bytes);
  }

  /** The request's answer has gone, or its sender has. May be called twice. */
  release(request: object): void {
    this.total -= this.held.get(request) ?? 0;
    this.held.delete(request);
  }
}

/** Reads every body here: limits, decompression, parsing as the route's `config.body` says. */
export function readBodies(app: FastifyInstance, limits: ApiLimits): BodyBudget {
  const budget = new BodyBudget(limits.bodiesBytesMax);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", async (request: FastifyRequest, payload: IncomingMessage) => {
    const hold = (bytes: number): void => budget.hold(request.raw, bytes);
    const bytes = await decompressed(request, await received(request, payload, limits, hold), limits, hold);
    return parsed(request, bytes);
  });
  app.addHook("onRequest", (request, reply, done) => {
    // `close` also comes when the sender goes away in the middle.
    reply.raw.once("close", () => budget.release(request.raw));
    done();
  });
  app.addHook("onResponse", (request, _reply, done) => {
    budget.release(request.raw);
    done();
  });
  return budget;
}

const encodingOf = (request: FastifyRequest): string =>
  (request.headers["content-encoding"] ?? "").trim().toLowerCase();

const isPlain = (encoding: string): boolean => encoding === "" || encoding === "identity";

function sizeMax(request: FastifyRequest, limits: ApiLimits): number {
  return request.routeOptions.config.bodySizeBytesMax ?? limits.bodyBytesMax;
}

/** A route that takes more than others takes more in compressed form, too. */
function compressedSizeMax(request: FastifyRequest, limits: ApiLimits): number {
  const own = request.routeOptions.config.bodySizeBytesMax ?? 0;
  return Math.max(limits.bodyCompressedBytesMax, own / 2);
}

/**
 * The bytes as they came, never more than the limit. What comes after a refusal is read and thrown away, so that the sender
 * hears it. They belong to whoever asked: what a test injects is copied.
 */
function received(
  request: FastifyRequest,
  payload: IncomingMessage,
  limits: ApiLimits,
  hold: (bytes: number) => void,
): Promise<Buffer> {
  const max = isPlain(encodingOf(request)) ? sizeMax(request, limits) : compressedSizeMax(request, limits);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (error: Error | null): void => {
      payload.removeListener("data", take).removeListener("end", end).removeListener("error", broken);
      if (error === null) resolve(payload instanceof IncomingMessage ? joined(chunks, size) : Buffer.concat(chunks));
      else {
        drain(payload);
        reject(error);
      }
    };
    const end = (): void => settle(null);
    // Nobody hears it: it is for those who read the metrics.
    const broken = (): void => settle(new Refusal(400, "aborted", "the body broke off"));
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      try {
        if (size > max) throw tooLarge(max);
        hold(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        settle(error as Error);
      }
    };
    if (Number(request.headers["content-length"] ?? 0) > max) settle(tooLarge(max));
    else payload.on("data", take).on("end", end).on("error", broken);
  });
}

/** @param chunks are used up. */
function joined(chunks: readonly Buffer[], size: number): Buffer {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const whole = Buffer.concat(chunks, size);
  for (const chunk of chunks) giveBack(chunk);
  return whole;
}

/** So much of a refused body is read and thrown away; whoever sends still more is cut off. */
const DRAINED_BYTES_MAX = 512 * 1024 * 1024;

function drain(payload: IncomingMessage): void {
  let left = DRAINED_BYTES_MAX;
  payload
    .on("error", () => undefined)
    .on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) payload.destroy();
    })
    .resume();
}

function tooLarge(max: number): Refusal {
  return new Refusal(413, "bodyTooLarge", `the body is larger than ${max} bytes; send it in parts`);
}

async function decompressed(
  request: FastifyRequest,
  bytes: Buffer,
  limits: ApiLimits,
  hold: (bytes: number) => void,
): Promise<Buffer> {
  const encoding = encodingOf(request);
  if (isPlain(encoding)) return bytes;
  const isGzip = encoding === "gzip" || encoding === "x-gzip";
  if (!isGzip && encoding !== "deflate") {
    if (request.routeOptions.config.ownEncodings?.includes(encoding) === true) return bytes;
    throw new Refusal(415, "unsupportedEncoding", "the content encoding must be gzip, deflate or identity");
  }
  const maxOutputLength = Math.min(
    sizeMax(request, limits),
    Math.max(RATIO_FREE_BYTES, bytes.length * limits.compressionRatioMax),
  );
  try {
    const small = bytes.length <= SYNC_BYTES_MAX;
    const plain = small
      ? (isGzip ? gunzipSync : inflateSync)(bytes, { maxOutputLength })
      : await (isGzip ? gunzipAsync : inflateAsync)(bytes, { maxOutputLength });
    hold(plain.length);
    giveBack(bytes);
    delete request.headers["content-encoding"];
    return plain;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new Refusal(413, "bodyTooLarge", `the body is larger than ${maxOutputLength} bytes when decompressed`);
    throw new Refusal(400, "badEncoding", `the body is not ${encoding}: ${(error as Error).message}`);
  }
}

function parsed(request: FastifyRequest, bytes: Buffer): unknown {
  const { body = "json", rawBody } = request.routeOptions.config;
  if (rawBody === true) request.rawBody = bytes;
  if (body === "bytes") return bytes;
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase();
  const value = parsedAs(body, type, bytes);
  if (rawBody !== true) giveBack(bytes);
  return value;
}

function parsedAs(body: "json" | "events", type: string, bytes: Buffer): unknown {
  if (body === "events" && LINES_TYPES.test(type)) return parsedLines(utf8(bytes));
  if (type !== "" && !JSON_TYPES.test(type))
    throw new Refusal(
      415,
      "unsupportedType",
      `the content type must be application/json, not ${JSON.stringify(type.slice(0, 80))}`,
    );
  if (bytes.length === 0) return undefined;
  return body === "events" ? parsedEvents(bytes) : guardedJson(bytes);
}

function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Refusal(400, "badEncoding", "the body is not valid UTF-8");
  const text = bytes.toString("utf8");
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function json(bytes: Buffer): unknown {
  const text = utf8(bytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, "badJson", `the body is not JSON: ${(error as Error).message}`);
  }
}

function refuseFault(bytes: Buffer): void {
  const fault = jsonFault(bytes, { depthMax: DEPTH_MAX, valuesMax: VALUES_MAX, keysMax: PARSED_KEYS_MAX });
  if (fault === "tooDeep") throw new Refusal(400, "tooDeep", `the JSON body nests deeper than ${DEPTH_MAX} levels`);
  if (fault === "tooManyValues")
    throw new Refusal(413, "tooManyValues", `the JSON body has more than ${VALUES_MAX} values`);
  if (fault === "tooManyKeys")
    throw new Refusal(400, "tooManyKeys", `an object in the JSON body has more than ${PARSED_KEYS_MAX} keys`);
}

function parsedEvents(bytes: Buffer): unknown {
  if (bytes.length > UNGUARDED_BYTES_MAX) refuseFault(bytes);
  return json(bytes);
}

const LINES_MAX = 100_000;
/** RFC 7464 begins each text with it. */
const RECORD_SEPARATOR = "\u001e";

function parsedLines(text: string): unknown[] {
  const lines = text.split("\n", LINES_MAX + 1);
  if (lines.length > LINES_MAX) throw new Refusal(413, "tooManyEvents", `the body has more than ${LINES_MAX} lines`);
  const elements: unknown[] = [];
  for (const line of lines) {
    const content = (line.startsWith(RECORD_SEPARATOR) ? line.slice(1) : line).trim();
    if (content !== "") elements.push(parsedLine(content));
  }
  return elements;
}

function parsedLine(line: string): unknown {
  if (line.length > UNGUARDED_BYTES_MAX)
    return new BadLine(`the line is longer than ${UNGUARDED_BYTES_MAX} characters`);
  try {
    return JSON.parse(line);
  } catch (error) {
    return new BadLine(`the line is not JSON: ${(error as Error).message}`);
  }
}

function guardedJson(bytes: Buffer): unknown {
  refuseFault(bytes);
  const value = json(bytes);
  guard(value);
  return value;
}

/** Limits on keys and texts; the depth is already known to be small. */
function guard(value: unknown): void {
  if (typeof value === "string") {
    if (value.length > TEXT_LENGTH_MAX)
      throw new Refusal(400, "tooLong", `a text in the body is longer than ${TEXT_LENGTH_MAX} characters`);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) guard(item);
    return;
  }
  const keys = Object.keys(value);
  if (keys.length > KEYS_MAX)
    throw new Refusal(400, "tooManyKeys", `an object in the body has more than ${KEYS_MAX} keys`);
  for (const key of keys) {
    if (key === "__proto__") throw new Refusal(400, "forbiddenKey", "the key __proto__ is not allowed");
    guard((value as Record<string, unknown>)[key]);
  }
}

import type { RouteConfig } from "../../port/ingest.ts";

/** The two encodings of OTLP/HTTP; an answer comes in the request's own. */
export type Encoding = "protobuf" | "json";

export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: "application/x-protobuf",
  json: "application/json; charset=utf-8",
};

/** null for a content type that is neither. */
export function encodingOf(contentType: string): Encoding | null {
  const type = contentType.split(";", 1)[0]!.trim().toLowerCase();
  if (type === "application/x-protobuf" || type === "application/protobuf") return "protobuf";
  return type === "application/json" ? "json" : null;
}

/** What was not taken. Nothing rejected and no message = all was taken. */
export interface Partial {
  rejected: number;
  message: string;
}

const MESSAGE_LENGTH_MAX = 1000;

/**
 * An Export…ServiceResponse: its only field is `partial_success = 1 {int64 rejected_… = 1; string error_message = 2}`, alike for
 * metrics and logs but for the JSON name of the first.
 */
export function exportAnswer(
  encoding: Encoding,
  kind: "rejectedDataPoints" | "rejectedLogRecords",
  partial: Partial,
): string | Uint8Array {
  const isWhole = partial.rejected === 0 && partial.message === "";
  const message = partial.message.slice(0, MESSAGE_LENGTH_MAX);
  if (encoding === "json")
    return JSON.stringify(
      isWhole ? {} : { partialSuccess: { [kind]: String(partial.rejected), errorMessage: message } },
    );
  if (isWhole) return new Uint8Array();
  return lengthField(1, [...varintField(1, partial.rejected), ...lengthField(2, Buffer.from(message, "utf8"))]);
}

/** google.rpc.Code of an HTTP status, as google.api's mapping has it. */
const STATUS_CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  413: 8,
  415: 3,
  429: 8,
  503: 14,
};

/** To a Protocol Buffers sender a google.rpc.Status `{int32 code = 1; string message = 2}`; to others our own form. */
export const renderStatus: NonNullable<RouteConfig["renderError"]> = (trouble, requestContentType) => {
  if (encodingOf(requestContentType) !== "protobuf") {
    const { status: _, ...body } = trouble;
    return { contentType: CONTENT_TYPES.json, body: JSON.stringify(body) };
  }
  const message = Buffer.from(`${trouble.code}: ${trouble.message}`.slice(0, MESSAGE_LENGTH_MAX), "utf8");
  const body = Uint8Array.from([...varintField(1, STATUS_CODES[trouble.status] ?? 2), ...lengthField(2, message)]);
  return { contentType: CONTENT_TYPES.protobuf, body };
};

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}

const varintField = (field: number, value: number): number[] => (value === 0 ? [] : [field << 3, ...varint(value)]);

const lengthField = (field: number, bytes: ArrayLike<number> & Iterable<number>): Uint8Array =>
  Uint8Array.from([(field << 3) | 2, ...varint(bytes.length), ...bytes]);

import type { UnixMillis } from "../core/model/time.ts";
import type { Outgoing, OutgoingRequest } from "../port/outgoing.ts";
import { type FailedDelivery, failureOfAnswer, failureOfCall } from "./http-result.ts";
import { oneLine } from "./wording.ts";

/** `httpStatus` 0 = there was no answer. */
export type JsonAnswer =
  | { status: "ok"; httpStatus: number; body: unknown; headers: Readonly<Record<string, string>> }
  | { status: "failed"; httpStatus: number; failure: FailedDelivery };

export interface JsonCall {
  method: OutgoingRequest["method"];
  url: string;
  headers: Readonly<Record<string, string>>;
  /** undefined = none. */
  body?: unknown;
  signal: AbortSignal;
}

/** Where APIs put the sentence that says what is wrong; only short texts from there are shown. */
function complaintOf(body: unknown): string {
  if (Array.isArray(body)) return complaintOf(body[0]);
  if (body === null || typeof body !== "object") return "";
  const { error, errors, errorMessages, message, description, messageText, field } = body as Record<string, unknown>;
  if (Array.isArray(errorMessages) && typeof errorMessages[0] === "string") return errorMessages[0];
  if (Array.isArray(errors)) return complaintOf(errors[0]);
  if (errors !== null && typeof errors === "object") {
    const [entry] = Object.entries(errors as Record<string, unknown>);
    if (entry !== undefined && typeof entry[1] === "string") return `${entry[0]}: ${entry[1]}`;
  }
  if (typeof error === "object") return complaintOf(error);
  const text = [messageText, message, description].find((candidate) => typeof candidate === "string");
  if (typeof text !== "string") return "";
  return typeof field === "string" ? `${field}: ${text}` : text;
}

function parse(text: string): unknown {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** One call of a JSON API. 2xx with a body that is no JSON is a bad response: a proxy's page, not the API. */
export async function callJson(outgoing: Outgoing, call: JsonCall, now: UnixMillis): Promise<JsonAnswer> {
  const hasBody = call.body !== undefined;
  const result = await outgoing.send({
    method: call.method,
    url: call.url,
    headers: {
      accept: "application/json",
      ...(hasBody ? { "content-type": "application/json" } : {}),
      ...call.headers,
    },
    body: hasBody ? JSON.stringify(call.body) : null,
    signal: call.signal,
  });
  if (result.status === "failed") return { status: "failed", httpStatus: 0, failure: failureOfCall(result) };
  const { httpStatus, headers } = result;
  const body = parse(result.body);
  if (httpStatus < 200 || httpStatus >= 300) {
    const failure = failureOfAnswer(result, now);
    const complaint = oneLine(complaintOf(body), 200);
    return {
      status: "failed",
      httpStatus,
      failure: { ...failure, detail: complaint === "" ? failure.detail : `${failure.detail}: ${complaint}` },
    };
  }
  if (body !== undefined && !result.truncated) return { status: "ok", httpStatus, body, headers };
  const detail = result.truncated ? "the answer is too large" : "the answer is not JSON";
  return { status: "failed", httpStatus, failure: { status: "retryable", reason: "badResponse", detail } };
}

/** `Authorization: Basic …` */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

/** A value inside plain data that came from outside: undefined where the path does not exist. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (found === null || typeof found !== "object" || !Object.hasOwn(found, step)) return undefined;
    found = Reflect.get(found, step) as unknown;
  }
  return found;
}

/** As text, where it is a text or a number. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  return typeof found === "string" ? found : typeof found === "number" ? String(found) : "";
}

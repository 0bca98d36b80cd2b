import type { Event } from "../../core/model/event.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import { Refusal } from "../../port/ingest.ts";
import { jsonOf, textOf } from "../body.ts";
import type { CiLabelOptions, IsKnownCi } from "../ci-label.ts";
import { formFields } from "./form.ts";
import type { AlertIdentity } from "../open-alerts.ts";

/** One request as a mapping sees it. */
export interface WebhookMessage {
  /** By lower-case name; the last one where it was repeated. */
  header(name: string): string | undefined;
  /** Of those that begin so, in lower case, name and value as `header` gives it. */
  headersWith(prefix: string): readonly (readonly [name: string, value: string])[];
  /** As they came, for signatures. */
  bytes: Buffer;
  /** Throws a refusal where the body is no JSON. */
  json(): unknown;
  /** Throws a refusal where the body is not UTF-8. */
  text(): string;
  /** Fields of a form; empty where the body is none. */
  form(): URLSearchParams;
}

export interface MapContext {
  now: UnixMillis;
  isKnownCi: IsKnownCi;
  ciLabels: CiLabelOptions;
  /** The open alert that an earlier message of this kind had under this key (its label `keyLabel`). */
  openAlert(key: string): AlertIdentity | undefined;
}

export interface Mapped {
  events: readonly Event[];
  /** What was left out on purpose, by reason from the kind's own short list. */
  dropped?: Readonly<Record<string, number>>;
  /** Where the sender wants to read something of its own; else `{accepted, dropped}`. */
  answer?: { status: number; contentType: string; body: string };
}

/** One sort of sender. Mappings are pure: they know the message and the moment, and nothing else. */
export interface WebhookKind {
  name: string;
  /** Throws a refusal (400) for what is no message of this kind. Unknown fields pass. */
  map(message: WebhookMessage, context: MapContext): Mapped;
  /** Label that holds the sender's key of a condition, where a later message may carry nothing but the key. */
  keyLabel?: string;
  /** Whether somebody who knows one of the secrets has signed the message. */
  isSigned?(message: WebhookMessage, secrets: readonly string[], now: UnixMillis): boolean;
  /** Tokens that stand in the body. */
  secretsIn?(message: WebhookMessage): readonly string[];
}

/** A 400 that says what was expected. */
export function notOfKind(kind: string, expected: string): Refusal {
  return new Refusal(400, "notOfKind", `this is no message of ${kind}: ${expected}`);
}

/**
 * Maps the elements of a list. One that is of another kind is counted as `invalid` and does not sink the others; where none
 * is right the first mistake is the answer.
 *
 * @param map a text is the reason why an element was left out on purpose.
 */
export function mapEach(elements: readonly unknown[], map: (element: unknown) => Event | string): Mapped {
  const events: Event[] = [];
  const dropped: Record<string, number> = {};
  let fault: Refusal | undefined;
  for (const element of elements) {
    const mapped = mapOrRefusal(element, map);
    if (mapped instanceof Refusal) fault ??= mapped;
    if (typeof mapped === "object" && !(mapped instanceof Refusal)) events.push(mapped);
    else {
      const reason = typeof mapped === "string" ? mapped : "invalid";
      dropped[reason] = (dropped[reason] ?? 0) + 1;
    }
  }
  if (fault !== undefined && dropped["invalid"] === elements.length) throw fault;
  return { events, dropped };
}

function mapOrRefusal(element: unknown, map: (element: unknown) => Event | string): Event | string | Refusal {
  try {
    return map(element);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

export function webhookMessage(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  bytes: Buffer,
): WebhookMessage {
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value.at(-1) : value;
  };
  return {
    header,
    headersWith: (prefix) =>
      Object.keys(headers).flatMap((name) => {
        const value = name.startsWith(prefix) ? header(name) : undefined;
        return value === undefined ? [] : [[name, value] as const];
      }),
    bytes,
    json: () => jsonOf(bytes),
    text: () => textOf(bytes),
    form: () => formFields(header("content-type") ?? "", () => textOf(bytes)),
  };
}

import type { Static, TSchema, TUnsafe } from "typebox";
import type { Matcher } from "../core/model/silence.ts";
import type { Milliseconds } from "../core/model/time.ts";
import type { Secret } from "./secret.ts";
import { Type } from "./type-builder.ts";

/**
 * The vocabulary in which sections of `tocsin.yaml` and connectors describe what they take. A schema is JSON Schema
 * (TypeBox) plus the keyword `form`, which names how a text is read; its static type is what the reader gets after that.
 * Validation, defaults, types, the JSON Schema for editors and the reference page all come from it.
 */
export const FORMS = [
  "duration",
  "size",
  "secret",
  "path",
  "url",
  "hostPort",
  "cidr",
  "timeZone",
  "time",
  "matcher",
  "oneOrMany",
  "notInUse",
] as const;
export type Form = (typeof FORMS)[number];

interface Described {
  /** One or two sentences for the reference page. */
  description: string;
}

/** `30s`, `5m`, `1h30m`, `7d`; read as milliseconds. `default`, `least` and `most` are in the same form. */
export function duration(
  options: Described & { default?: string; least?: string; most?: string },
): TUnsafe<Milliseconds> {
  return Type.Unsafe<Milliseconds>({ type: "string", form: "duration", ...options });
}

/** `512KiB`, `64MiB`, `2GiB`; read as bytes. */
export function size(options: Described & { default?: string; least?: string; most?: string }): TUnsafe<number> {
  return Type.Unsafe<number>({ type: "string", form: "size", ...options });
}

/** A key `x` of this schema may be written inline as `x` or as `xFile`, the name of a file that holds it; exactly one. */
export function secret(options: Described): TUnsafe<Secret> {
  return Type.Unsafe<Secret>({ type: "string", form: "secret", ...options });
}

/** A file or folder; relative ones start at the folder of the file they stand in. Read as an absolute path. */
export function path(options: Described & { default?: string }): TUnsafe<string> {
  return Type.Unsafe<string>({ type: "string", form: "path", ...options });
}

/** An absolute URL with one of the protocols (`http:` and `https:` where not said otherwise), without user and password. */
export function url(options: Described & { default?: string; protocols?: string[] }): TUnsafe<string> {
  return Type.Unsafe<string>({ type: "string", form: "url", ...options });
}

export interface HostPort {
  /** Without brackets; "" = every address. */
  host: string;
  /** 0 = any free one. */
  port: number;
}

/** `127.0.0.1:8430`, `[::1]:8430`, `:8430`. */
export function hostPort(options: Described & { default?: string }): TUnsafe<HostPort> {
  return Type.Unsafe<HostPort>({ type: "string", form: "hostPort", ...options });
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. Kept as text. */
export function cidr(options: Described): TUnsafe<string> {
  return Type.Unsafe<string>({ type: "string", form: "cidr", ...options });
}

/** An IANA time zone: `Europe/Berlin`. */
export function timeZone(options: Described & { default?: string }): TUnsafe<string> {
  return Type.Unsafe<string>({ type: "string", form: "timeZone", ...options });
}

/** A point in time, RFC 3339; read as milliseconds since 1970. */
export function time(options: Described): TUnsafe<number> {
  return Type.Unsafe<number>({ type: "string", form: "time", ...options });
}

/** `severity="critical"`, `check=~disk_.*`: Alertmanager's matchers, one text, or an object as in its API. */
export function matcher(options: Described): TUnsafe<Matcher> {
  return Type.Unsafe<Matcher>({ form: "matcher", ...options });
}

/** A list, or one element without the brackets. */
export function oneOrMany<Element extends TSchema>(
  element: Element,
  options: Described & { minItems?: number },
): TUnsafe<Static<Element>[]> {
  return Type.Unsafe<Static<Element>[]>({ form: "oneOrMany", items: element, ...options });
}

/** A section whose name is reserved: it is taken with a warning that it has no effect yet. */
export function notInUse(options: Described): TUnsafe {
  return Type.Unsafe({ form: "notInUse", ...options });
}

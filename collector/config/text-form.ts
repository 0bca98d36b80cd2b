import { isIP } from "node:net";
import { parseWrittenTime } from "../../protocol/rfc3339.ts";
import { invalidMatcher } from "../core/model/matcher.ts";
import { parseMatchers } from "../core/model/matcher-syntax.ts";
import type { Matcher } from "../core/model/silence.ts";
import type { HostPort } from "../port/config-schema.ts";

/** What a text was read as, or why not; the reader adds where it stands. */
export type FormResult<T> = { value: T } | { problem: string; hint: string };

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** `64MiB` → bytes; null where it is no size. Whole numbers with a binary unit only, so that nobody guesses. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,12})(B|KiB|MiB|GiB|TiB)$/.exec(text);
  if (match === null) return null;
  const bytes = Number(match[1]) * (SIZE_UNITS[match[2] ?? ""] ?? 1);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** `host:port`, `[v6]:port`, `:port`. */
export function parseHostPort(text: string): FormResult<HostPort> {
  const hint = "write HOST:PORT, such as 127.0.0.1:8430 or [::1]:8430";
  const match = /^(?:\[([^\]]*)\]|([^:\s[\]/]*)):(\d{1,5})$/.exec(text);
  if (match === null) return { problem: "is not HOST:PORT", hint };
  const [, bracketed, plain = "", digits = ""] = match;
  const port = Number(digits);
  if (port > 65_535) return { problem: "has a port above 65535", hint };
  if (bracketed !== undefined && isIP(bracketed.replace(/%.*$/, "")) !== 6)
    return { problem: "has something in brackets that is not an IPv6 address", hint };
  return { value: { host: bracketed ?? plain, port } };
}

/** An absolute URL with an allowed protocol and without credentials, as the standard normalises it. */
export function parseUrl(text: string, protocols: readonly string[]): FormResult<string> {
  const names = protocols.map((protocol) => `${protocol}//`).join(" or ");
  if (!URL.canParse(text)) return { problem: "is not an absolute URL", hint: `write one that starts with ${names}` };
  const url = new URL(text);
  if (!protocols.includes(url.protocol)) return { problem: `does not start with ${names}`, hint: "" };
  if (url.hostname === "") return { problem: "names no host", hint: "" };
  if (url.username !== "" || url.password !== "")
    return {
      problem: "holds a user name or password",
      hint: "use the keys for them; a URL is shown in logs and messages",
    };
  return { value: url.href };
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. */
export function parseCidr(text: string): FormResult<string> {
  const hint = "write a network such as 10.0.0.0/8, or one address";
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  const bitsMax = family === 6 ? 128 : 32;
  if (family === 0 || rest.length > 0 || address.includes("%")) return { problem: "is not a network", hint };
  if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > bitsMax))
    return { problem: `has a prefix that is not between 0 and ${bitsMax}`, hint };
  return { value: text };
}

export function parseTimeZone(text: string): FormResult<string> {
  const hint = "write an IANA zone such as Europe/Berlin or UTC";
  // Offsets such as +02:00 are zones for the library, and a trap for people: they know no summer time.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(text)) return { problem: "is not a time zone", hint };
  try {
    return { value: new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone };
  } catch {
    return { problem: "is not a time zone that this system knows", hint };
  }
}

/** RFC 3339 with its offset → milliseconds since 1970. */
export function parseTime(text: string): FormResult<number> {
  const at = parseWrittenTime(text);
  return Number.isNaN(at)
    ? { problem: "is not a time", hint: "write it with its zone: 2026-11-21T14:00:00Z or 2026-11-21T15:00:00+01:00" }
    : { value: at };
}

/** Exactly one matcher as text, its regular expression valid in RE2. */
export function parseMatcherText(text: string): FormResult<Matcher> {
  const hint = 'write name="value", name!="value", name=~"regex" or name!~"regex"';
  const parse = parseMatchers(text);
  if (parse.status === "invalid")
    return { problem: `is not a matcher: ${parse.message} (at character ${parse.offset + 1})`, hint };
  const [matcher, ...rest] = parse.matchers;
  if (matcher === undefined || rest.length > 0)
    return { problem: "holds more than one matcher", hint: "give each matcher its own line of the list" };
  return checkedMatcher(matcher);
}

/** With the engine that will run it, so that what passes here also works. */
export function checkedMatcher(matcher: Matcher): FormResult<Matcher> {
  const fault = invalidMatcher(matcher);
  if (fault === null) return { value: matcher };
  return {
    problem: `cannot be used: ${fault}`,
    hint: "regular expressions are RE2's: no look-around, no back-references",
  };
}

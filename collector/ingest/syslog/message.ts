import type { UnixMillis } from "../../core/model/time.ts";

/** A syslog message of either form. What a device left out is undefined; nothing is ever refused. */
export interface SyslogMessage {
  facility: number;
  /** 0 emergency … 7 debug. */
  severity: number;
  at: UnixMillis | undefined;
  host: string | undefined;
  /** APP-NAME, or the tag of the older form. */
  app: string | undefined;
  procId: string | undefined;
  /** MSGID; only the newer form has one. */
  msgId: string | undefined;
  /** Structured data: parameters by element, both as sent. */
  data: Readonly<Record<string, Readonly<Record<string, string>>>>;
  text: string;
}

const NONE = {};
/** user.notice: what RFC 3164 takes a message without priority for. */
const DEFAULT_PRIORITY = 13;
const PRIORITY = /^<(\d{1,3})>/;

/**
 * Reads a message of RFC 5424 or RFC 3164, or of one of the many devices that follow neither.
 *
 * @param now for the year that RFC 3164 leaves out. Its times have no zone; they are taken as UTC.
 */
export function readSyslog(text: string, now: UnixMillis): SyslogMessage {
  const found = PRIORITY.exec(text);
  const number = found === null ? DEFAULT_PRIORITY : Number(found[1]);
  const priority = number > 191 ? DEFAULT_PRIORITY : number;
  const rest = found === null ? text : text.slice(found[0].length);
  const facility = priority >> 3;
  const severity = priority & 7;
  const newer = rest.startsWith("1 ") ? readNewer(rest.slice(2)) : undefined;
  return { facility, severity, ...(newer ?? readOlder(rest, now)) };
}

type Content = Omit<SyslogMessage, "facility" | "severity">;

const nil = (value: string | undefined): string | undefined => (value === "-" || value === "" ? undefined : value);

function timeOf(text: string | undefined): UnixMillis | undefined {
  const at = text === undefined || text === "-" ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** RFC 5424 after its version: TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA [SP MSG]. */
function readNewer(text: string): Content | undefined {
  const header = /^(\S{1,64}) (\S{1,255}) (\S{1,128}) (\S{1,128}) (\S{1,128}) /.exec(text);
  if (header === null) return undefined;
  const [whole, time, host, app, procId, msgId] = header;
  const { data, end } = readData(text, whole.length);
  const message = text.slice(end).replace(/^ /, "");
  return {
    at: timeOf(time),
    host: nil(host),
    app: nil(app),
    procId: nil(procId),
    msgId: nil(msgId),
    data,
    // The byte order mark says that the text is UTF-8, which it is taken for anyway.
    text: message.charCodeAt(0) === 0xfeff ? message.slice(1) : message,
  };
}

const ELEMENTS_MAX = 32;
const ELEMENT = /\[([^\s=\]"]{1,32})((?: [^\s=\]"]{1,32}="(?:[^"\\\]]|\\[\s\S])*")*)\]/y;
const PARAMETER = / ([^\s=\]"]{1,32})="((?:[^"\\\]]|\\[\s\S])*)"/g;

function readData(text: string, from: number): { data: SyslogMessage["data"]; end: number } {
  if (text[from] === "-") return { data: NONE, end: from + 1 };
  const data: Record<string, Record<string, string>> = {};
  let end = from;
  for (let count = 0; count < ELEMENTS_MAX; count += 1) {
    ELEMENT.lastIndex = end;
    const element = ELEMENT.exec(text);
    if (element === null) break;
    end += element[0].length;
    const name = element[1] ?? "";
    if (name === "__proto__") continue;
    const parameters: Record<string, string> = {};
    for (const [, key = "", value = ""] of (element[2] ?? "").matchAll(PARAMETER))
      if (key !== "__proto__") parameters[key] = value.replace(/\\(["\\\]])/g, "$1");
    data[name] = parameters;
  }
  return { data, end };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const OLD_TIME =
  /^[*.]?([A-Z][a-z]{2}) {1,2}(\d{1,2})(?: (\d{4}))? (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(?: ?[A-Z]{3,4})?:? /;
const ISO_TIME = /^[*.]?(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?):? /;
/** Cisco puts one or two sequence numbers before the time, and its name where `logging origin-id` says so. */
const BEFORE_TIME = /^(?:\d{1,10}: ){0,2}(?:([\w.-]{1,64}): )?(?=[*.]?(?:[A-Z][a-z]{2} {1,2}\d|\d{4}-\d{2}-\d{2}[T ]))/;
const TAG = /^([^\s:[\]]{1,64})(?:\[([^\]]{1,32})\])?:(?: |$)/;

/** RFC 3164 and its relations: [time] [host] [tag[pid]:] text. */
function readOlder(text: string, now: UnixMillis): Content {
  const before = BEFORE_TIME.exec(text);
  const origin = before?.[1];
  const start = text.slice(before?.[0].length ?? 0);
  const { at, length } = oldTime(start, now);
  const rest = start.slice(length);
  // Without a time there is no host either: what stands there is the tag or the text.
  const host = length === 0 ? undefined : /^([A-Za-z0-9][\w.:-]{0,254}) (?!\s)/.exec(rest)?.[1];
  const isHost = host !== undefined && !host.endsWith(":") && !rest.startsWith("%");
  const body = isHost ? rest.slice(host.length + 1) : rest;
  const tag = body.startsWith("%") ? null : TAG.exec(body);
  return {
    at,
    host: isHost ? host : origin,
    app: tag?.[1],
    procId: tag?.[2],
    msgId: undefined,
    data: NONE,
    text: (tag === null ? body : body.slice(tag[0].length)).trim(),
  };
}

function oldTime(text: string, now: UnixMillis): { at: UnixMillis | undefined; length: number } {
  const iso = ISO_TIME.exec(text);
  if (iso !== null) {
    const [whole, time = ""] = iso;
    const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/.test(time) ? time : `${time}Z`;
    return { at: timeOf(zoned.replace(" ", "T").replace(",", ".")), length: whole.length };
  }
  const old = OLD_TIME.exec(text);
  const month = MONTHS.indexOf(old?.[1] ?? "");
  if (old === null || month === -1) return { at: undefined, length: 0 };
  const [whole, , day, year, hours, minutes, seconds, fraction = "0"] = old;
  const time = [Number(day), Number(hours), Number(minutes), Number(seconds), Number(`0.${fraction}`) * 1000] as const;
  const thisYear = new Date(now).getUTCFullYear();
  const inYear = (y: number): number => Date.UTC(y, month, ...time);
  const given = year === undefined ? inYear(thisYear) : inYear(Number(year));
  // In the first days of January the last days of December come from the past year, not from the coming one.
  const isAhead = year === undefined && given - now > 7 * 86_400_000;
  return { at: isAhead ? inYear(thisYear - 1) : given, length: whole.length };
}

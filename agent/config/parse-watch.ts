import {
  EMPTY_WATCH,
  type LogWatch,
  type PluginWatch,
  type ProcessWatch,
  type UnitWatch,
  type WatchConfig,
} from "./agent-config.ts";
import type { Read } from "./config-reader.ts";
import { journalWatch } from "./parse-journal-watch.ts";
import { certificateWatch, dnsWatch, httpWatch, pingWatch, portWatch } from "./parse-network-watch.ts";
import { common, every, isText, missing, only, severity, text, timeout } from "./watch-reader.ts";

/** Checks an RE2 pattern; null = good, else what is wrong. Given by the caller, because the engine is large. */
export type CheckPattern = (pattern: string) => string | null;

/** `nginx`, or `{name: nginx, command: "*worker*", user: www-data, min: 2, max: 10}`. */
const processWatch: Read<ProcessWatch> = (reader, value) => {
  const read = isText(value)
    ? { name: reader.text(value) }
    : reader.map<{
        name: string;
        command: string;
        user: string;
        min: number;
        max: number;
        severity: ProcessWatch["severity"];
        for: number;
      }>(value, {
        name: text,
        command: text,
        user: text,
        min: (r, v) => r.integer(v, 0, 100_000),
        max: (r, v) => r.integer(v, 0, 100_000),
        ...common,
      });
  if (read === undefined) return undefined;
  const { name } = read;
  if (name === undefined) return missing(reader, value, "name", "the program's name");
  const { command = null, user = null, min = 1, max = null, ...rest } = { ...EMPTY_PROCESS, ...read };
  if (max !== null && max < min)
    return reader.error(value, "AGENT_CONTRADICTION", `${value.path}: max ${max} is less than min ${min}`, "");
  return { name, command, user, min, max, severity: rest.severity ?? "critical", forMs: rest.for ?? 5000 };
};

interface ProcessKeys {
  command?: string | null;
  user?: string | null;
  min?: number;
  max?: number | null;
  severity?: ProcessWatch["severity"];
  for?: number;
}
const EMPTY_PROCESS: ProcessKeys = {};

/** `nginx`, `nginx.service`, or `{name: nginx.service, severity: major, for: 1m}`. */
const unitWatch: Read<UnitWatch> = (reader, value) => {
  const read: Partial<{ name: string; severity: UnitWatch["severity"]; for: number }> | undefined = isText(value)
    ? only({ name: reader.text(value) })
    : reader.map<{ name: string; severity: UnitWatch["severity"]; for: number }>(value, { name: text, ...common });
  if (read === undefined) return undefined;
  if (read.name === undefined) return missing(reader, value, "name", "the unit's name, such as nginx.service");
  if (!/^[A-Za-z0-9:_.\\@-]+$/.test(read.name))
    return reader.error(value, "AGENT_BAD_VALUE", `${value.path} is no unit name`, "such as nginx.service");
  const name = /\.[a-z]+$/.test(read.name) ? read.name : `${read.name}.service`;
  return { name, severity: read.severity ?? "critical", forMs: read.for ?? 0 };
};

function patternReader(checkPattern: CheckPattern): Read<string> {
  return (reader, value) => {
    const source = reader.text(value);
    const trouble = source === undefined ? null : checkPattern(source);
    if (trouble === null) return source;
    return reader.error(
      value,
      "AGENT_BAD_PATTERN",
      `${value.path}: ${trouble}`,
      "RE2 syntax; it has no look-around and no back-references",
    );
  };
}

function logWatch(pattern: Read<string>, place: (path: string) => string): Read<LogWatch> {
  return (reader, value) => {
    const read = reader.map<{
      path: string;
      pattern: string;
      exclude: string;
      name: string;
      entryStart: string;
      clearAfter: number;
      count: number;
      within: number;
      severity: LogWatch["severity"];
    }>(value, {
      path: text,
      pattern,
      exclude: pattern,
      name: text,
      entryStart: pattern,
      clearAfter: (r, v) => r.duration(v, "1s", "7d"),
      count: (r, v) => r.integer(v, 1, 1_000_000),
      within: (r, v) => r.duration(v, "1s", "1d"),
      severity,
    });
    if (read === undefined) return undefined;
    if (read.path === undefined) return missing(reader, value, "path", "the log file");
    if (read.pattern === undefined) return missing(reader, value, "pattern", "what to look for");
    if (/[*?]/.test(read.path.slice(0, read.path.lastIndexOf("/") + 1)))
      return reader.error(
        value,
        "AGENT_BAD_VALUE",
        `${value.path}: a wildcard in a folder's name`,
        "wildcards only after the last slash",
      );
    return {
      path: place(read.path),
      pattern: read.pattern,
      exclude: read.exclude ?? null,
      name: read.name ?? read.path,
      entryStart: read.entryStart ?? null,
      clearAfterMs: read.clearAfter ?? 300_000,
      count: read.count ?? 1,
      withinMs: read.within ?? 60_000,
      severity: read.severity ?? "warning",
      forMs: 0,
    };
  };
}

const pluginWatch: Read<PluginWatch> = (reader, value) => {
  const read = reader.map<{
    name: string;
    command: string[];
    every: number;
    timeout: number;
    severity: PluginWatch["severity"];
    for: number;
  }>(value, { name: text, command: (r, v) => r.list(v, text), every, timeout, ...common });
  if (read === undefined) return undefined;
  if (read.name === undefined) return missing(reader, value, "name", "the check's name");
  const { command } = read;
  if (command === undefined || command.length === 0)
    return missing(
      reader,
      value,
      "command",
      'program and arguments as a list: ["/usr/lib/nagios/plugins/check_ntp", "-H", "pool"]',
    );
  if (!command[0]!.startsWith("/"))
    return reader.error(
      value,
      "AGENT_BAD_VALUE",
      `${value.path}: the program ${JSON.stringify(command[0])} is no absolute path`,
      "no shell and no PATH are used",
    );
  return {
    name: read.name,
    command,
    severity: read.severity ?? "critical",
    forMs: read.for ?? 0,
    everyMs: read.every ?? 60_000,
    timeoutMs: read.timeout ?? 10_000,
  };
};

/** The `watch:` section. Two watches of one kind with the same name would be one alert, so they are a mistake. */
export function readWatch(checkPattern: CheckPattern, place: (path: string) => string): Read<WatchConfig> {
  const listOf =
    <T>(read: Read<T>, nameOf: (item: T) => string): Read<T[]> =>
    (reader, value) => {
      const items = reader.list(value, read);
      const names = items?.map(nameOf) ?? [];
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      if (twice !== undefined)
        return reader.error(
          value,
          "AGENT_DUPLICATE_NAME",
          `${value.path} names ${JSON.stringify(twice)} twice`,
          "give one of them another name",
        );
      return items;
    };
  const pattern = patternReader(checkPattern);
  return (reader, value) => {
    const read = reader.map<WatchConfig>(value, {
      processes: listOf(processWatch, (each) => each.name),
      units: listOf(unitWatch, (each) => each.name),
      ports: listOf(portWatch, (each) => `${each.host}:${each.port}`),
      logs: listOf(logWatch(pattern, place), (each) => each.name),
      ping: listOf(pingWatch, (each) => each.host),
      journal: listOf(journalWatch(pattern), (each) => each.name),
      http: listOf(httpWatch, (each) => each.name),
      certificates: listOf(certificateWatch(place), (each) => each.name),
      dns: listOf(dnsWatch, (each) => `${each.type} ${each.name}`),
      plugins: listOf(pluginWatch, (each) => each.name),
    });
    return read === undefined ? undefined : { ...structuredClone(EMPTY_WATCH), ...read };
  };
}

import type { JournalWatch } from "./agent-config.ts";
import type { Read } from "./config-reader.ts";
import { severity, text, wait } from "./watch-reader.ts";

/** syslog's words, by number. */
const PRIORITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"] as const;

const priority: Read<number> = (reader, value) => {
  const word = reader.oneOf(value, PRIORITIES);
  return word === undefined ? undefined : PRIORITIES.indexOf(word);
};

/** `{unit: nginx.service, priority: err, pattern: "…"}`: what matches all that is given. */
export function journalWatch(pattern: Read<string>): Read<JournalWatch> {
  return (reader, value) => {
    const read = reader.map<
      Omit<JournalWatch, "forMs" | "clearAfterMs" | "withinMs"> & { for: number; clearAfter: number; within: number }
    >(value, {
      name: text,
      unit: text,
      identifier: text,
      priority,
      pattern,
      exclude: pattern,
      count: (r, v) => r.integer(v, 1, 1_000_000),
      within: (r, v) => r.duration(v, "1s", "1d"),
      clearAfter: (r, v) => r.duration(v, "1s", "7d"),
      severity,
      for: wait,
    });
    if (read === undefined) return undefined;
    const { unit = null, identifier = null, pattern: wanted = null } = read;
    if (unit === null && identifier === null && wanted === null && read.priority === undefined)
      return reader.error(
        value,
        "AGENT_MISSING_KEY",
        `${value.path} matches everything`,
        "at least one of unit, identifier, priority, pattern",
      );
    const words = [unit, identifier, read.priority === undefined ? null : PRIORITIES[read.priority], wanted];
    return {
      name: read.name ?? words.filter((word) => word !== null).join(" "),
      unit: unit === null || /[.*?]/.test(unit) ? unit : `${unit}.service`,
      identifier,
      priority: read.priority ?? PRIORITIES.length - 1,
      pattern: wanted,
      exclude: read.exclude ?? null,
      count: read.count ?? 1,
      withinMs: read.within ?? 60_000,
      clearAfterMs: read.clearAfter ?? 300_000,
      severity: read.severity ?? "warning",
      forMs: read.for ?? 0,
    };
  };
}

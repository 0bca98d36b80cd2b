import type { Severity } from "../core/model/severity.ts";

const WORDS: Readonly<Record<Severity, readonly string[]>> = {
  critical: [
    "critical",
    "crit",
    "page",
    "fatal",
    "emergency",
    "emerg",
    "alert",
    "disaster",
    "down",
    "unreachable",
    "blocker",
    "sev0",
    "sev1",
    "p0",
    "p1",
  ],
  major: ["major", "error", "err", "high", "severe", "sev2", "p2"],
  minor: ["minor", "average", "medium", "moderate", "unknown", "sev3", "p3"],
  warning: ["warning", "warn", "low", "sev4", "p4"],
  info: [
    "info",
    "information",
    "informational",
    "notice",
    "debug",
    "none",
    "normal",
    "ok",
    "not classified",
    "sev5",
    "p5",
  ],
};

const BY_WORD: ReadonlyMap<string, Severity> = new Map(
  (Object.keys(WORDS) as Severity[]).flatMap((severity) => WORDS[severity].map((word) => [word, severity] as const)),
);

/** What a sender that says nothing about severity gets: serious enough to be looked at alone, not the worst. */
export const UNSTATED_SEVERITY: Severity = "major";

/** The words that senders use for how bad it is, case-insensitively; undefined for a word that we do not know. */
export function severityWord(word: string): Severity | undefined {
  return BY_WORD.get(word) ?? BY_WORD.get(word.trim().toLowerCase());
}

/** Syslog's numerical severity (RFC 5424 section 6.2.1, table 2): 0 emergency … 7 debug. */
export function syslogSeverity(level: number): Severity {
  if (level <= 2) return "critical";
  if (level === 3) return "major";
  if (level === 4) return "warning";
  return "info";
}

/** How bad the source says it is (ITU-T X.733), worst first. Technical; not the priority. */
export const SEVERITIES = ["critical", "major", "minor", "warning", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** 5 for critical down to 1 for info, so that larger is worse. */
export function severityRank(severity: Severity): number {
  return SEVERITIES.length - SEVERITIES.indexOf(severity);
}

/** From this rank on (major, critical) a source means that something has failed. */
export const SERIOUS_RANK = 4;

export function worseSeverity(a: Severity, b: Severity): Severity {
  return severityRank(a) >= severityRank(b) ? a : b;
}

/** ITIL 4 priority, P1 the most urgent: impact × urgency. */
export const PRIORITIES = ["P1", "P2", "P3", "P4", "P5"] as const;
export type Priority = (typeof PRIORITIES)[number];

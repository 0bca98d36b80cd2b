/**
 * What is wrong with something an operator wrote: configuration, CMDB, rules, an agent's file.
 * All findings of a file are reported together; a file with an `error` is not used, a `warning` does not stop it.
 */
export interface Finding {
  severity: "error" | "warning";
  /** Stable, upper case, from one table for each room: `CONFIG_UNKNOWN_KEY`. */
  code: string;
  /** As the operator named it, so that an editor can open it. */
  file: string;
  /** 1-based; 1 where the whole file is meant. */
  line: number;
  /** 1-based, in UTF-16 code units. */
  column: number;
  /** What was found, in one sentence without a full stop at its end; never a secret's value. */
  message: string;
  /** What to do; "" where the message says it already. */
  hint: string;
}

/** `file:line:column`, the form editors and terminals make a link of. */
export function findingPlace(finding: Finding): string {
  return `${finding.file}:${finding.line}:${finding.column}`;
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === "error");
}

/** By file, line, column, then code: the order in which they are shown, by code unit. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.code, b.code),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

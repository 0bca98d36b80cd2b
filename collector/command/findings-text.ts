import { type Finding, findingPlace } from "../../protocol/finding.ts";
import { paint, printable } from "./table.ts";

/** Findings as compilers show them, so that editors make links: `file:line:column: error CODE: found; do`. */
export function findingsText(findings: readonly Finding[], isTerminal: boolean): string {
  return findings
    .map((finding) => {
      const kind = paint(finding.severity, finding.severity === "error" ? "red" : "yellow", isTerminal);
      const hint = finding.hint === "" ? "" : `; ${finding.hint}`;
      return `${printable(findingPlace(finding))}: ${kind} ${finding.code}: ${printable(finding.message + hint)}\n`;
    })
    .join("");
}

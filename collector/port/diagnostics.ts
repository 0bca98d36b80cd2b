import type { Labels } from "../core/model/event.ts";

/** What an agent recorded of its host when an alert began, or when somebody asked: text a person reads. */
export interface Diagnostics {
  /** Whose alert brought it along. */
  alert: string;
  ci: string;
  check: string;
  instance: string;
  /** By part: `recorder` (the last minutes at one second), `processes`, `sockets`, `disks`, `kernel`, `journal`. */
  parts: Record<string, string>;
}

/** In the order in which they are shown. */
export const DIAGNOSTIC_PARTS = ["recorder", "processes", "sockets", "disks", "kernel", "journal"] as const;

/** The parts among an alert's annotations; null where an agent brought none along. */
export function diagnosticParts(source: string, annotations: Readonly<Labels>): Record<string, string> | null {
  if (source !== "agent") return null;
  const found = DIAGNOSTIC_PARTS.flatMap((part): [string, string][] =>
    Object.hasOwn(annotations, part) ? [[part, annotations[part] ?? ""]] : [],
  );
  return found.length === 0 ? null : Object.fromEntries(found);
}

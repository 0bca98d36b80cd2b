/** A scenario as text, as its files hold it. */
export interface Material {
  cmdb: string;
  lines: string[];
  truth: string;
}

/** A line of `events.jsonl`, as far as permutations touch it. */
export interface EventLine {
  receivedAt: string;
  id: string;
  source: string;
  ci: string;
  check: string;
  instance?: string;
  status: string;
  severity: string;
  summary: string;
  time: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface TruthFile {
  scenario: { start: string };
  faults: {
    id: string;
    root: string | null;
    acceptableRoots: string[];
    affectedCis: string[];
    businessServices: string[];
    start: string;
    end: string;
    recoveredAt: string | null;
    firstEventAt: string | null;
  }[];
  unknownCis?: Record<string, string[]>;
  /** id → `label|alert episode|F/R/C|arrival (s after start)` */
  events: Record<string, string>;
}

export function readLines(lines: readonly string[]): EventLine[] {
  return lines.map((line) => JSON.parse(line) as EventLine);
}

/** What can be wrong with a CI, each from 0 (well) to 1. */
export const ASPECTS = [
  /** Does not run. */
  "dead",
  /** Runs, and nobody outside reaches it. */
  "cut",
  "errors",
  "slow",
  "load",
  "full",
  "backlog",
  "hot",
  "lossy",
  "skew",
  "certificate",
  /** Input power is lost; what has it dies. */
  "power",
  /** Share of the members that are out. */
  "member",
  /** A line to a neighbour is down. */
  "port",
] as const;
export type Aspect = (typeof ASPECTS)[number];

/** What a fault does by itself, before anything spreads. Times in seconds after the start. */
export interface Impairment {
  ci: number;
  aspect: Aspect;
  level: number;
  from: number;
  to: number;
  /** The level rises over so many seconds; 0 = at once. */
  rampS: number;
  /** Comes and goes: seconds bad, seconds well. */
  beat?: [bad: number, well: number];
}

export interface Fault {
  id: string;
  kind: string;
  root: number | null;
  acceptable: number[];
  impairments: Impairment[];
  start: number;
  end: number;
  gradual: boolean;
  intermittent: boolean;
  recurrence: string | null;
  /** Seconds after the start at which a change caused it; null = none did. */
  changeAt: number | null;
  changeOn: number | null;
}

/** Planned work: it does to CIs what a fault does, and nobody must be woken for it. */
export interface Work {
  id: string;
  cis: number[];
  from: number;
  to: number;
  includeDependents: boolean;
  impairments: Impairment[];
}

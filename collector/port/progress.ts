import type { Milliseconds } from "../core/model/time.ts";

/**
 * One thing that must move when there is something to do: commits, delivery, the inbox. Health is read from these:
 * a process that answers but moves nothing is not healthy.
 */
export interface Progress {
  /** Lower camel case, from a closed list (it labels a metric): `commit`, `delivery`, `inbox` … */
  readonly name: string;
  /** How long the oldest due work has waited since anything of its kind last moved; 0 when nothing is due. */
  waitingMs(): Milliseconds;
  /** Waiting longer than this is not healthy. */
  readonly limitMs: Milliseconds;
}

/** Whether the process takes requests, and if not, why, for `/readyz`. */
export type Readiness = () => { ready: true } | { ready: false; reason: string };

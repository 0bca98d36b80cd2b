import { readState, writeState } from "../spool/state-file.ts";

/**
 * What the collector has set, as it stands in the data directory. A new text is first on trial: the agent begins anew with it, and
 * it takes the place of the one before only when something could be sent.
 */
export interface RemoteState {
  /** Of the newest document that was taken or put on trial; older ones are refused. */
  version: number;
  /** Of the current text, for the next question; null = ask for all of it. */
  etag: string | null;
  /** In use; "" = the host's own file alone. */
  current: string;
  trial: { text: string; version: number; etag: string | null; starts: number } | null;
  rejected: Rejection | null;
}

export interface Rejection {
  version: number;
  reason: string;
  /** How often it was on trial. */
  tries: number;
  /** Wall clock; when it may be tried again. null = never: it cannot be right. */
  retryAt: number | null;
}

/** What the process that is to run was given. `fault`: why a trial is over before it began. */
export interface RemoteUse {
  kind: "none" | "current" | "trial";
  fault: string | null;
}

/** A trial that ended without a word this often (a crash, a kill) is over. */
export const TRIAL_STARTS_MAX = 3;

const NOTHING: RemoteState = { version: 0, etag: null, current: "", trial: null, rejected: null };

export function readRemoteState(path: string): RemoteState {
  const stored = readState(path) as Partial<RemoteState> | null;
  if (typeof stored?.current !== "string" || typeof stored.version !== "number") return NOTHING;
  return { ...NOTHING, ...stored };
}

export function writeRemoteState(path: string, state: RemoteState): void {
  writeState(path, state, true);
}

/** After the first failed trial ten minutes, then an hour, six hours, a day and a half. */
export function retryAfterMs(tries: number): number {
  return 10 * 60_000 * 6 ** Math.min(tries - 1, 3);
}

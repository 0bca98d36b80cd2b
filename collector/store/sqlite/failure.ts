import type { CommitResult } from "../../port/store.ts";

/** Primary result codes of SQLite, https://www.sqlite.org/rescode.html. The low byte of the extended code. */
const BUSY = 5;
const LOCKED = 6;
const FULL = 13;

/** SQLite's extended result code of an error that `node:sqlite` threw; undefined for any other error. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode : undefined;
}

export type Failure = Exclude<CommitResult, { status: "committed" }>;

/**
 * What a failed commit means. Only "somebody holds the lock" and "the disk is full" can pass by themselves. All else is
 * fatal, above all I/O errors: after a failed fsync the kernel may have dropped the dirty pages, so that a second fsync
 * succeeds and tells nothing (Rebello et al., "Can applications recover from fsync failures?", 2020). The only honest way
 * on is to end, and to recover from what the disk holds.
 */
export function classifyFailure(error: unknown): Failure {
  const code = resultCode(error);
  const primary = code === undefined ? undefined : code & 0xff;
  if (primary === BUSY || primary === LOCKED) return { status: "retryable", reason: "busy" };
  if (primary === FULL) return { status: "retryable", reason: "full" };
  const text = error instanceof Error ? error.message : String(error);
  return { status: "fatal", reason: code === undefined ? text : `${text} (SQLite result code ${code})` };
}

import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { randomBytes } from "./random-bytes.ts";
import { keepOwner } from "./spool/keep-owner.ts";
import { readState, writeState } from "./spool/state-file.ts";

/** Who this agent is, for the life of its data directory on this machine. */
export interface Identity {
  agentId: string;
  /** It was made now: a new data directory, or one that was copied to another machine. */
  isNew: boolean;
  /** The machine for which the directory's identity was made before, where that was another one. */
  copied: boolean;
}

/** Reads the data directory's identity; one that was made on another machine is replaced, so that a clone is not its original. */
export function openIdentity(dataDir: string, machineId: string): Identity {
  const path = join(dataDir, "identity.json");
  const stored = readState(path) as { agentId?: unknown; machineId?: unknown } | null;
  if (typeof stored?.agentId === "string" && stored.machineId === machineId)
    return { agentId: stored.agentId, isNew: false, copied: false };
  const agentId = randomBytes(16).toString("hex");
  writeState(path, { agentId, machineId }, true);
  return { agentId, isNew: true, copied: stored !== null };
}

/** The machine's own id; "" where it has none. */
export function machineId(): string {
  for (const path of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    try {
      return readFileSync(path, "utf8").trim();
    } catch {
      // Not every system has one, or the other one.
    }
  }
  return "";
}

/** A data directory that is ours alone until `release`, or until this process ends, however it ends. */
export interface DataDirectory {
  path: string;
  /** Somebody has removed it: nothing can be kept there any more, and another agent could take its place. */
  isGone(): boolean;
  release(): void;
}

/**
 * Takes the data directory, making it where it is missing. `error` says why not: another agent runs on it, or it cannot be
 * written. The lock is SQLite's, which the kernel gives back when a process dies, in every namespace.
 */
export function takeDataDirectory(path: string): DataDirectory | { error: string } {
  try {
    makeFolder(path);
    const file = join(path, "lock");
    const lock = new DatabaseSync(file, { timeout: 0 });
    keepOwner(file);
    lock.exec("BEGIN EXCLUSIVE");
    return { path, isGone: () => !existsSync(file), release: () => lock.isOpen && lock.close() };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException & { errstr?: string };
    if (/database is locked/.test(message))
      return { error: `another agent runs on ${path}; give this one its own dataDir` };
    return { error: `the data directory ${path} cannot be used: ${code ?? ""} ${message}`.replace(/ {2,}/g, " ") };
  }
}

/** Not `recursive` of Node's: that never ends where the kernel refuses a folder as if its parent were missing, as /proc does. */
function makeFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === false) throw new Error(`${path} is no folder`);
  if (found !== undefined) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  mkdirSync(path, 0o700);
}

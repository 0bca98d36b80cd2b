import { readFileSync, writeFileSync } from "node:fs";

/**
 * `npm run lock:trim`, after each `npm install` of something: takes out of package-lock.json the optional packages (binaries
 * for other platforms) that the registry did not have when it was written. npm ci refuses a lock file that names a
 * package without having it.
 */

interface LockedPackage {
  optionalDependencies?: Record<string, string>;
}
export interface LockFile {
  packages: Record<string, LockedPackage>;
}

/** Optional packages that some package of the lock file asks for and the lock file does not have. */
export function missingOptionals(lock: LockFile): string[] {
  const present = new Set(Object.keys(lock.packages).map(nameOf));
  const asked = Object.values(lock.packages).flatMap((each) => Object.keys(each.optionalDependencies ?? {}));
  return [...new Set(asked)].filter((name) => !present.has(name)).sort();
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

export function trimLock(lock: LockFile): LockFile {
  const missing = new Set(missingOptionals(lock));
  for (const each of Object.values(lock.packages)) {
    const kept = Object.entries(each.optionalDependencies ?? {}).filter(([name]) => !missing.has(name));
    if (kept.length > 0) each.optionalDependencies = Object.fromEntries(kept);
    else delete each.optionalDependencies;
  }
  return lock;
}

export const LOCK_PATH = new URL("../../package-lock.json", import.meta.url);

export const readLock = (): LockFile => JSON.parse(readFileSync(LOCK_PATH, "utf8")) as LockFile;

if (import.meta.main) writeFileSync(LOCK_PATH, `${JSON.stringify(trimLock(readLock()), null, 2)}\n`);

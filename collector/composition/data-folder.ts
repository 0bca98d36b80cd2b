import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes the data directory, with the folders above it, for its owner alone. Throws for the operator where that cannot be.
 *
 * Folder by folder: `mkdir` with `recursive` never returns where a file system lets nobody make any (Node 24 on `/proc`).
 */
export function makeDataFolder(folder: string): void {
  const missing: string[] = [];
  let above = resolve(folder);
  while (!isFolder(above, folder)) {
    missing.push(above);
    above = dirname(above);
  }
  try {
    for (const path of missing.reverse()) mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw new Error(
      `the data directory ${folder} cannot be made in ${above} (${(error as NodeJS.ErrnoException).code ?? String(error)}): choose another with --data or dataDir`,
      { cause: error },
    );
  }
}

function isFolder(path: string, folder: string): boolean {
  let kind: ReturnType<typeof statSync> | undefined;
  try {
    kind = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A file stands where a folder should be: what is above it says so.
    if (code === "ENOTDIR") return false;
    throw new Error(`the data directory ${folder} cannot be looked at (${code ?? String(error)})`, { cause: error });
  }
  if (kind !== undefined && !kind.isDirectory())
    throw new Error(`the data directory ${folder} cannot be made: ${path} is a file`);
  return kind !== undefined;
}

import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { globMatches } from "../../../rules/detect/glob.ts";
import type { FactSource } from "./facts.ts";
import { fileFingerprint } from "./packages.ts";

const FILES_MAX = 500;
const HASHED_BYTES_MAX = 4 * 1024 * 1024;

/** Content of files, by hash: never what is in them. A file that may not be read counts by when it was written. */
export function fileFacts(patterns: readonly string[]): FactSource {
  const paths = (): string[] => patterns.flatMap(expand).slice(0, FILES_MAX);
  return {
    name: "files",
    check: "file_changed",
    noun: "file",
    settles: true,
    fingerprint: () => fingerprintOf(paths()),
    read: async () => {
      // Loaded for those alone who list files: Node's cryptography is a part of the agent's memory otherwise.
      const { createHash } = await import("node:crypto");
      const stateOf = (path: string): string => {
        try {
          const bytes = readFileSync(path).subarray(0, HASHED_BYTES_MAX);
          return createHash("sha256").update(bytes).digest("hex").slice(0, 12);
        } catch {
          // No permission, or a folder.
          return writtenAt(path);
        }
      };
      return Object.fromEntries(existing(paths()).map((path) => [path, stateOf(path)]));
    },
  };
}

/** When files were written; for those whose content is nobody's concern. */
export function writtenFacts(name: string, noun: string, patterns: readonly string[]): FactSource {
  const paths = (): string[] => patterns.flatMap(expand).slice(0, FILES_MAX);
  return {
    name,
    check: `${name}_changed`,
    noun,
    settles: true,
    fingerprint: () => fingerprintOf(paths()),
    read: () => Object.fromEntries(existing(paths()).map((path) => [path, writtenAt(path)])),
  };
}

/** `written 2026-01-01T00:00:00.000Z, 12 bytes`; "gone" for a file that is not there. */
export function writtenAt(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "gone" : `written ${new Date(found.mtimeMs).toISOString()}, ${found.size} bytes`;
}

/** Files that a path means; a wildcard only in its last part. */
export function expand(path: string): string[] {
  const pattern = basename(path);
  if (!pattern.includes("*")) return [path];
  try {
    return readdirSync(dirname(path))
      .filter((name) => globMatches(pattern, name))
      .sort()
      .map((name) => join(dirname(path), name));
  } catch {
    // The folder is not there, or closed to us.
    return [];
  }
}

function existing(paths: readonly string[]): string[] {
  return paths.filter((path) => fileFingerprint(path) !== null);
}

function fingerprintOf(paths: readonly string[]): string {
  return paths.map((path) => `${path} ${fileFingerprint(path)}`).join("\n");
}

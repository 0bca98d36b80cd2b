import { closeSync, openSync, readSync, statSync } from "node:fs";
import type { Facts, FactSource } from "./facts.ts";

/** A file's identity as far as an unprivileged process sees it; null where it is not there. */
export function fileFingerprint(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.mtimeMs} ${found.size} ${found.ino}`;
}

/** Reads a database of packages line by line: some are megabytes, and the agent is small. */
export class PackageReader {
  readonly facts: Record<string, string> = {};
  readonly #keys: { name: string; version: string; status: string | null };
  #name = "";
  #installed: boolean;

  constructor(keys: { name: string; version: string; status: string | null }) {
    this.#keys = keys;
    this.#installed = keys.status === null;
  }

  /** `end` is behind the line's last byte. Only the lines that we want become text. */
  line(bytes: Buffer, start: number, end: number): void {
    const { name, version, status } = this.#keys;
    const value = (key: string): string | null =>
      bytes.toString("latin1", start, Math.min(end, start + key.length)) === key
        ? bytes.toString("utf8", start + key.length, end)
        : null;
    if (start === end) {
      this.#name = "";
      this.#installed = status === null;
      return;
    }
    const first = bytes[start];
    if (first === name.charCodeAt(0)) this.#name = value(name) ?? this.#name;
    if (status !== null && first === status.charCodeAt(0))
      this.#installed = value(status)?.endsWith(" installed") ?? this.#installed;
    if (first !== version.charCodeAt(0) || !this.#installed || this.#name === "") return;
    const found = value(version);
    if (found !== null) this.facts[this.#name] = found;
  }
}

const CHUNK_BYTES = 64 * 1024;

function readPackages(path: string, reader: PackageReader): Facts {
  const file = openSync(path, "r");
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    let kept = 0;
    for (;;) {
      const got = readSync(file, buffer, kept, CHUNK_BYTES - kept, null);
      const length = kept + got;
      let start = 0;
      for (let end = buffer.indexOf(10); end !== -1 && end < length; end = buffer.indexOf(10, start)) {
        reader.line(buffer, start, end);
        start = end + 1;
      }
      if (got === 0) break;
      // A line longer than the buffer is none that we want.
      kept = length - start < CHUNK_BYTES ? length - start : 0;
      buffer.copy(buffer, 0, start, start + kept);
    }
  } finally {
    closeSync(file);
  }
  return reader.facts;
}

/** Debian's stanzas: only what is installed counts. */
export const dpkgReader = (): PackageReader =>
  new PackageReader({ name: "Package: ", version: "Version: ", status: "Status: " });
/** Alpine's: a letter, a colon, a value. */
export const apkReader = (): PackageReader => new PackageReader({ name: "P:", version: "V:", status: null });

/** `name version` a line, as we ask rpm for it. */
export function parseRpmList(text: string): Facts {
  return Object.fromEntries(
    text.split("\n").flatMap((line): [string, string][] => {
      const split = line.indexOf(" ");
      return split < 1 ? [] : [[line.slice(0, split), line.slice(split + 1)]];
    }),
  );
}

const DPKG = "/var/lib/dpkg/status";
const APK = "/lib/apk/db/installed";
const RPM = ["/var/lib/rpm/rpmdb.sqlite", "/var/lib/rpm/Packages", "/usr/lib/sysimage/rpm/rpmdb.sqlite"] as const;

/** Installed packages of Debian, Alpine or an rpm system; their databases are read when they were written. */
export function packageFacts(): FactSource {
  const file = (path: string, reader: () => PackageReader): Pick<FactSource, "fingerprint" | "read"> => ({
    fingerprint: () => fileFingerprint(path),
    read: () => readPackages(path, reader()),
  });
  const common = { name: "packages", check: "package_changed", noun: "package", settles: true };
  if (fileFingerprint(DPKG) !== null) return { ...common, ...file(DPKG, dpkgReader) };
  if (fileFingerprint(APK) !== null) return { ...common, ...file(APK, apkReader) };
  const database = RPM.find((path) => fileFingerprint(path) !== null);
  return {
    ...common,
    fingerprint: () => (database === undefined ? null : fileFingerprint(database)),
    read: async () => parseRpmList(await listRpm()),
  };
}

async function listRpm(): Promise<string> {
  const { execFile } = await import("node:child_process");
  const args = ["-qa", "--queryformat", "%{NAME} %{VERSION}-%{RELEASE}\\n"];
  return new Promise((resolve, reject) => {
    execFile(
      "/usr/bin/rpm",
      args,
      { timeout: 30_000, maxBuffer: 8 * 1024 * 1024, env: { LC_ALL: "C" } },
      (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
    );
  });
}

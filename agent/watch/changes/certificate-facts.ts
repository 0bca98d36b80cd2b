import { readState } from "../../spool/state-file.ts";
import type { Facts, FactSource } from "./facts.ts";

/** Which certificates the watches found when they looked last. */
export class SeenCertificates {
  readonly #seen = new Map<string, string>();
  readonly #tried = new Set<string>();

  /** @param fingerprint SHA-256 in hexadecimal, with or without colons; null where none was found. */
  see(name: string, found: { fingerprint: string; endsAt: number } | null): void {
    this.#tried.add(name);
    if (found === null) return;
    const short = found.fingerprint.replaceAll(":", "").slice(0, 12).toLowerCase();
    this.#seen.set(name, `${short} until ${new Date(found.endsAt).toISOString().slice(0, 10)}`);
  }

  /** undefined = not seen in this run. */
  of(name: string): string | undefined {
    return this.#seen.get(name);
  }

  wasTried(name: string): boolean {
    return this.#tried.has(name);
  }
}

/** Watched certificates: renewed, replaced, by another. What cannot be reached now is what it was. */
export function certificateFacts(seen: SeenCertificates, watched: readonly string[], statePath: string): FactSource {
  const stored = (readState(statePath) as { facts?: Facts } | null)?.facts ?? {};
  const read = (): Facts =>
    Object.fromEntries(
      watched.flatMap((name): [string, string][] => {
        const now = seen.of(name) ?? stored[name];
        return now === undefined ? [] : [[name, now]];
      }),
    );
  return {
    name: "certificates",
    check: "certificate_changed",
    noun: "certificate",
    settles: true,
    // Until each was looked at once, nothing is known of those that are missing.
    fingerprint: () => (watched.every((name) => seen.wasTried(name)) ? JSON.stringify(read()) : null),
    read,
  };
}

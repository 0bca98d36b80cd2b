import { readState, writeState } from "../spool/state-file.ts";

/**
 * The collector's public key by which its documents are checked: the one that was pinned by hand or at enrolment, or one that has taken
 * its place since, kept in the data directory. Pinning another one anew ends what came of the one before.
 */
export class PinnedKey {
  readonly #path: string;
  readonly #first: () => string | null;
  #stored: { pinned: string; successor: string } | null;

  /** @param first what was pinned, as PEM; null while nothing is. */
  constructor(path: string, first: () => string | null) {
    this.#path = path;
    this.#first = first;
    this.#stored = readState(path) as { pinned: string; successor: string } | null;
  }

  get current(): string | null {
    const pinned = this.#first();
    return this.#stored?.pinned === pinned && pinned !== null ? this.#stored.successor : pinned;
  }

  /** From now on it is this one, also after a restart. Throws where that cannot be written down. */
  succeed(successor: string): void {
    const pinned = this.#first();
    if (pinned === null) return;
    const stored = { pinned, successor };
    writeState(this.#path, stored, true);
    this.#stored = stored;
  }
}

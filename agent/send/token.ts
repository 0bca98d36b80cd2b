import { readFileSync } from "node:fs";

/** The bearer token that the agent shows. */
export interface Tokens {
  /** null = none is shown. */
  readonly current: string | null;
  /** The collector refuses it: is there another one now? Called every few seconds then. */
  refresh(): boolean;
}

/** A token of the configuration; a file is read again when the collector refuses it, so that a rotation needs no restart. */
export class TokenSource implements Tokens {
  readonly #file: string | null;
  #token: string | null;

  constructor(options: { token: string | null; file: string | null }) {
    this.#file = options.file;
    this.#token = options.token ?? null;
    if (this.#token === null) this.refresh();
  }

  /** What is wrong with the token that there is now; null = nothing, as far as can be told without a collector. */
  get trouble(): string | null {
    if (this.#token === null) return this.#file === null ? null : `${this.#file} cannot be read, or is empty`;
    return /^[\x21-\x7e]+$/.test(this.#token) ? null : "it holds blanks, line breaks or characters beyond ASCII";
  }

  get current(): string | null {
    return this.#token;
  }

  /** Reads the file again; says whether the token is another one now. */
  refresh(): boolean {
    if (this.#file === null) return false;
    try {
      const text = readFileSync(this.#file, "utf8").trim();
      const changed = text !== "" && text !== this.#token;
      if (changed) this.#token = text;
      return changed;
    } catch {
      // Between the old file and the new one there may be none; the collector's refusal is already being told.
      return false;
    }
  }
}

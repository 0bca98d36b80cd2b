import { readState, writeState } from "../spool/state-file.ts";

/** Ids are taken from a stretch that was written down before: after a crash the rest of the stretch is simply not used. */
const STRETCH = 1000;

/**
 * Ids for the agent's events that are never given twice: the agent's own id and a counter that survives restarts. A repeat of
 * a transmission carries the same id, so the collector recognises it.
 */
export class EventIds {
  readonly #agentId: string;
  readonly #path: string;
  #next: number;
  #end: number;

  constructor(agentId: string, path: string, nowMs: number) {
    this.#agentId = agentId;
    this.#path = path;
    const stored = readState(path) as { next?: unknown } | null;
    // A damaged file must not lead to ids that were given before: the time in seconds is beyond any counter.
    this.#next = typeof stored?.next === "number" ? stored.next : Math.floor(nowMs / 1000) * STRETCH;
    this.#end = this.#next;
  }

  next(): string {
    if (this.#next >= this.#end) {
      this.#end = this.#next + STRETCH;
      writeState(this.#path, { next: this.#end }, true);
    }
    return `${this.#agentId}-${this.#next++}`;
  }
}

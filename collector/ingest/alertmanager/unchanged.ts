import type { Milliseconds, UnixMillis } from "../../core/model/time.ts";
import type { EndIs } from "../prometheus-alert.ts";

/** Alerts of one request that are as they were, with the same end. */
export interface Unchanged {
  kind: "again";
  /** See `AlertRefs`. */
  alerts: number[];
  occurredAt: UnixMillis;
  expiresAt: UnixMillis;
  expiresAfterMs: Milliseconds;
}

/** Where alerts lie in the body: beginning and end of the first, of the second … */
export type Places = number[];

/** Unchanged alerts, and where each of them lies. */
export interface Group {
  unchanged: Unchanged;
  places: Places;
}

/** The groups of one request that the next unchanged alert may join. */
export class Groups {
  /** What the ends are that are not assumed. */
  readonly saidIs: EndIs;
  private assumed: Group | undefined;
  private readonly byEnd = new Map<UnixMillis, Group>();
  /** The one that was joined last, and where the text of its end lies. */
  private last: Group | undefined;
  private lastFrom = 0;
  private lastTo = 0;

  constructor(saidIs: EndIs) {
    this.saidIs = saidIs;
  }

  /** By the text of the end: a sender gives nearly all alerts of a request the same. undefined: read it, and ask `at`. */
  withEnd(bytes: Uint8Array, from: number, to: number): Group | undefined {
    const { lastFrom } = this;
    if (this.last === undefined || to - from !== this.lastTo - lastFrom) return undefined;
    for (let at = from; at < to; at += 1) if (bytes[at] !== bytes[at - from + lastFrom]) return undefined;
    return this.last;
  }

  at(expiresAt: UnixMillis, endIs: EndIs): Group | undefined {
    return endIs === "assumed" ? this.assumed : this.byEnd.get(expiresAt);
  }

  add(group: Group, endIs: EndIs): void {
    if (endIs === "assumed") this.assumed = group;
    else this.byEnd.set(group.unchanged.expiresAt, group);
  }

  /** @param from, to where the text of the end lies; both 0 where there is none. */
  joined(group: Group, from: number, to: number): void {
    this.last = group;
    this.lastFrom = from;
    this.lastTo = to;
  }
}

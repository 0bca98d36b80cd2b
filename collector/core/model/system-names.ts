import { shortName } from "./kinship.ts";
import type { Topology } from "./topology.ts";

/** A word shared by fewer names, or by more, is no system's. */
const MEMBERS_MIN = 3;
const MEMBERS_MAX = 80;
/** So much of what shares the word must hang together by relations. */
const TOGETHER_SHARE = 0.6;
const LOGICAL: ReadonlySet<string> = new Set(["dependsOn", "uses", "hasMember", "storesOn", "runsOn", "hostedOn"]);
const MEMO_MAX = 200_000;

/**
 * Which system a CI belongs to by its name: `payments-db-primary` and `payments-nginx-2` are of `payments`. A word of a
 * name counts only where the CMDB bears it out: CIs of different types that share it also need each other. So a gap in
 * the CMDB, or a CI that it does not know, can be bridged by what people call things.
 */
export class SystemNames {
  private readonly systems = new Map<string, { id: number; size: number }>();
  private readonly memo = new Map<string, number | null>();

  /** Cost: once over all names and relations. */
  constructor(topology: Topology) {
    const members = new Map<string, number[]>();
    for (let ci = 0; ci < topology.size; ci += 1) {
      for (const word of wordsOf(topology.id(ci))) {
        const list = members.get(word);
        if (list === undefined) members.set(word, [ci]);
        else list.push(ci);
      }
    }
    for (const [word, list] of members) {
      if (list.length < MEMBERS_MIN || list.length > MEMBERS_MAX) continue;
      const types = new Set(list.map((ci) => topology.ci(ci).type));
      if (types.size < 2 || largestPart(list, topology) < list.length * TOGETHER_SHARE) continue;
      this.systems.set(word, { id: this.systems.size, size: list.length });
    }
  }

  /** The number of the system, or null when the name tells none. Of several words the rarest counts. */
  of(name: string): number | null {
    if (this.systems.size === 0) return null;
    const known = this.memo.get(name);
    if (known !== undefined) return known;
    let best: { id: number; size: number } | null = null;
    for (const word of wordsOf(name)) {
      const found = this.systems.get(word);
      if (found !== undefined && (best === null || found.size < best.size)) best = found;
    }
    if (this.memo.size >= MEMO_MAX) this.memo.clear();
    this.memo.set(name, best?.id ?? null);
    return best?.id ?? null;
  }
}

/** Words with the short number that follows them: `svc-payment-2` → `svc`, `payment-2`. Marks made by machines are none. */
function wordsOf(name: string): string[] {
  const parts = shortName(name.toLowerCase()).split(/[-_.]/);
  const words: string[] = [];
  parts.forEach((part, index) => {
    if (!/^[a-z]{2,}\d{0,2}$/.test(part)) return;
    const next = parts[index + 1] ?? "";
    words.push(/^\d$/.test(next) ? `${part}-${next}` : part);
  });
  return words;
}

/** How many of these hang together by relations among themselves. */
function largestPart(list: readonly number[], topology: Topology): number {
  const open = new Set(list);
  let largest = 0;
  for (const start of list) {
    if (!open.delete(start)) continue;
    const queue = [start];
    for (let at = 0; at < queue.length; at += 1) {
      const ci = queue[at] ?? 0;
      for (const edges of [topology.needs(ci), topology.neededBy(ci)])
        for (const edge of edges)
          if (LOGICAL.has(edge.type) && edge.source !== "learned" && open.delete(edge.ci)) queue.push(edge.ci);
    }
    largest = Math.max(largest, queue.length);
  }
  return largest;
}

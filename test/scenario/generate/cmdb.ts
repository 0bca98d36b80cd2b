import type { Work } from "./fault.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** How far what is written is from what is true. */
export interface Dirt {
  /** Share of relations that nobody wrote down, and that lead elsewhere. */
  missing: number;
  wrong: number;
  /** Share of CIs that nobody wrote down. */
  unknown: number;
}

export interface Written {
  document: unknown;
  unknown: Record<string, string[]>;
  isKnown: (ci: number) => boolean;
  /** Whether what is written leads from one CI, over what it needs, to another. */
  isWritten: (from: number, to: number) => boolean;
}

/** What the organisation has written down of its world. */
export function writeCmdb(
  world: World,
  works: readonly Work[],
  dirt: Dirt,
  { random, startMs }: { random: Random; startMs: number },
): Written {
  const known = world.cis.map((_, ci) => world.vantage.includes(ci) || !random.chance(dirt.unknown));
  const id = (ci: number): string => world.cis[ci]?.id ?? "";
  const iso = (second: number): string => new Date(startMs + second * 1000).toISOString();
  const relations: { from: number; type: string; to: number }[] = [];
  for (const { from, type, to } of world.relations) {
    const luck = random.next();
    const other = random.int(0, world.cis.length - 1);
    if (luck < dirt.missing || known[from] !== true) continue;
    const end = luck < dirt.missing + dirt.wrong && other !== from ? other : to;
    if (known[end] === true) relations.push({ from, type, to: end });
  }
  const next = new Map<number, number[]>();
  for (const { from, to } of relations) next.set(from, [...(next.get(from) ?? []), to]);
  const reach = (from: number): Set<number> => {
    const seen = new Set([from]);
    for (const one of seen) for (const other of next.get(one) ?? []) seen.add(other);
    return seen;
  };
  const reached = new Map<number, Set<number>>();
  const isWritten = (from: number, to: number): boolean => {
    const found = reached.get(from) ?? reach(from);
    reached.set(from, found);
    return found.has(to);
  };
  const document = {
    vantage: world.vantage.map(id),
    cis: world.cis
      .filter((_, ci) => known[ci])
      .map(({ id, type, name, aliases, labels, owner, criticality, minHealthy }) => ({
        id,
        type,
        name,
        ...(aliases.length > 0 ? { aliases } : {}),
        ...(Object.keys(labels).length > 0 ? { labels } : {}),
        ...(owner === null ? {} : { owner }),
        ...(criticality === null ? {} : { criticality }),
        ...(minHealthy === null ? {} : { minHealthy }),
      })),
    relations: relations.map(({ from, type, to }) => ({ from: id(from), type, to: id(to) })),
    maintenance: works.map((work) => ({
      id: work.id,
      cis: work.cis.map(id),
      from: iso(work.from),
      to: iso(work.to),
      includeDependents: work.includeDependents,
    })),
  };
  const unknown: Record<string, string[]> = {};
  world.cis.forEach(({ id, aliases }, ci) => {
    if (known[ci] !== true) unknown[id] = aliases;
  });
  return { document, unknown, isKnown: (ci) => known[ci] === true, isWritten };
}

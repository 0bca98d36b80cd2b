import type { Ci } from "../core/model/ci.ts";

/** A CI claims a name that finds another. */
export interface Clash {
  ci: Ci;
  name: string;
  owner: Ci;
}

/**
 * Finds CIs by id, name and alias, case-insensitively, as the topology does: ids win over names, names over aliases, and
 * of equal claims the first. A name that finds nothing gets a number of its own, so that relations can be compared by numbers.
 */
export class NameIndex {
  /** Of CIs whose ids are unique. */
  static of(cis: readonly Ci[], onClash: (clash: Clash) => void = () => undefined): NameIndex {
    const index = new NameIndex();
    const claim = (ci: Ci, name: string): void => {
      const owner = index.claim(ci, name);
      if (owner !== undefined) onClash({ ci, name, owner });
    };
    for (const ci of cis) index.addId(ci);
    for (const ci of cis) claim(ci, ci.name);
    for (const ci of cis) for (const alias of ci.aliases) claim(ci, alias);
    return index;
  }

  private readonly cis: Ci[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly strangers: string[] = [];

  /** False where the id is taken. */
  addId(ci: Ci): boolean {
    const key = ci.id.toLowerCase();
    if (this.numbers.has(key)) return false;
    this.numbers.set(key, this.cis.length);
    this.cis.push(ci);
    return true;
  }

  /** All ids come before the first claim, all names before the first alias. @returns whose it is where it is not the CI's. */
  claim(ci: Ci, name: string): Ci | undefined {
    const key = name.toLowerCase();
    const number = this.numbers.get(key);
    const owner = number === undefined ? undefined : this.cis[number];
    if (owner !== undefined) return owner === ci ? undefined : owner;
    this.numbers.set(key, this.numbers.get(ci.id.toLowerCase()) ?? 0);
    return undefined;
  }

  /** The CI that a name means; one that means none leaves no trace here, however many are asked for. */
  find(name: string): Ci | undefined {
    const number = this.numbers.get(name.toLowerCase());
    return number === undefined ? undefined : this.ci(number);
  }

  /** The number of the CI; from `STRANGER_BASE` on that of a name which finds none. */
  number(name: string): number {
    const key = name.toLowerCase();
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = STRANGER_BASE + this.strangers.length;
    this.strangers.push(name);
    this.numbers.set(key, number);
    return number;
  }

  /** The CI's id as the CMDB spells it, always the same text in memory; a stranger's name as it was first written. */
  id(number: number): string {
    return this.ci(number)?.id ?? this.strangers[number - STRANGER_BASE] ?? "";
  }

  /** The id that a name means; the name itself where it means none. */
  idOf(name: string): string {
    return this.id(this.number(name));
  }

  ci(number: number): Ci | undefined {
    return number < STRANGER_BASE ? this.cis[number] : undefined;
  }
}

/** More CIs than any CMDB holds. */
const STRANGER_BASE = 10_000_000;

/** One number for a relation: exact, because both ends stay below 2^24.3 and types below 2^4. */
export function relationNumber(from: number, type: number, to: number): number {
  return (from * 16 + type) * 20_000_000 + to;
}

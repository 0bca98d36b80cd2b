import type { Ci } from "./ci.ts";
import { shortName, type KinRelation } from "./kinship.ts";

type EdgesOf = (ci: number) => readonly { ci: number; type: string }[];

/** Relations that follow how systems are built. Lines of a network and members of pools do not. */
const BUILT: ReadonlySet<string> = new Set(["runsOn", "hostedOn", "dependsOn", "uses", "storesOn"]);
/** What a CI has one of: who has it lacks no other. */
const PLACES: ReadonlySet<string> = new Set(["runsOn", "hostedOn"]);
/** In so many systems, and in so large a share of those that could, before it is a custom. */
const SYSTEMS_MIN = 3;
const SHARE_MIN = 0.6;
/** A custom is less than a record. */
const CONFIDENCE = 0.85;
/** Customs of one kind of name; more are not kept. */
const CUSTOMS_MAX = 24;
const WORD = /^[a-z]{2,}\d{0,2}$/;

/** One way in which relations are drawn between names: `*-cache runsOn *-redis-1`, `*-app-svc-# runsOn *-app-#`. */
interface Custom {
  type: string;
  /** The name of what is needed, with `*` for the system and, where both ends bear the same number, `#` for it. */
  to: string;
  /** Types of such targets; two are enough to know that they differ. */
  toTypes: Set<string>;
  /** Systems that have it, until there are enough. */
  systems: Set<string>;
  could: number;
  does: number;
}

interface Name {
  /** Between dashes; numbers without leading zeros. */
  parts: string[];
  /** The same with `#` for numbers. */
  shapes: string[];
  /** Which parts could name the system. */
  words: number[];
  /** The last number in it. */
  number: string | null;
}

/**
 * Completes a CMDB with gaps from the way in which systems are built and named: where nearly every `x-cache` runs on
 * `x-redis-01`, so does the one of which the CMDB does not say it. Siblings of one series are `Kinship`; this is the
 * same between systems. What it adds has less confidence than a record, and what the CMDB says is never changed.
 */
export class Analogy {
  private readonly cis: readonly Ci[];
  private readonly needs: EdgesOf;
  private names: readonly Name[];
  private readonly byName = new Map<string, number>();
  /** By the shape of the name that needs. */
  private readonly customs = new Map<string, Custom[]>();

  /** Cost: twice over all names, once over all relations. */
  constructor(cis: readonly Ci[], needs: EdgesOf) {
    this.cis = cis;
    this.needs = needs;
    this.names = cis.map((ci) => nameOf(ci.id));
    this.names.forEach((name, ci) => this.byName.set(name.parts.join("-"), ci));
    this.names.forEach((_, ci) => {
      for (const edge of needs(ci)) if (BUILT.has(edge.type)) this.learn(ci, edge);
    });
    this.keep((custom) => custom.systems.size >= SYSTEMS_MIN);
    this.each((ci, custom, to) => {
      custom.could += 1;
      if (needs(ci).some((edge) => edge.ci === to && edge.type === custom.type)) custom.does += 1;
    });
    this.keep((custom) => custom.could > 0 && custom.does >= custom.could * SHARE_MIN);
  }

  /** What the CMDB lacks by custom, for every CI that is known. Asked once: then what only this needs is let go. */
  gaps(): KinRelation[] {
    const found: KinRelation[] = [];
    this.each((ci, custom, to) => {
      const last = found[found.length - 1];
      if (to === ci || this.has(ci, custom.type, to) || (last?.from === ci && last.to === to)) return;
      const confidence = CONFIDENCE * ((custom.does + 1) / (custom.could + 2));
      found.push({ from: ci, type: custom.type, to, confidence });
    });
    this.names = [];
    this.byName.clear();
    return found;
  }

  /**
   * For a CI that the CMDB does not know: who needs it by custom and has no other, and what it therefore is. `library-01`
   * is the machine of `library-srv-1`, as `lms-01` is that of `lms-srv-1`.
   *
   * @param find the CI of a name; undefined = there is none
   */
  adopt(
    ci: number,
    id: string,
    find: (name: string) => number | undefined,
  ): { type: string; criticality: number | null; relations: KinRelation[] } | null {
    if (this.customs.size === 0) return null;
    const name = nameOf(id);
    for (const word of name.words) {
      const targets = [starred(name.shapes, word), starred(name.parts, word)];
      for (const [shape, list] of this.customs) {
        const custom = list.find((other) => targets.includes(other.to) && PLACES.has(other.type));
        const [type] = custom?.toTypes ?? [];
        if (custom === undefined || type === undefined || custom.toTypes.size > 1) continue;
        if (shape.includes("#") && !custom.to.includes("#")) continue;
        const from = lookUp(shape, name.parts[word] ?? "", name.number, find);
        if (from === undefined || this.needs(from).some((edge) => PLACES.has(edge.type))) continue;
        const confidence = CONFIDENCE * ((custom.does + 1) / (custom.could + 2));
        return { type, criticality: null, relations: [{ from, type: custom.type, to: ci, confidence }] };
      }
    }
    return null;
  }

  private has(ci: number, type: string, to: number): boolean {
    return this.needs(ci).some((edge) => edge.ci === to || (PLACES.has(type) && PLACES.has(edge.type)));
  }

  /** Every CI that a custom could concern, with what it would need by it. */
  private each(take: (ci: number, custom: Custom, to: number) => void): void {
    this.names.forEach((name, ci) => {
      for (const word of name.words) {
        for (const custom of this.customs.get(starred(name.shapes, word)) ?? []) {
          const target = custom.to.replace("*", name.parts[word] ?? "").replace("#", name.number ?? "");
          const to = this.byName.get(target);
          if (to !== undefined) take(ci, custom, to);
        }
      }
    });
  }

  private learn(from: number, edge: { ci: number; type: string }): void {
    const own = this.names[from];
    const other = this.names[edge.ci];
    if (own === undefined || other === undefined) return;
    for (const word of own.words) {
      const system = own.parts[word] ?? "";
      const there = other.parts.indexOf(system);
      if (there < 0) continue;
      const isNumbered = own.number !== null && own.number === other.number;
      const to = starred(isNumbered ? other.shapes : other.parts, there);
      // Two numbers in one name: which of them goes along is not known.
      if (isNumbered && to.indexOf("#") !== to.lastIndexOf("#")) continue;
      const custom = this.note(starred(own.shapes, word), system, edge.type, to);
      const type = this.cis[edge.ci]?.type;
      if (custom !== undefined && type !== undefined && custom.toTypes.size < 2) custom.toTypes.add(type);
    }
  }

  private note(shape: string, system: string, type: string, to: string): Custom | undefined {
    let list = this.customs.get(shape);
    if (list === undefined) this.customs.set(shape, (list = []));
    const known = list.find((other) => other.type === type && other.to === to);
    if (known !== undefined) {
      if (known.systems.size < SYSTEMS_MIN) known.systems.add(system);
      return known;
    }
    if (list.length >= CUSTOMS_MAX) return undefined;
    const made: Custom = { type, to, toTypes: new Set(), systems: new Set([system]), could: 0, does: 0 };
    list.push(made);
    return made;
  }

  private keep(isKept: (custom: Custom) => boolean): void {
    for (const [shape, list] of this.customs) {
      const kept = list.filter(isKept);
      if (kept.length === 0) this.customs.delete(shape);
      else this.customs.set(shape, kept);
    }
  }
}

function nameOf(id: string): Name {
  const raw = shortName(id.toLowerCase()).split(/[-_]/);
  const parts = raw.map((part) => part.replace(/\d+/g, (digits) => String(Number(digits))));
  const words = raw.flatMap((part, at) => (raw.length > 1 && WORD.test(part) ? [at] : []));
  const number = /(\d+)\D*$/.exec(parts.join("-"))?.[1] ?? null;
  return { parts, shapes: parts.map((part) => part.replace(/\d+/g, "#")), words, number };
}

/** The CI with a name of this shape, with the number as it is or with a zero before it. */
function lookUp(
  shape: string,
  system: string,
  number: string | null,
  find: (name: string) => number | undefined,
): number | undefined {
  const text = shape.replace("*", system);
  if (!text.includes("#")) return find(text);
  if (number === null) return undefined;
  return find(text.replace("#", number)) ?? find(text.replace("#", number.padStart(2, "0")));
}

function starred(parts: readonly string[], word: number): string {
  let text = "";
  for (let at = 0; at < parts.length; at += 1) text += (at === 0 ? "" : "-") + (at === word ? "*" : (parts[at] ?? ""));
  return text;
}

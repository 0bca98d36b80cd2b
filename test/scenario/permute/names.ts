import type { Random } from "../generate/random.ts";
import { type EventLine, type Material, readLines, type TruthFile } from "./material.ts";

interface CmdbFile {
  vantage: string[];
  cis: { id: string; name: string; aliases?: string[]; labels?: Record<string, string> }[];
  relations: { from: string; to: string }[];
  maintenance?: { cis: string[] }[];
}

/** Every CI gets a name of random letters, everywhere: no stem, number, place or system can be read from it. */
export function renamed(material: Material, random: Random): Material {
  const cmdb = JSON.parse(material.cmdb) as CmdbFile;
  const truth = JSON.parse(material.truth) as TruthFile;
  const names = new Names(random);
  for (const { id, name, aliases = [] } of cmdb.cis) names.take([id, name, ...aliases]);
  for (const [id, aliases] of Object.entries(truth.unknownCis ?? {})) names.take([id, ...aliases]);
  const all = (list: readonly string[]): string[] => list.map((name) => names.of(name));
  return {
    cmdb: JSON.stringify({
      ...cmdb,
      vantage: all(cmdb.vantage),
      cis: cmdb.cis.map((ci) => ({
        ...ci,
        id: names.of(ci.id),
        name: names.of(ci.name),
        aliases: all(ci.aliases ?? []),
        labels: names.inValues(ci.labels ?? {}),
      })),
      relations: cmdb.relations.map((relation) => ({
        ...relation,
        from: names.of(relation.from),
        to: names.of(relation.to),
      })),
      maintenance: (cmdb.maintenance ?? []).map((window) => ({ ...window, cis: all(window.cis) })),
    }),
    lines: readLines(material.lines).map((line) => JSON.stringify(names.inLine(line))),
    truth: JSON.stringify({
      ...truth,
      faults: truth.faults.map((fault) => ({
        ...fault,
        root: fault.root === null ? null : names.of(fault.root),
        acceptableRoots: all(fault.acceptableRoots),
        affectedCis: all(fault.affectedCis),
        businessServices: all(fault.businessServices),
      })),
      unknownCis: Object.fromEntries(
        Object.entries(truth.unknownCis ?? {}).map(([id, aliases]) => [names.of(id), all(aliases)]),
      ),
    }),
  };
}

const LETTERS = ["b c d f g h k l m n p r s t v z".split(" "), "a e i o u".split(" ")] as const;

class Names {
  private readonly random: Random;
  private readonly found = new Map<string, string>();
  private readonly given = new Set<string>();

  constructor(random: Random) {
    this.random = random;
  }

  /** The names of one CI; a full name stays the full name of its short one. */
  take(names: readonly string[]): void {
    const short = new Map<string, string>();
    for (const name of names) {
      const key = name.toLowerCase();
      if (this.found.has(key)) continue;
      if (/^\d+(\.\d+){3}$/.test(key)) {
        this.found.set(
          key,
          this.fresh(() => `172.${this.number()}.${this.number()}.${this.number()}`),
        );
        continue;
      }
      const [head = key, ...domain] = key.split(".");
      const stem = short.get(head) ?? this.found.get(head) ?? this.fresh(() => this.word());
      short.set(head, stem);
      this.found.set(key, domain.length === 0 ? stem : `${stem}.example.net`);
    }
  }

  of(name: string): string {
    return this.found.get(name.toLowerCase()) ?? name;
  }

  inValues(values: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, this.of(value)]));
  }

  inLine(line: EventLine): EventLine {
    const ci = this.of(line.ci);
    return {
      ...line,
      ci: ci === line.ci ? this.inText(line.ci) : ci,
      summary: this.inText(line.summary),
      ...(line.instance === undefined ? {} : { instance: this.inText(line.instance) }),
      ...(line.labels === undefined ? {} : { labels: this.inValues(line.labels) }),
    };
  }

  private inText(text: string): string {
    return text.replaceAll(/[\w-]+(?:\.[\w-]+)*/g, (word) => this.of(word));
  }

  private fresh(make: () => string): string {
    for (;;) {
      const name = make();
      if (this.given.has(name)) continue;
      this.given.add(name);
      return name;
    }
  }

  private number(): number {
    return this.random.int(1, 254);
  }

  private word(): string {
    return Array.from({ length: 8 }, (_, index) => this.random.pick(LETTERS[index % 2] ?? [])).join("");
  }
}

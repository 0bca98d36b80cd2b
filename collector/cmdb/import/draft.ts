/** A CI as a source tells it, before it has an id of ours. */
export interface DraftCi {
  /** The source's own key: relations refer to it, and it becomes an alias, so that events can name it. */
  key: string;
  /** Where the source has ids that people use; else it is made from the name. */
  id?: string | undefined;
  type: string;
  name: string;
  aliases?: readonly (string | undefined)[];
  labels?: Readonly<Record<string, string | undefined>>;
  owner?: string | undefined;
  /** 1 (most) … 4. */
  criticality?: number | undefined;
  minHealthy?: number | undefined;
}

/** What an import gives: a document in the form of the CMDB's files, and what was left out, by reason. */
export interface ForeignCmdb {
  document: { cis: Record<string, unknown>[]; relations: object[] };
  left: Readonly<Record<string, number>>;
  /** The first few of what was left out, by reason, where they can be named. */
  examples: Readonly<Record<string, readonly string[]>>;
}

const EXAMPLES_MAX = 3;

interface DraftRelation {
  from: string;
  type: string;
  to: string;
  confidence: number;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Gathers what a source has and turns it into a document that is the same whenever the source is the same: ids from names,
 * everything in order. An id is the name in lower case, so that two sources mean the same CI by the same name; where a
 * name stands twice, the source's key is added.
 */
export class CmdbDraft {
  private readonly byKey = new Map<string, DraftCi>();
  private readonly relations = new Map<string, DraftRelation>();
  private readonly left: Record<string, number> = {};
  private readonly examples: Record<string, string[]> = {};

  get size(): number {
    return this.byKey.size;
  }

  has(key: string): boolean {
    return this.byKey.has(key);
  }

  typeOf(key: string): string | undefined {
    return this.byKey.get(key)?.type;
  }

  nameOf(key: string): string | undefined {
    return this.byKey.get(key)?.name;
  }

  add(ci: DraftCi): void {
    if (ci.name.trim() === "") this.leave("ciWithoutName");
    else if (this.byKey.has(ci.key)) this.leave("ciTwice");
    else this.byKey.set(ci.key, ci);
  }

  /** `from` needs `to`; both are keys of the source. */
  relate(from: string, type: string, to: string, confidence = 1): void {
    if (from === to) {
      this.leave("relationToItself");
      return;
    }
    const key = `${from}\n${type}\n${to}`;
    const known = this.relations.get(key);
    if (known === undefined || known.confidence < confidence) this.relations.set(key, { from, type, to, confidence });
  }

  /** Something was left out, for a reason from the source's own short list; `example` names it. */
  leave(reason: string, by = 1, example?: string): void {
    if (by > 0) this.left[reason] = (this.left[reason] ?? 0) + by;
    if (example === undefined) return;
    const examples = (this.examples[reason] ??= []);
    if (examples.length < EXAMPLES_MAX) examples.push(example);
  }

  finish(): ForeignCmdb {
    const ids = this.ids();
    const cis = [...this.byKey.values()]
      .map((ci) => this.form(ci, ids.get(ci.key) ?? ci.key))
      .sort((a, b) => byText(String(a["id"]), String(b["id"])));
    const relations: (Pick<DraftRelation, "from" | "type" | "to"> & { confidence?: number })[] = [];
    for (const { from, type, to, confidence } of this.relations.values()) {
      const [fromId, toId] = [ids.get(from), ids.get(to)];
      if (fromId === undefined || toId === undefined)
        this.leave("relationToNothing", 1, `${fromId ?? from} ${type} ${toId ?? to}`);
      else relations.push({ from: fromId, type, to: toId, ...(confidence === 1 ? {} : { confidence }) });
    }
    relations.sort((a, b) => byText(a.from, b.from) || byText(a.type, b.type) || byText(a.to, b.to));
    return { document: { cis, relations }, left: this.left, examples: this.examples };
  }

  private ids(): Map<string, string> {
    const uses = new Map<string, number>();
    for (const { name, id = idOf(name) } of this.byKey.values()) uses.set(id, (uses.get(id) ?? 0) + 1);
    return new Map(
      Array.from(this.byKey.values(), ({ key, name, id = idOf(name) }) => {
        return [key, (uses.get(id) ?? 0) > 1 ? `${id}-${key.toLowerCase().slice(-40)}` : id];
      }),
    );
  }

  private form(
    { key, type, name, aliases = [], labels = {}, owner, criticality, minHealthy }: DraftCi,
    id: string,
  ): Record<string, unknown> {
    const own = new Set([id, name.toLowerCase()]);
    const others: string[] = [];
    for (const alias of [...aliases, key]) {
      const plain = alias?.trim();
      if (plain === undefined || plain === "" || own.has(plain.toLowerCase())) continue;
      own.add(plain.toLowerCase());
      others.push(plain);
    }
    const kept = Object.entries(labels)
      .filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "")
      .sort(([a], [b]) => byText(a, b));
    return {
      id,
      type,
      name,
      ...(others.length === 0 ? {} : { aliases: others }),
      ...(kept.length === 0 ? {} : { labels: Object.fromEntries(kept) }),
      ...(owner === undefined ? {} : { owner }),
      ...(criticality === undefined ? {} : { criticality }),
      ...(minHealthy === undefined ? {} : { minHealthy }),
    };
  }
}

const idOf = (name: string): string => name.trim().toLowerCase().slice(0, 200);

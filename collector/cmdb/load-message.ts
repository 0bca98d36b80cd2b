import type { Finding } from "../../protocol/finding.ts";
import type { Ci, CmdbDocument, MaintenanceWindow, Relation } from "../core/model/ci.ts";
import type { CmdbReadOptions } from "./read.ts";

/** What the loading thread is asked: a file to read, or a text that is here already. */
export interface LoadRequest {
  file: string;
  /** null = read the file. */
  text: string | null;
  options: Omit<CmdbReadOptions, "elsewhere">;
  /** Lower-case ids that other sources declare. */
  elsewhere: readonly string[];
}

/** Ends are indexes into the CIs in the order they were sent; a text where no CI of the document is meant. */
export interface RelationChunk {
  from: (number | string)[];
  type: string[];
  to: (number | string)[];
  confidence: number[];
  lastSeenAt: (number | null)[];
}

/**
 * What the loading thread sends, one message for each `next` it gets, so that neither side holds the CMDB twice and the
 * collector's own thread is never held up for long.
 */
export type LoadMessage =
  | { type: "broken"; findings: Finding[] }
  | { type: "cis"; cis: Ci[] }
  | { type: "relations"; relations: RelationChunk }
  | { type: "end"; vantage: string[]; maintenance: MaintenanceWindow[]; findings: Finding[] };

/** Some milliseconds of work each. */
const CIS_A_CHUNK = 2000;
const RELATIONS_A_CHUNK = 5000;

/** The messages for a document that was read. */
export function* loadMessages(document: CmdbDocument, findings: Finding[]): Generator<LoadMessage> {
  const indexes = new Map(document.cis.map(({ id }, index) => [id, index]));
  for (let at = 0; at < document.cis.length; at += CIS_A_CHUNK)
    yield { type: "cis", cis: document.cis.slice(at, at + CIS_A_CHUNK) };
  for (let at = 0; at < document.relations.length; at += RELATIONS_A_CHUNK) {
    const part = document.relations.slice(at, at + RELATIONS_A_CHUNK);
    const relations: RelationChunk = {
      from: part.map(({ from }) => indexes.get(from) ?? from),
      type: part.map(({ type }) => type),
      to: part.map(({ to }) => indexes.get(to) ?? to),
      confidence: part.map(({ confidence }) => confidence),
      lastSeenAt: part.map(({ lastSeenAt }) => lastSeenAt),
    };
    yield { type: "relations", relations };
  }
  yield { type: "end", vantage: document.vantage, maintenance: document.maintenance, findings };
}

// Shared by all CIs that have none; nobody changes a document.
const NO_ALIASES: string[] = [];
const NO_LABELS: Record<string, string> = {};
/** Texts remembered while a document is put together; what is not among the first of them is rarely said twice. */
const TEXTS_MAX = 50_000;

/** Puts the messages together again; texts that are equal become one text in memory. */
export class DocumentBuilder {
  private readonly cis: Ci[] = [];
  private readonly relations: Relation[] = [];
  private readonly texts = new Map<string, string>();
  private readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  addCis(cis: readonly Ci[]): void {
    for (const ci of cis) this.cis.push(this.lean(ci));
  }

  /** What came over as a copy of its own for each CI, once. */
  private lean(ci: Ci): Ci {
    const { aliases, labels, owner } = ci;
    const own = Object.entries(labels).map(([key, value]) => [this.shared(key), this.shared(value)] as const);
    return {
      ...ci,
      type: this.shared(ci.type),
      name: ci.name === ci.id ? ci.id : ci.name,
      aliases: aliases.length === 0 ? NO_ALIASES : aliases,
      labels: own.length === 0 ? NO_LABELS : Object.fromEntries(own),
      owner: owner === null ? null : this.shared(owner),
    };
  }

  addRelations({ from, type, to, confidence, lastSeenAt }: RelationChunk): void {
    for (const [index, text] of type.entries())
      this.relations.push({
        from: this.end(from[index] ?? ""),
        type: this.shared(text),
        to: this.end(to[index] ?? ""),
        source: this.source,
        confidence: confidence[index] ?? 1,
        lastSeenAt: lastSeenAt[index] ?? null,
      });
  }

  document(vantage: string[], maintenance: MaintenanceWindow[]): CmdbDocument {
    return { vantage, cis: this.cis, relations: this.relations, maintenance };
  }

  private end(end: number | string): string {
    return typeof end === "number" ? (this.cis[end]?.id ?? "") : this.shared(end);
  }

  private shared(text: string): string {
    const known = this.texts.get(text);
    if (known === undefined && this.texts.size < TEXTS_MAX) this.texts.set(text, text);
    return known ?? text;
  }
}

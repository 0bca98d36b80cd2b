import { type Finding, sortFindings } from "../../protocol/finding.ts";
import { type Ci, type CmdbDocument, type MaintenanceWindow, type Relation, RELATION_TYPES } from "../core/model/ci.ts";
import type { DataPath } from "../config/document/problem.ts";
import { describeValue, didYouMean } from "../config/document/suggest.ts";
import { directionDoubt } from "./direction.ts";
import { FieldReader, isMapping } from "./field-reader.ts";
import { type CmdbInput, openStreaming, openWhole } from "./input.ts";
import { NameIndex, relationNumber } from "./name-index.ts";

export interface CmdbReadOptions {
  /** Bytes, about: characters are counted. */
  sizeMaxBytes: number;
  /** `cmdb` for what people declare; an import's name otherwise. */
  source: string;
  /** Seen by a machine: relations then carry when they were seen. */
  observedAt: number | null;
  /** Ids that other files declare (lower case), so that a relation to them does not dangle. */
  elsewhere?: { has(id: string): boolean };
}

/** `findings` of a document that was read are warnings. */
export type CmdbReadResult =
  | { status: "read"; document: CmdbDocument; findings: Finding[] }
  | { status: "broken"; findings: Finding[] };

const SECTIONS = ["vantage", "cis", "relations", "maintenance"];
const CI_KEYS = ["id", "type", "name", "aliases", "labels", "owner", "criticality", "minHealthy"];
const RELATION_KEYS = ["from", "type", "to", "confidence", "lastSeenAt"];
const WINDOW_KEYS = ["id", "cis", "from", "to", "includeDependents", "reason", "owner"];
const ALIAS_MAX = 1024;
const SHARED_TEXTS_MAX = 10_000;

/**
 * Reads and checks a CMDB in the form of docs/guide/cmdb.md, JSON or YAML. Reports everything at once.
 * Cost: about 3 s and 150 MiB for 100,000 CIs and 500,000 relations in JSON; positions are looked up only when there is
 * something to report.
 */
export function readCmdb(source: string | Buffer, file: string, options: CmdbReadOptions): CmdbReadResult {
  if (typeof source !== "string" && source.length <= options.sizeMaxBytes) {
    const streaming = openStreaming(source, file);
    const result = streaming === undefined ? undefined : readStreaming(streaming, options);
    if (result !== undefined) return result;
  }
  const opened = openWhole(typeof source === "string" ? source : source.toString("utf8"), file, options.sizeMaxBytes);
  if (opened.status === "broken") return opened;
  if (opened.status === "open") return new CmdbReader(opened.input, options).result();
  const fields = new FieldReader();
  const message = `a CMDB is a mapping with cis and relations, not ${describeValue(opened.value)}`;
  fields.error("CMDB_WRONG_TYPE", [], message);
  return { status: "broken", findings: opened.locate(fields.problems.all()) };
}

/** undefined where an entry turned out not to be JSON: the ordinary reader then says where. */
function readStreaming(input: CmdbInput, options: CmdbReadOptions): CmdbReadResult | undefined {
  try {
    return new CmdbReader(input, options).result();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

class CmdbReader extends FieldReader {
  private readonly input: CmdbInput;
  private readonly options: CmdbReadOptions;
  private readonly names = new NameIndex();
  /** Texts that come again and again, so that each is in memory once. */
  private readonly texts = new Map<string, string>();

  constructor(input: CmdbInput, options: CmdbReadOptions) {
    super();
    this.input = input;
    this.options = options;
  }

  result(): CmdbReadResult {
    for (const key of this.input.keys())
      if (!SECTIONS.includes(key)) {
        const message = `${describeValue(key)} is not a section`;
        this.error("CMDB_UNKNOWN_SECTION", [key], message, didYouMean(key, SECTIONS), "key");
      }
    const cis = this.cis();
    this.claimNames(cis);
    const document: CmdbDocument = {
      vantage: this.namesOf(this.input.value("vantage"), ["vantage"]),
      cis,
      relations: this.relations(),
      maintenance: this.windows(),
    };
    const findings = sortFindings(this.input.locate(this.problems.all()));
    return this.problems.hasErrors ? { status: "broken", findings } : { status: "read", document, findings };
  }

  private shared(text: string): string {
    const known = this.texts.get(text);
    if (known === undefined && this.texts.size < SHARED_TEXTS_MAX) this.texts.set(text, text);
    return known ?? text;
  }

  private cis(): Ci[] {
    const cis: Ci[] = [];
    this.eachEntry(this.input, "cis", CI_KEYS, (entry, index) => {
      const path = (): DataPath => ["cis", index];
      const id = this.text(entry, "id", path);
      if (id === undefined) return;
      const ci: Ci = {
        id,
        type: this.shared(this.optionalText(entry, "type", path) ?? "host"),
        name: this.optionalText(entry, "name", path) ?? id,
        aliases: this.aliases(entry["aliases"], index),
        labels: this.labels(entry["labels"], index),
        owner: this.optionalText(entry, "owner", path),
        criticality: this.wholeNumber(entry, "criticality", [1, 4], path),
        minHealthy: this.wholeNumber(entry, "minHealthy", [0, 1_000_000], path),
        known: true,
      };
      if (!this.names.addId(ci)) {
        this.repeatedId(id, [...path(), "id"]);
        return;
      }
      cis.push(ci);
    });
    return cis;
  }

  /** A source that writes one name in two ways is common, and harmless; the same entry twice is a mistake. */
  private repeatedId(id: string, path: DataPath): void {
    const first = this.names.idOf(id);
    if (first === id) {
      this.error("CMDB_DUPLICATE_ID", path, `the id ${describeValue(id)} stands twice`, "remove one of the two");
      return;
    }
    const message = `the id ${describeValue(id)} differs from ${describeValue(first)} in case only: they are one CI`;
    this.warning("CMDB_SAME_ID", path, message, "relations of both are kept; what else this entry says is left out");
  }

  private aliases(value: unknown, index: number): string[] {
    if (value === undefined || value === null) return [];
    const list: unknown[] = Array.isArray(value) ? value : [value];
    const aliases: string[] = [];
    list.forEach((alias, place) => {
      if (typeof alias === "string" && alias.length <= ALIAS_MAX) {
        if (alias !== "") aliases.push(alias);
      } else {
        const message = `an alias is a text, not ${describeValue(alias)}`;
        this.error("CMDB_WRONG_TYPE", ["cis", index, "aliases", place], message, "put it in quotes");
      }
    });
    return aliases;
  }

  private labels(value: unknown, index: number): Record<string, string> {
    if (value === undefined || value === null) return {};
    if (!isMapping(value)) {
      this.error("CMDB_WRONG_TYPE", ["cis", index, "labels"], `"labels" takes a mapping, not ${describeValue(value)}`);
      return {};
    }
    const labels: [string, string][] = [];
    for (const [key, label] of Object.entries(value)) {
      if (typeof label === "string") labels.push([key, this.shared(label)]);
      else if (typeof label === "number" || typeof label === "boolean") labels.push([key, String(label)]);
      else if (label !== null)
        this.error("CMDB_WRONG_TYPE", ["cis", index, "labels", key], `a label is a text, not ${describeValue(label)}`);
    }
    return Object.fromEntries(labels);
  }

  /** Ids win over names, names over aliases; of equals the first. As the topology resolves them. */
  private claimNames(cis: readonly Ci[]): void {
    cis.forEach((ci, index) => this.claim(ci, ci.name, ["cis", index, "name"]));
    cis.forEach((ci, index) =>
      ci.aliases.forEach((alias, place) => this.claim(ci, alias, ["cis", index, "aliases", place])),
    );
  }

  private claim(ci: Ci, name: string, path: DataPath): void {
    const owner = this.names.claim(ci, name);
    if (owner !== undefined)
      this.warning(
        "CMDB_AMBIGUOUS_NAME",
        path,
        `${describeValue(name)} already means ${describeValue(owner.id)}`,
        `it will not find ${ci.id}`,
      );
  }

  /** The number of the CI that a text names; one that nobody declares is reported. */
  private resolve(name: string, path: () => DataPath): number {
    const number = this.names.number(name);
    if (this.names.ci(number) === undefined && this.options.elsewhere?.has(name.toLowerCase()) !== true)
      this.warning(
        "CMDB_DANGLING",
        path(),
        `${describeValue(name)} is not declared`,
        "declare it, or correct the name",
      );
    return number;
  }

  private relations(): Relation[] {
    const relations: Relation[] = [];
    const seen = new Set<number>();
    const types = new Map<string, number>(RELATION_TYPES.map((type, index) => [type, index]));
    this.eachEntry(this.input, "relations", RELATION_KEYS, (entry, index) => {
      const path = (): DataPath => ["relations", index];
      const fromName = this.text(entry, "from", path);
      const type = this.text(entry, "type", path);
      const toName = this.text(entry, "to", path);
      if (fromName === undefined || type === undefined || toName === undefined) return;
      const from = this.resolve(fromName, () => [...path(), "from"]);
      const to = this.resolve(toName, () => [...path(), "to"]);
      const kind = types.get(type) ?? this.unknownType(type, types, [...path(), "type"]);
      const relation = { from: this.names.id(from), type: this.shared(type), to: this.names.id(to) };
      if (from === to) {
        const message = `${describeValue(relation.from)} ${type} itself`;
        this.warning("CMDB_SELF_RELATION", path(), message, "the relation is left out");
        return;
      }
      const number = relationNumber(from, kind, to);
      if (seen.has(number)) {
        const message = `${describeValue(`${relation.from} ${type} ${relation.to}`)} stands twice`;
        this.warning("CMDB_DUPLICATE_RELATION", path(), message);
        return;
      }
      seen.add(number);
      this.doubtDirection(relation, [from, to], index);
      relations.push({ ...relation, source: this.options.source, ...this.seenAs(entry, index) });
    });
    return relations;
  }

  private unknownType(type: string, types: Map<string, number>, path: DataPath): number {
    const hint = didYouMean(type, RELATION_TYPES);
    this.warning("CMDB_UNKNOWN_RELATION", path, `${describeValue(type)} is read as dependsOn`, hint);
    // All of one file's own types share a number: at worst two of them between the same CIs count as a repeat.
    types.set(type, RELATION_TYPES.length);
    return RELATION_TYPES.length;
  }

  private doubtDirection(
    { from, type, to }: Pick<Relation, "from" | "type" | "to">,
    ends: [number, number],
    index: number,
  ): void {
    const [upper, lower] = [this.names.ci(ends[0]), this.names.ci(ends[1])];
    const doubt = upper === undefined || lower === undefined ? null : directionDoubt(type, upper.type, lower.type);
    if (doubt === null) return;
    const message = `${from} ${type} ${to}: ${doubt}`;
    this.warning("CMDB_SUSPICIOUS_DIRECTION", ["relations", index], message, "`from` needs `to`: exchange them");
  }

  private seenAs(entry: Record<string, unknown>, index: number): { confidence: number; lastSeenAt: number | null } {
    const { confidence = 1, lastSeenAt } = entry;
    let at = this.options.observedAt;
    if (typeof lastSeenAt === "string") at = this.time(lastSeenAt, ["relations", index, "lastSeenAt"]);
    if (typeof confidence === "number" && confidence >= 0 && confidence <= 1) return { confidence, lastSeenAt: at };
    const message = `"confidence" takes a number from 0 to 1, not ${describeValue(confidence)}`;
    this.error("CMDB_BAD_VALUE", ["relations", index, "confidence"], message);
    return { confidence: 1, lastSeenAt: at };
  }

  /** A list of CIs, by id, name or alias. */
  private namesOf(value: unknown, path: DataPath): string[] {
    if (value === undefined || value === null) return [];
    const list: unknown[] = Array.isArray(value) ? value : [value];
    return list.flatMap((name, place) => {
      if (typeof name === "string" && name !== "") return [this.names.id(this.resolve(name, () => [...path, place]))];
      this.error(
        "CMDB_WRONG_TYPE",
        [...path, place],
        `an id is a text, not ${describeValue(name)}`,
        "put it in quotes",
      );
      return [];
    });
  }

  private windows(): MaintenanceWindow[] {
    const windows: MaintenanceWindow[] = [];
    const ids = new Set<string>();
    this.eachEntry(this.input, "maintenance", WINDOW_KEYS, (entry, index) => {
      const path = (): DataPath => ["maintenance", index];
      const id = this.text(entry, "id", path);
      const from = this.time(entry["from"], [...path(), "from"]);
      const to = this.time(entry["to"], [...path(), "to"]);
      if (to < from) this.error("CMDB_BAD_VALUE", [...path(), "to"], "the window ends before it begins");
      if (id === undefined) return;
      if (ids.has(id))
        this.error("CMDB_DUPLICATE_ID", [...path(), "id"], `the window ${describeValue(id)} stands twice`);
      ids.add(id);
      const { includeDependents = false } = entry;
      if (typeof includeDependents !== "boolean")
        this.error("CMDB_WRONG_TYPE", [...path(), "includeDependents"], `"includeDependents" takes true or false`);
      windows.push({
        id,
        cis: this.namesOf(entry["cis"], [...path(), "cis"]),
        from,
        to,
        includeDependents: includeDependents === true,
        reason: this.optionalText(entry, "reason", path) ?? "",
        owner: this.optionalText(entry, "owner", path),
      });
    });
    return windows;
  }
}

import { type Finding, sortFindings } from "../../protocol/finding.ts";
import { type Ci, type CmdbDocument, type MaintenanceWindow, type Relation, RELATION_TYPES } from "../core/model/ci.ts";
import { readDocument, type SourceDocument } from "../config/document/document.ts";
import type { DataPath } from "../config/document/problem.ts";
import { describeValue, didYouMean } from "../config/document/suggest.ts";
import { directionDoubt } from "./direction.ts";
import { FieldReader, isMapping } from "./field-reader.ts";

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
/** YAML of this size takes some ten seconds and a gigabyte; JSON does not. */
const YAML_MAX_BYTES = 16 * 1024 * 1024;
/**
 * Reads and checks a CMDB file in the form of docs/guide/cmdb.md, JSON or YAML. Reports everything at once.
 * Cost: about 2 s for 100,000 CIs and 500,000 relations in JSON; positions are looked up only when there is something to report.
 */
export function readCmdb(text: string, file: string, options: CmdbReadOptions): CmdbReadResult {
  const read = readDocument(text, file, {
    prefix: "CMDB",
    sizeMaxBytes: options.sizeMaxBytes,
    yamlSizeMaxBytes: Math.min(options.sizeMaxBytes, YAML_MAX_BYTES),
  });
  if (read.status === "broken") return read;
  return new CmdbReader(read.document, options).result();
}

class CmdbReader extends FieldReader {
  private readonly source: SourceDocument;
  private readonly options: CmdbReadOptions;
  /** Lower-case id → the CI, so that relations share its id's text rather than keep their own. */
  private readonly byId = new Map<string, Ci>();
  /** Lower-case name or alias → the id that claimed it first. */
  private readonly claims = new Map<string, string>();

  constructor(source: SourceDocument, options: CmdbReadOptions) {
    super();
    this.source = source;
    this.options = options;
  }

  result(): CmdbReadResult {
    const value = this.source.value ?? {};
    const document: CmdbDocument = { vantage: [], cis: [], relations: [], maintenance: [] };
    if (isMapping(value)) {
      for (const key of Object.keys(value))
        if (!SECTIONS.includes(key))
          this.error(
            "CMDB_UNKNOWN_SECTION",
            [key],
            `${describeValue(key)} is not a section`,
            didYouMean(key, SECTIONS),
            "key",
          );
      document.cis = this.cis(value["cis"]);
      this.claimNames(document.cis);
      document.relations = this.relations(value["relations"]);
      document.vantage = this.names(value["vantage"], ["vantage"]);
      document.maintenance = this.windows(value["maintenance"]);
    } else {
      this.error("CMDB_WRONG_TYPE", [], `a CMDB is a mapping with cis and relations, not ${describeValue(value)}`);
    }
    const findings = sortFindings(this.source.locate(this.problems.all()));
    return this.problems.hasErrors ? { status: "broken", findings } : { status: "read", document, findings };
  }

  private cis(value: unknown): Ci[] {
    const cis: Ci[] = [];
    this.entries("cis", value, CI_KEYS, (entry, index) => {
      const path = (): DataPath => ["cis", index];
      const id = this.text(entry, "id", path);
      if (id === undefined) return;
      const ci: Ci = {
        id,
        type: this.optionalText(entry, "type", path) ?? "host",
        name: this.optionalText(entry, "name", path) ?? id,
        aliases: this.aliases(entry["aliases"], index),
        labels: this.labels(entry["labels"], index),
        owner: this.optionalText(entry, "owner", path),
        criticality: this.wholeNumber(entry, "criticality", [1, 4], path),
        minHealthy: this.wholeNumber(entry, "minHealthy", [0, 1_000_000], path),
        known: true,
      };
      const key = id.toLowerCase();
      if (this.byId.has(key)) {
        this.error(
          "CMDB_DUPLICATE_ID",
          [...path(), "id"],
          `the id ${describeValue(id)} stands twice`,
          "case makes no difference",
        );
        return;
      }
      this.byId.set(key, ci);
      cis.push(ci);
    });
    return cis;
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
      if (typeof label === "string") labels.push([key, label]);
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
    const key = name.toLowerCase();
    const owner = this.byId.get(key)?.id ?? this.claims.get(key);
    if (owner === undefined) this.claims.set(key, ci.id);
    else if (owner !== ci.id)
      this.warning(
        "CMDB_AMBIGUOUS_NAME",
        path,
        `${describeValue(name)} already means ${describeValue(owner)}`,
        `it will not find ${ci.id}`,
      );
  }

  /** The id as its CI spells it, so that equal ids are one text in memory; an unknown one is reported and kept. */
  private resolve(name: string, path: () => DataPath): string {
    const key = name.toLowerCase();
    const known = this.byId.get(key)?.id ?? this.claims.get(key);
    if (known === undefined && this.options.elsewhere?.has(key) !== true)
      this.warning(
        "CMDB_DANGLING",
        path(),
        `${describeValue(name)} is not declared`,
        "declare it, or correct the name",
      );
    return known ?? name;
  }

  private relations(value: unknown): Relation[] {
    const relations: Relation[] = [];
    const seen = new Map<string, Set<string>>();
    const types = new Map<string, string>(RELATION_TYPES.map((type) => [type, type]));
    this.entries("relations", value, RELATION_KEYS, (entry, index) => {
      const path = (): DataPath => ["relations", index];
      const named = [this.text(entry, "from", path), this.text(entry, "type", path), this.text(entry, "to", path)];
      const [fromName, typeName, toName] = named;
      if (fromName === undefined || typeName === undefined || toName === undefined) return;
      const type = types.get(typeName) ?? this.unknownType(typeName, types, [...path(), "type"]);
      const from = this.resolve(fromName, () => [...path(), "from"]);
      const to = this.resolve(toName, () => [...path(), "to"]);
      if (from === to) {
        this.warning("CMDB_SELF_RELATION", path(), `${describeValue(from)} ${type} itself`, "the relation is left out");
        return;
      }
      let targets = seen.get(from);
      if (targets === undefined) seen.set(from, (targets = new Set()));
      const target = `${type} ${to}`;
      if (targets.has(target)) {
        this.warning("CMDB_DUPLICATE_RELATION", path(), `${describeValue(`${from} ${target}`)} stands twice`);
        return;
      }
      targets.add(target);
      this.doubtDirection({ from, type, to }, index);
      relations.push({ from, type, to, source: this.options.source, ...this.seenAs(entry, index) });
    });
    return relations;
  }

  private unknownType(type: string, types: Map<string, string>, path: DataPath): string {
    this.warning(
      "CMDB_UNKNOWN_RELATION",
      path,
      `${describeValue(type)} is read as dependsOn`,
      didYouMean(type, RELATION_TYPES),
    );
    types.set(type, type);
    return type;
  }

  private doubtDirection({ from, type, to }: { from: string; type: string; to: string }, index: number): void {
    const [upper, lower] = [this.byId.get(from.toLowerCase()), this.byId.get(to.toLowerCase())];
    if (upper === undefined || lower === undefined) return;
    const doubt = directionDoubt(type, upper.type, lower.type);
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
  private names(value: unknown, path: DataPath): string[] {
    if (value === undefined || value === null) return [];
    const list: unknown[] = Array.isArray(value) ? value : [value];
    return list.flatMap((name, place) => {
      if (typeof name === "string" && name !== "") return [this.resolve(name, () => [...path, place])];
      this.error(
        "CMDB_WRONG_TYPE",
        [...path, place],
        `an id is a text, not ${describeValue(name)}`,
        "put it in quotes",
      );
      return [];
    });
  }

  private windows(value: unknown): MaintenanceWindow[] {
    const windows: MaintenanceWindow[] = [];
    const ids = new Set<string>();
    this.entries("maintenance", value, WINDOW_KEYS, (entry, index) => {
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
        cis: this.names(entry["cis"], [...path(), "cis"]),
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

import type { Finding } from "../../protocol/finding.ts";
import type { CmdbDocument } from "../core/model/ci.ts";
import type { UnixMillis } from "../core/model/time.ts";

/** Where a part of the CMDB comes from. A source owns what it declares: only it can change or remove that. */
export interface CmdbSource {
  /** A file's name as configured, or an import's name. */
  name: string;
  kind: "file" | "import";
  /** Seen by a machine rather than declared by people: its relations carry `lastSeenAt` and are one side of the drift. */
  observed: boolean;
  cis: number;
  relations: number;
  loadedAt: UnixMillis;
  /** Of the last time it was read; with an error among them the last good content is still in use. */
  findings: readonly Finding[];
}

export interface CmdbImportRequest {
  /** Lower-case letters, digits, `-`, `_`, `.`; at most 64. The whole of what this source has: what is missing is gone. */
  source: string;
  observed: boolean;
  /** The document of CONTRACT.md as JSON or YAML text. */
  text: string;
  /** What to call the text in findings: the file's name, or `body`. */
  file: string;
  /** Only the plan; nothing changes. */
  dryRun: boolean;
}

/** A relation as a key: `web-01 runsOn hv-3`. */
export type RelationKey = string;

export interface FieldChange {
  field: string;
  before: string;
  after: string;
}

/**
 * What an import does, or would do. Lists are sorted by code unit and hold at most 1000 entries each; counts are exact.
 * `retired`: gone at its source, but an open incident still speaks of it; it is removed when that is over.
 */
export interface CmdbPlan {
  source: string;
  counts: {
    cisAdded: number;
    cisChanged: number;
    cisRemoved: number;
    cisRetired: number;
    relationsAdded: number;
    relationsChanged: number;
    relationsRemoved: number;
  };
  cisAdded: string[];
  cisChanged: { id: string; fields: FieldChange[] }[];
  cisRemoved: string[];
  cisRetired: string[];
  relationsAdded: RelationKey[];
  relationsChanged: { relation: RelationKey; fields: FieldChange[] }[];
  relationsRemoved: RelationKey[];
}

/** `findings` of a planned or applied import are warnings; an invalid one changes nothing. */
export type CmdbImportResult =
  | { status: "planned" | "applied"; plan: CmdbPlan; findings: Finding[] }
  | { status: "invalid"; findings: Finding[] }
  /** `ownedByFile`: the name is that of a configured file. `badSource`: the name is not allowed. `tooManySources` … */
  | { status: "refused"; code: "badSource" | "ownedByFile" | "tooManySources"; message: string }
  /** The core or the disk did not take it now; nothing changed. */
  | { status: "unavailable"; reason: string };

/** Declared against observed; lists as in CmdbPlan. */
export interface CmdbDrift {
  at: UnixMillis;
  /** Reported by something, declared by nobody. */
  unknownCis: string[];
  /** Seen by an observing source, declared by nobody. */
  undeclaredRelations: { relation: RelationKey; source: string; confidence: number; lastSeenAt: string | null }[];
  /** Declared, both ends observed, and not seen by any observing source for longer than `staleAfterMs`. */
  unobservedRelations: { relation: RelationKey; source: string }[];
  counts: { unknownCis: number; undeclaredRelations: number; unobservedRelations: number };
}

/** The CMDB outside the core: files, imports, their owners, and what the core is given. */
export interface CmdbService {
  /** Every source merged: what the core was given last. Owned by the service; do not change. */
  document(): CmdbDocument;
  sources(): CmdbSource[];
  import(request: CmdbImportRequest): Promise<CmdbImportResult>;
  drift(): CmdbDrift;
}

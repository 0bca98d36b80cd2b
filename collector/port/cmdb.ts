import type { Finding } from "../../protocol/finding.ts";
import type { Observation } from "../../protocol/observation.ts";
import type { CmdbDocument, Relation } from "../core/model/ci.ts";
import type { UnixMillis } from "../core/model/time.ts";

/** Where a part of the CMDB comes from. A source owns what it declares: only it can change or remove that. */
export interface CmdbSource {
  /** A file's name as configured, an import's name, or `observed` for what all agents saw. */
  name: string;
  kind: "file" | "import" | "agents";
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
  /** Only the plan; nothing changes. `ifManyGone`: where more than half of what the source had is gone, ten CIs at least. */
  dryRun: boolean | "ifManyGone";
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

/** Declared against observed; lists as in CmdbPlan. Times RFC 3339. */
export interface CmdbDrift {
  at: UnixMillis;
  /** Reported by something, declared by nobody. */
  unknownCis: string[];
  /** Seen by an agent, declared by nobody. */
  undeclaredCis: { ci: string; type: string; host: string | null; source: string; lastSeenAt: string }[];
  /** Declared on a host whose agent looks, of a kind that agents know, and not found there. */
  unobservedCis: { ci: string; type: string; host: string; watchedSince: string }[];
  /** Seen by an observing source, declared by nobody. */
  undeclaredRelations: {
    relation: RelationKey;
    source: string;
    confidence: number;
    firstSeenAt: string | null;
    lastSeenAt: string | null;
  }[];
  /** Declared, both ends observed, and not seen by any observing source for longer than `staleAfterMs`, or never. */
  unobservedRelations: { relation: RelationKey; source: string; lastSeenAt: string | null }[];
  counts: {
    unknownCis: number;
    undeclaredCis: number;
    unobservedCis: number;
    undeclaredRelations: number;
    unobservedRelations: number;
  };
}

/** When agents saw a relation, and how sure that is. */
export interface Sight {
  firstSeenAt: UnixMillis;
  lastSeenAt: UnixMillis;
  confidence: number;
  /** `observed:<agent's CI>`. */
  source: string;
}

export type ObserveResult =
  /** `joined` neighbours are known by an agent or the CMDB, `strangers` are not. */
  { status: "taken"; joined: number; strangers: number } | { status: "refused"; reason: string };

/** The CMDB outside the core: files, imports, their owners, and what the core is given. */
export interface CmdbService {
  /** Every source merged: what the core was given last. Owned by the service; do not change. */
  document(): CmdbDocument;
  /** As `document`, without what was only observed. */
  declared(): CmdbDocument;
  sources(): CmdbSource[];
  import(request: CmdbImportRequest): Promise<CmdbImportResult>;
  drift(): CmdbDrift;
  /** What an agent sees of its host; the newest one counts. Not awaited by the core: a relation shows within seconds. */
  observe(observation: Observation): ObserveResult;
  /** Of a relation of the CMDB, declared or not; undefined where no agent saw it. */
  sight(relation: Pick<Relation, "from" | "type" | "to">): Sight | undefined;
}

import type { UnixMillis } from "./time.ts";

/** The id of a configuration item as the CMDB writes it; for a CI the CMDB does not know, the name it was reported by. */
export type CiId = string;

/** A configuration item: host, switch, database, service, business service … */
export interface Ci {
  id: CiId;
  /** Open list (host, vm, switch, database, service, businessService …); an unknown type is treated as a host. */
  type: string;
  name: string;
  /** Other names that find it: FQDN, short name, IP. Compared case-insensitively, as `id` and `name` are. */
  aliases: string[];
  labels: Record<string, string>;
  owner: string | null;
  /** 1 (most critical) … 4; null where the CMDB does not say. */
  criticality: number | null;
  /** For a pool, cluster or service with `hasMember` relations: how many healthy members it needs. Default 1. */
  minHealthy: number | null;
  /** False when an event named it and the CMDB did not. */
  known: boolean;
}

/**
 * Known relation types. The list is open: an unknown type is read as `dependsOn`.
 * `connectsTo` relations of one CI are alternatives (one live path is enough); `hasMember` goes from the pool to a member.
 */
export const RELATION_TYPES = [
  "runsOn",
  "hostedOn",
  "containedIn",
  "storesOn",
  "dependsOn",
  "uses",
  "connectsTo",
  "hasMember",
] as const;

/** `from` NEEDS `to`: trouble flows from `to` to `from`. */
export interface Relation {
  from: CiId;
  type: string;
  to: CiId;
  /** Who says so: `cmdb`, `agent`, an import's name. */
  source: string;
  /** 0…1, how sure that source is. 1 for a declared relation. */
  confidence: number;
  /** When an observing source last saw it; null for declared relations. */
  lastSeenAt: UnixMillis | null;
}

/** A planned period on CIs and, with `includeDependents`, on everything that cannot work without them. */
export interface MaintenanceWindow {
  id: string;
  cis: CiId[];
  from: UnixMillis;
  to: UnixMillis;
  includeDependents: boolean;
  reason: string;
  owner: string | null;
}

/** What the organisation says it has. It is not the truth: relations can be missing or wrong, CIs unknown. */
export interface CmdbDocument {
  /** The network CIs that the collector and active pollers are attached to. */
  vantage: CiId[];
  cis: Ci[];
  relations: Relation[];
  maintenance: MaintenanceWindow[];
}

export const EMPTY_CMDB: CmdbDocument = { vantage: [], cis: [], relations: [], maintenance: [] };

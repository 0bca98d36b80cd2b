import { parse } from "yaml";
import type { Ci, CmdbDocument } from "../core/model/ci.ts";

/** A CMDB file for a replay, read without the strictness of the collector's own reader. */
export function readReplayCmdb(text: string): CmdbDocument {
  const raw = parse(text) as {
    vantage?: string[];
    cis?: Partial<Ci>[];
    relations?: unknown[];
    maintenance?: unknown[];
  };
  return {
    vantage: raw.vantage ?? [],
    cis: (raw.cis ?? []).map((ci) => ({
      id: String(ci.id),
      type: ci.type ?? "host",
      name: ci.name ?? String(ci.id),
      aliases: ci.aliases ?? [],
      labels: ci.labels ?? {},
      owner: ci.owner ?? null,
      criticality: ci.criticality ?? null,
      minHealthy: ci.minHealthy ?? null,
      known: true,
    })),
    relations: (raw.relations ?? []).map((value) => {
      const { from, type, to } = value as { from: string; type: string; to: string };
      return { from, type, to, source: "cmdb", confidence: 1, lastSeenAt: null };
    }),
    maintenance: (raw.maintenance ?? []).map((value) => {
      const window = value as { id: string; cis: string[]; from: string; to: string; includeDependents?: boolean };
      return {
        id: window.id,
        cis: window.cis,
        from: Date.parse(window.from),
        to: Date.parse(window.to),
        includeDependents: window.includeDependents ?? false,
        reason: "",
        owner: null,
      };
    }),
  };
}

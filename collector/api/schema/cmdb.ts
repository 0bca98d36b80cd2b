import { named, nullable, time } from "./basic.ts";
import { Type } from "../../port/type-builder.ts";

export const CI = Type.Object(
  {
    id: Type.String(),
    type: Type.String(),
    name: Type.String(),
    aliases: Type.Array(Type.String()),
    labels: Type.Record(Type.String(), Type.String()),
    owner: nullable(Type.String()),
    criticality: nullable(Type.Number({ description: "1 (most) to 4." })),
    minHealthy: nullable(Type.Number()),
    known: Type.Boolean({ description: "False: something reported it and the CMDB does not have it." }),
  },
  { $id: "Ci", description: "A configuration item." },
);

export const RELATION = Type.Object(
  {
    from: Type.String(),
    type: Type.String(),
    to: Type.String(),
    source: Type.String(),
    confidence: Type.Number({ description: "0 to 1; 1 where people declare it." }),
    firstSeenAt: nullable(time("By an agent.")),
    lastSeenAt: nullable(time("By an agent, or another observing source.")),
    seenBy: nullable(Type.String({ description: "`observed:<agent>`; a declared relation is seen, too." })),
  },
  { $id: "Relation", description: "`from` needs `to`: trouble flows from `to` to `from`." },
);

export const CI_IN_CONTEXT = Type.Object(
  { ...CI.properties, needs: Type.Array(named("Relation")), neededBy: Type.Array(named("Relation")) },
  { $id: "CiInContext", description: "A CI with what it needs and what needs it, at most 1000 of each." },
);

const finding = Type.Object({
  severity: Type.Enum(["error", "warning"]),
  code: Type.String(),
  file: Type.String(),
  line: Type.Integer(),
  column: Type.Integer(),
  message: Type.String(),
  hint: Type.String(),
});

const change = (key: string) =>
  Type.Object({
    [key]: Type.String(),
    fields: Type.Array(Type.Object({ field: Type.String(), before: Type.String(), after: Type.String() })),
  });
const texts = Type.Array(Type.String());

export const CMDB_IMPORT = Type.Object(
  {
    status: Type.Enum(["planned", "applied"]),
    plan: Type.Object({
      source: Type.String(),
      counts: Type.Record(Type.String(), Type.Integer()),
      cisAdded: texts,
      cisChanged: Type.Array(change("id")),
      cisRemoved: texts,
      cisRetired: texts,
      relationsAdded: texts,
      relationsChanged: Type.Array(change("relation")),
      relationsRemoved: texts,
    }),
    findings: Type.Array(finding),
  },
  {
    $id: "CmdbImport",
    description: "What an import did, or would do; lists hold at most 1000 entries, counts are exact.",
  },
);

export const CMDB_SOURCE = Type.Object(
  {
    name: Type.String(),
    kind: Type.Enum(["file", "import", "agents"]),
    observed: Type.Boolean(),
    cis: Type.Integer(),
    relations: Type.Integer(),
    loadedAt: time(),
    findings: Type.Array(finding),
  },
  { $id: "CmdbSource" },
);

export const CMDB_DRIFT = Type.Object(
  {
    at: time(),
    unknownCis: texts,
    undeclaredCis: Type.Array(
      Type.Object({
        ci: Type.String(),
        type: Type.String(),
        host: nullable(Type.String()),
        source: Type.String(),
        lastSeenAt: time(),
      }),
    ),
    unobservedCis: Type.Array(
      Type.Object({ ci: Type.String(), type: Type.String(), host: Type.String(), watchedSince: time() }),
    ),
    undeclaredRelations: Type.Array(
      Type.Object({
        relation: Type.String(),
        source: Type.String(),
        confidence: Type.Number(),
        firstSeenAt: nullable(Type.String()),
        lastSeenAt: nullable(Type.String()),
      }),
    ),
    unobservedRelations: Type.Array(
      Type.Object({ relation: Type.String(), source: Type.String(), lastSeenAt: nullable(Type.String()) }),
    ),
    counts: Type.Record(Type.String(), Type.Integer()),
  },
  { $id: "CmdbDrift", description: "What is declared against what was observed." },
);

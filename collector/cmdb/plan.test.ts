import { expect, test } from "vitest";
import type { CmdbDocument } from "../core/model/ci.ts";
import { computeDrift } from "./drift.ts";
import { mergeSources } from "./merge.ts";
import { NameIndex } from "./name-index.ts";
import { DeclaredIndex } from "./observed/declared-index.ts";
import { planOf } from "./plan.ts";
import { readCmdb } from "./read.ts";
import { retiredOf } from "./retired.ts";
import { EMPTY_DOCUMENT } from "./source.ts";

function cmdb(text: string, source = "cmdb", observedAt: number | null = null): CmdbDocument {
  const result = readCmdb(text, "cmdb.yaml", { sizeMaxBytes: 1_000_000, source, observedAt });
  if (result.status === "broken") throw new Error(JSON.stringify(result.findings));
  return result.document;
}

const keys = (document: CmdbDocument): string[] =>
  document.relations.map(({ from, type, to, source }) => `${from} ${type} ${to} (${source})`);

test("sources add up: the first that says something holds", () => {
  const files = cmdb("cis: [{ id: a, type: host, aliases: [x], labels: { site: one }, criticality: 1 }]");
  const imported = cmdb(
    "cis: [{ id: A, type: vm, name: Alpha, aliases: [x, y], labels: { site: two, rack: r }, owner: team, criticality: 2 }, { id: b }]\nrelations: [{ from: A, type: uses, to: b }]",
    "snow",
  );
  const { document, contradictions } = mergeSources([
    { name: "files", document: files },
    { name: "snow", document: imported },
  ]);
  expect(document.cis).toEqual([
    {
      id: "a",
      type: "host",
      name: "Alpha",
      aliases: ["x", "y"],
      labels: { site: "one", rack: "r" },
      owner: "team",
      criticality: 1,
      minHealthy: null,
      known: true,
    },
    imported.cis[1],
  ]);
  expect(contradictions.map(({ field, kept, refused }) => [field, kept, refused])).toEqual([
    ["type", "host", "vm"],
    ["criticality", "1", "2"],
  ]);
});

test("a name that CIs of two sources claim is told, where no source alone could tell it", () => {
  const one = cmdb(
    "cis: [{ id: web-01, aliases: [w1] }, { id: db, aliases: [both, twice] }, { id: db2, aliases: [twice] }]",
  );
  const two = cmdb("cis: [{ id: web-01 }, { id: web-02, aliases: [W1, db] }]");
  const { ambiguities } = mergeSources([
    { name: "one", document: one },
    { name: "two", document: two },
  ]);
  expect(ambiguities).toEqual([
    { name: "W1", ci: "web-02", from: "two", owner: "web-01" },
    { name: "db", ci: "web-02", from: "two", owner: "db" },
  ]);
});

test("a relation that several sources know keeps its first source and the latest sighting", () => {
  const declared = cmdb("cis: [{ id: a }, { id: b }]\nrelations: [{ from: a, type: uses, to: b }]");
  const seen = cmdb(
    "relations: [{ from: A, type: uses, to: B, confidence: 0.7 }, { from: b, type: uses, to: a, confidence: 0.7 }]",
    "agent",
    5,
  );
  const { document } = mergeSources([
    { name: "files", document: declared },
    { name: "agent", document: seen },
  ]);
  expect(document.relations).toEqual([
    { from: "a", type: "uses", to: "b", source: "cmdb", confidence: 1, lastSeenAt: 5 },
    { from: "b", type: "uses", to: "a", source: "agent", confidence: 0.7, lastSeenAt: 5 },
  ]);
});

test("where one source alone has CIs its lists are taken over as they are", () => {
  const big = cmdb("cis: [{ id: a }]");
  const windows = cmdb('maintenance: [{ id: m, cis: [a], from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" }]');
  const { document } = mergeSources([
    { name: "files", document: big },
    { name: "windows", document: windows },
  ]);
  expect(document.cis).toBe(big.cis);
  expect(document.maintenance).toHaveLength(1);
});

test("a plan tells what is added, changed, removed and retired", () => {
  const before = cmdb(
    "cis: [{ id: same, aliases: [x, y] }, { id: changed, owner: one }, { id: gone }, { id: burning }]\nrelations: [{ from: same, type: uses, to: gone }, { from: same, type: uses, to: changed, confidence: 0.5 }]",
  );
  const after = cmdb(
    "cis: [{ id: same, aliases: [y, x] }, { id: changed, owner: two, labels: { a: b } }, { id: new }]\nrelations: [{ from: same, type: uses, to: new }, { from: same, type: uses, to: changed }]",
  );
  expect(planOf("snow", before, after, new Set(["burning"]))).toEqual({
    source: "snow",
    counts: {
      cisAdded: 1,
      cisChanged: 1,
      cisRemoved: 1,
      cisRetired: 1,
      relationsAdded: 1,
      relationsChanged: 1,
      relationsRemoved: 1,
    },
    cisAdded: ["new"],
    cisChanged: [
      {
        id: "changed",
        fields: [
          { field: "labels", before: "", after: "a=b" },
          { field: "owner", before: "one", after: "two" },
        ],
      },
    ],
    cisRemoved: ["gone"],
    cisRetired: ["burning"],
    relationsAdded: ["same uses new"],
    relationsChanged: [{ relation: "same uses changed", fields: [{ field: "confidence", before: "0.5", after: "1" }] }],
    relationsRemoved: ["same uses gone"],
  });
});

test("a plan lists a thousand and counts all", () => {
  const after = cmdb(JSON.stringify({ cis: Array.from({ length: 1500 }, (_, index) => ({ id: `ci-${index}` })) }));
  const plan = planOf("x", cmdb(""), after, new Set());
  expect([plan.cisAdded.length, plan.counts.cisAdded]).toEqual([1000, 1500]);
});

test("a CI that is gone stays with its relations while an open incident speaks of it", () => {
  const before = cmdb(
    "cis: [{ id: a }, { id: b }, { id: c }, { id: d }]\nrelations: [{ from: a, type: uses, to: b }, { from: b, type: uses, to: c }, { from: b, type: uses, to: d }]",
  );
  const after = cmdb("cis: [{ id: a }, { id: d }]");
  const retired = retiredOf(before, after, new Set(["b"]));
  expect(retired.cis.map(({ id }) => id)).toEqual(["b"]);
  expect(keys(retired)).toEqual(["a uses b (cmdb)", "b uses d (cmdb)"]);
  expect(retiredOf(before, after, new Set()).cis).toEqual([]);
});

test("drift: what nobody declared, and what nobody saw although both ends are watched", () => {
  const declared = cmdb(
    "cis: [{ id: a }, { id: b }, { id: c }]\nrelations: [{ from: a, type: dependsOn, to: b }, { from: b, type: uses, to: a }, { from: a, type: uses, to: c }]",
  );
  const observed = cmdb(
    "relations: [{ from: A, type: uses, to: b, confidence: 0.8 }, { from: a, type: uses, to: x, confidence: 0.8 }]",
    "agent",
    1000,
  );
  const names = NameIndex.of(declared.cis);
  const idOf = (name: string): string => names.idOf(name);
  const sides = {
    idOf,
    declared: new DeclaredIndex(declared),
    declaredRelations: declared.relations,
    imported: observed.relations,
    agents: { hosts: new Map(), part: { document: EMPTY_DOCUMENT, sights: new Map() } },
  };
  const drift = computeDrift({
    ...sides,
    unknownCis: ["z", "x"],
    now: 2000,
    staleAfterMs: 5000,
  });
  expect(drift).toEqual({
    at: 2000,
    unknownCis: ["x", "z"],
    undeclaredCis: [],
    unobservedCis: [],
    undeclaredRelations: [
      {
        relation: "a uses x",
        source: "agent",
        confidence: 0.8,
        firstSeenAt: null,
        lastSeenAt: "1970-01-01T00:00:01.000Z",
      },
    ],
    unobservedRelations: [{ relation: "b uses a", source: "cmdb", lastSeenAt: null }],
    counts: { unknownCis: 2, undeclaredCis: 0, unobservedCis: 0, undeclaredRelations: 1, unobservedRelations: 1 },
  });
  const later = computeDrift({
    ...sides,
    unknownCis: [],
    now: 9000,
    staleAfterMs: 5000,
  });
  expect(later.unobservedRelations.map(({ relation }) => relation)).toEqual(["a dependsOn b", "b uses a"]);
  expect(later.undeclaredRelations).toEqual([]);
});

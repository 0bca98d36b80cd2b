import { array, assert, constantFrom, type Arbitrary, oneof, property, record, string } from "fast-check";
import { expect, test } from "vitest";
import { slippedText } from "../../test/support/text-slip.ts";
import { JsonEntries } from "../config/document/json-entries.ts";
import { directionDoubt } from "./direction.ts";
import { CMDB_CODES } from "./error-codes.ts";
import { fileForm } from "./file-form.ts";
import { type CmdbReadResult, readCmdb } from "./read.ts";

const OPTIONS = { sizeMaxBytes: 10_000_000, source: "cmdb", observedAt: null };
const read = (text: string, file = "cmdb.yaml"): CmdbReadResult => readCmdb(text, file, OPTIONS);
const codes = (text: string): string[] =>
  read(text).findings.map(({ code, line, column }) => `${code} ${line}:${column}`);

const GOOD = `vantage: [core-1]
cis:
  - { id: web-01, type: host, name: Web one, aliases: [web-01.example.net, 10.0.3.7], labels: { site: ams1, rack: 12 }, owner: team-web, criticality: 1 }
  - { id: hv-3, type: hypervisor }
  - { id: core-1, type: switch }
  - { id: pool, type: cluster, minHealthy: 2 }
relations:
  - { from: WEB-01, type: runsOn, to: hv-3 }
  - { from: web-01.example.net, type: connectsTo, to: core-1 }
  - { from: pool, type: hasMember, to: 10.0.3.7 }
maintenance:
  - { id: mw-1, cis: [hv-3], from: "2026-03-01T10:00:00Z", to: "2026-03-01T12:00:00+01:00", includeDependents: true }
`;

test("of a window with a time that there is not, only that is told", () => {
  const windows = (from: string, to: string): string[] =>
    codes(`cis: [{ id: a }]\nmaintenance: [{ id: m, cis: [a], from: "${from}", to: "${to}" }]`);
  expect(windows("2026-02-30T00:00:00Z", "2026-03-20T00:00:00Z")).toEqual(["CMDB_BAD_VALUE 2:40"]);
  expect(windows("2026-03-01T00:00:00Z", "2026-03-20T25:00:00Z")).toEqual(["CMDB_BAD_VALUE 2:68"]);
});

test("a good file gives CIs, relations by id, vantage and windows", () => {
  const result = read(GOOD);
  expect(result.findings).toEqual([]);
  if (result.status !== "read") throw new Error("broken");
  expect(result.document.cis[0]).toEqual({
    id: "web-01",
    type: "host",
    name: "Web one",
    aliases: ["web-01.example.net", "10.0.3.7"],
    labels: { site: "ams1", rack: "12" },
    owner: "team-web",
    criticality: 1,
    minHealthy: null,
    known: true,
  });
  expect(result.document.relations.map(({ from, type, to }) => `${from} ${type} ${to}`)).toEqual([
    "web-01 runsOn hv-3",
    "web-01 connectsTo core-1",
    "pool hasMember web-01",
  ]);
  expect(result.document.vantage).toEqual(["core-1"]);
  expect(result.document.maintenance).toMatchObject([
    { id: "mw-1", to: Date.parse("2026-03-01T11:00:00Z"), includeDependents: true },
  ]);
});

test.for(["", "{}", "cis:\nrelations:\n", '{"cis": [], "relations": []}'])("%j is an empty CMDB", (text) => {
  expect(read(text)).toMatchObject({ status: "read", document: { cis: [], relations: [] } });
});

const TWO = "cis: [{ id: a, type: host }, { id: b, type: vm }]\n";

test.for<[situation: string, text: string, expected: string[]]>([
  ["not YAML", "cis: [", ["CMDB_SYNTAX 1:7"]],
  ["a list", "- id: a", ["CMDB_WRONG_TYPE 1:1"]],
  ["a section misspelt", "relation: []", ["CMDB_UNKNOWN_SECTION 1:1"]],
  ["cis as mapping", "cis: { a: {} }", ["CMDB_WRONG_TYPE 1:6"]],
  ["a CI that is a text", "cis: [a]", ["CMDB_WRONG_TYPE 1:7"]],
  ["a CI without id", "cis: [{ type: host }]", ["CMDB_MISSING_KEY 1:7"]],
  ["an id that is a number", "cis: [{ id: 12 }]", ["CMDB_WRONG_TYPE 1:13"]],
  ["an id twice", "cis: [{ id: a }, { id: a }]", ["CMDB_DUPLICATE_ID 1:24"]],
  ["an id twice, in other case", "cis: [{ id: a }, { id: A }]", ["CMDB_SAME_ID 1:24"]],
  ["a key that is not read", "cis: [{ id: a, critcality: 1 }]", ["CMDB_UNKNOWN_KEY 1:16"]],
  ["criticality out of range", "cis: [{ id: a, criticality: 5 }]", ["CMDB_BAD_VALUE 1:29"]],
  ["criticality as text", "cis: [{ id: a, criticality: high }]", ["CMDB_WRONG_TYPE 1:29"]],
  ["an alias that is a mapping", "cis: [{ id: a, aliases: [{ x: 1 }] }]", ["CMDB_WRONG_TYPE 1:26"]],
  ["labels as list", "cis: [{ id: a, labels: [x] }]", ["CMDB_WRONG_TYPE 1:24"]],
  ["a label that is a mapping", "cis: [{ id: a, labels: { x: {} } }]", ["CMDB_WRONG_TYPE 1:29"]],
  ["an alias of two CIs", "cis: [{ id: a, aliases: [x] }, { id: b, aliases: [X] }]", ["CMDB_AMBIGUOUS_NAME 1:51"]],
  ["an alias that is another's id", "cis: [{ id: a, aliases: [B] }, { id: b }]", ["CMDB_AMBIGUOUS_NAME 1:26"]],
  ["a name of two CIs", "cis: [{ id: a, name: x }, { id: b, name: x }]", ["CMDB_AMBIGUOUS_NAME 1:42"]],
  ["a relation to nobody", `${TWO}relations: [{ from: a, type: uses, to: c }]`, ["CMDB_DANGLING 2:40"]],
  ["a relation without type", `${TWO}relations: [{ from: a, to: b }]`, ["CMDB_MISSING_KEY 2:13"]],
  [
    "a relation of an unknown type",
    `${TWO}relations: [{ from: a, type: dependson, to: b }]`,
    ["CMDB_UNKNOWN_RELATION 2:30"],
  ],
  [
    "a relation twice",
    `${TWO}relations: [{ from: a, type: uses, to: b }, { from: A, type: uses, to: b }]`,
    ["CMDB_DUPLICATE_RELATION 2:45"],
  ],
  ["a relation to itself", `${TWO}relations: [{ from: a, type: uses, to: A }]`, ["CMDB_SELF_RELATION 2:13"]],
  [
    "a relation that runs the wrong way",
    `${TWO}relations: [{ from: a, type: runsOn, to: b }]`,
    ["CMDB_SUSPICIOUS_DIRECTION 2:13"],
  ],
  [
    "confidence above one",
    `${TWO}relations: [{ from: b, type: runsOn, to: a, confidence: 2 }]`,
    ["CMDB_BAD_VALUE 2:57"],
  ],
  ["a vantage point that nobody declares", "vantage: [x]", ["CMDB_DANGLING 1:11"]],
  [
    "a window without zone",
    'maintenance: [{ id: m, cis: [], from: "2026-01-01T00:00:00", to: "2026-01-02T00:00:00Z" }]',
    ["CMDB_BAD_VALUE 1:39"],
  ],
  [
    "a window that ends first",
    'maintenance: [{ id: m, cis: [], from: "2026-01-03T00:00:00Z", to: "2026-01-02T00:00:00Z" }]',
    ["CMDB_BAD_VALUE 1:67"],
  ],
  [
    "a window twice",
    'maintenance: [{ id: m, cis: [], from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" }, { id: m, cis: [], from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" }]',
    ["CMDB_DUPLICATE_ID 1:99"],
  ],
])("%s", ([, text, expected]) => {
  expect(codes(text)).toEqual(expected);
  for (const { code } of read(text).findings) expect(Object.keys(CMDB_CODES)).toContain(code);
});

test("what is missing is told with what to add", () => {
  const { findings } = read("cis: [{ type: host }]\nrelations: [{ from: a }]\n");
  expect(findings.map(({ hint }) => hint)).toEqual([
    "add id: a name that stays the same",
    "add type: how it is needed, such as dependsOn or runsOn",
    "add to: the id of what is needed",
  ]);
});

test("ids that differ in case only are one CI with the relations of both", () => {
  const result = read(
    "cis: [{ id: a }, { id: b }, { id: B }]\nrelations: [{ from: a, type: uses, to: b }, { from: a, type: dependsOn, to: B }]",
  );
  expect(result).toMatchObject({ status: "read", document: { cis: [{ id: "a" }, { id: "b" }] } });
  expect(result.status === "read" && result.document.relations.map(({ to }) => to)).toEqual(["b", "b"]);
});

test("cycles are allowed: rings and meshes have them", () => {
  const text =
    "cis: [{ id: a, type: switch }, { id: b, type: switch }]\nrelations: [{ from: a, type: connectsTo, to: b }, { from: b, type: connectsTo, to: a }]";
  expect(codes(text)).toEqual([]);
});

test("names that other files declare do not dangle", () => {
  const result = readCmdb("relations: [{ from: a, type: uses, to: B }]", "x.yaml", {
    ...OPTIONS,
    elsewhere: new Set(["a", "b"]),
  });
  expect(result.findings).toEqual([]);
});

test("a thousand dangling relations are told in fifty lines and a count", () => {
  const relations = Array.from({ length: 1000 }, (_, index) => `  - { from: a, type: uses, to: x${index} }`);
  const { findings } = read(`cis: [{ id: a }]\nrelations:\n${relations.join("\n")}`);
  expect(findings).toHaveLength(50);
  expect(findings.at(-1)?.message).toContain("950 more");
});

test.for<[type: string, from: string, to: string, doubted: boolean]>([
  ["runsOn", "vm", "hypervisor", false],
  ["runsOn", "switch", "host", true],
  ["containedIn", "host", "rack", false],
  ["containedIn", "rack", "host", true],
  ["storesOn", "database", "storage", false],
  ["connectsTo", "host", "switch", false],
  ["connectsTo", "switch", "host", true],
  ["connectsTo", "switch", "router", false],
  ["dependsOn", "businessService", "service", false],
  ["dependsOn", "service", "businessService", true],
  ["hasMember", "cluster", "host", false],
  ["runsOn", "toaster", "host", false],
])("%s from %s to %s is doubted: %s", ([type, from, to, doubted]) => {
  expect(directionDoubt(type, from, to) !== null).toBe(doubted);
});

test("what is exported is read back as it was", () => {
  const result = read(GOOD);
  if (result.status !== "read") throw new Error("broken");
  const again = read(JSON.stringify(fileForm(result.document)), "again.json");
  expect(again).toEqual({ ...result, findings: [] });
});

/** Values as they come in CMDBs, and as they should not. */
const scalar: Arbitrary<unknown> = oneof(
  constantFrom<unknown>("a", "b", "A", "c", "", null, 1, true, "dependsOn", "runsOn", "host", "switch", [], {}),
  string(),
);
const entry = record(
  {
    id: scalar,
    type: scalar,
    name: scalar,
    aliases: oneof(scalar, array(scalar, { maxLength: 3 })),
    labels: oneof(scalar, record({ x: scalar })),
    owner: scalar,
    criticality: scalar,
    from: scalar,
    to: scalar,
    confidence: scalar,
    cis: array(scalar, { maxLength: 2 }),
    __proto__: scalar,
  },
  { requiredKeys: [] },
);
const section = oneof(scalar, array(oneof(entry, entry, scalar), { maxLength: 5 }));

test("whatever stands in it, it is read or told with places, the same way by both readers", () => {
  assert(
    property(
      record(
        { cis: section, relations: section, vantage: section, maintenance: section, extra: scalar },
        { requiredKeys: [] },
      ),
      (value) => {
        const text = JSON.stringify(value, null, 1);
        const whole = read(text, "x.json");
        for (const { line, column } of whole.findings) expect(line > 0 && column > 0).toBe(true);
        // Padding makes it large enough for the reader that goes entry by entry.
        const large = Buffer.from(`${text}${" ".repeat(1_100_000)}`);
        expect(JsonEntries.open(large, "x.json")).toBeDefined();
        expect(readCmdb(large, "x.json", OPTIONS)).toEqual(whole);
      },
    ),
    { numRuns: 150 },
  );
});

test("slips of the finger in a good file are read or told, never thrown", () => {
  assert(
    property(slippedText(GOOD), (text) => {
      for (const { line, column, file } of read(text).findings)
        expect([line > 0, column > 0, file]).toEqual([true, true, "cmdb.yaml"]);
    }),
    { numRuns: 500 },
  );
});

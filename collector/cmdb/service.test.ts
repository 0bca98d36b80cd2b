import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeQuery, RecordingIntake, RecordingLog, RecordingTelemetry } from "../../test/support/recording-ports.ts";
import { sampleIncident } from "../../test/support/sample-notification.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { CmdbDocument } from "../core/model/ci.ts";
import { CmdbRoom, type CmdbSettings } from "./service.ts";

let folder = "";
let clock: VirtualClock;
let log: RecordingLog;
let intake: RecordingIntake;
let query: FakeQuery;
const rooms: CmdbRoom[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-cmdb-"));
  clock = new VirtualClock();
  log = new RecordingLog();
  intake = new RecordingIntake();
  query = new FakeQuery();
});
afterEach(async () => {
  for (const room of rooms.splice(0)) await room.close();
  rmSync(folder, { recursive: true, force: true });
});

const path = (name: string): string => join(folder, name);
const write = (name: string, text: string): void => writeFileSync(path(name), text);

function room(settings: Partial<CmdbSettings> = {}): CmdbRoom {
  const made = new CmdbRoom({
    settings: {
      files: [path("cmdb.yaml")],
      maintenance: [],
      staleAfterMs: 86_400_000,
      sizeMaxBytes: 10_000_000,
      ...settings,
    },
    folder: path("data"),
    clock,
    log,
    telemetry: new RecordingTelemetry(),
  });
  rooms.push(made);
  return made;
}

async function started(settings: Partial<CmdbSettings> = {}): Promise<CmdbRoom> {
  const made = room(settings);
  await made.open();
  await made.start({ intake, query });
  return made;
}

function submitted(): CmdbDocument {
  const last = intake.submissions.findLast(({ kind }) => kind === "topology");
  if (last?.kind !== "topology") throw new Error("nothing was submitted");
  return last.cmdb;
}

const ids = (document: CmdbDocument): string[] => document.cis.map(({ id }) => id);
const importOf = (
  source: string,
  text: string,
  more: { dryRun?: boolean | "ifManyGone"; observed?: boolean } = {},
) => ({
  source,
  text,
  file: "body",
  dryRun: false,
  observed: false,
  ...more,
});
const burning = (ci: string): void => {
  query.incidentList = [
    sampleIncident({
      rootCause: { ci, confidence: 1, inferred: true, candidates: [], change: null },
      alerts: [],
      impact: { services: [], cis: [] },
    }),
  ];
};

test("at the start the core is given the files, with the configuration's windows", async () => {
  write("cmdb.yaml", "cis: [{ id: a }]");
  const window = { id: "mw", cis: ["a"], from: 1, to: 2, includeDependents: true, reason: "", owner: null };
  const cmdb = await started({ maintenance: [window] });
  expect(ids(submitted())).toEqual(["a"]);
  expect(submitted().maintenance).toEqual([window]);
  expect(cmdb.sources()).toMatchObject([{ name: path("cmdb.yaml"), kind: "file", cis: 1, relations: 0, findings: [] }]);
});

test("an import that says the same again gives the core nothing to do, and its plan is empty", async () => {
  const cmdb = await started({ files: [] });
  const text = "cis: [{ id: a }]";
  expect(await cmdb.import(importOf("netbox", text))).toMatchObject({ status: "applied", plan: { cisAdded: ["a"] } });
  const { length } = intake.submissions;
  expect(await cmdb.import(importOf("netbox", text))).toMatchObject({ status: "applied", plan: { cisAdded: [] } });
  expect(await cmdb.import(importOf("netbox", text, { dryRun: true }))).toMatchObject({ status: "planned" });
  expect(intake.submissions).toHaveLength(length);
  // Under another name it is another source; what was seen is seen anew.
  await cmdb.import(importOf("seen", text, { observed: true }));
  await cmdb.import(importOf("seen", text, { observed: true }));
  expect(intake.submissions).toHaveLength(length + 2);
});

test("a relation that led nowhere is looked at again when the same import comes again", async () => {
  const cmdb = await started({ files: [] });
  const text = "cis: [{ id: a }]\nrelations: [{ from: a, type: uses, to: b }]";
  await cmdb.import(importOf("one", text));
  await cmdb.import(importOf("two", "cis: [{ id: b }]"));
  await cmdb.import(importOf("one", text));
  expect(cmdb.document().relations.map(({ from, to }) => [from, to])).toEqual([["a", "b"]]);
  expect(cmdb.sources().flatMap(({ findings }) => findings)).toEqual([]);
});

test("relations between files do not dangle, whichever is read first", async () => {
  write("one.yaml", "cis: [{ id: a }]\nrelations: [{ from: a, type: uses, to: b }]");
  write(
    "two.yaml",
    "cis: [{ id: b }]\nrelations: [{ from: b, type: uses, to: a }, { from: b, type: uses, to: nobody }]",
  );
  const cmdb = room({ files: [path("one.yaml"), path("two.yaml")] });
  await cmdb.open();
  const findings = await cmdb.reload();
  expect(findings.map(({ code, file, message }) => [code, file, message])).toEqual([
    ["CMDB_DANGLING", path("two.yaml"), '"nobody" is not declared'],
  ]);
});

test("a changed file replaces what it said; a broken one does not", async () => {
  write("cmdb.yaml", "cis: [{ id: a }]");
  const cmdb = await started();
  write("cmdb.yaml", "cis: [{ id: a }, { id: b }]");
  expect(await cmdb.reload()).toEqual([]);
  expect(ids(submitted())).toEqual(["a", "b"]);
  write("cmdb.yaml", "cis: [{ id: 1 }]");
  expect((await cmdb.reload()).map(({ code, severity }) => [code, severity])).toEqual([["CMDB_WRONG_TYPE", "warning"]]);
  expect(ids(cmdb.document())).toEqual(["a", "b"]);
  expect(cmdb.sources()[0]?.findings.map(({ severity }) => severity)).toEqual(["error"]);
  expect(log.lines.some(({ level }) => level === "error")).toBe(true);
});

test("a restart with a broken file uses its last good content; a first start with one tells the error", async () => {
  write("cmdb.yaml", "cis: [{ id: a }]");
  await started();
  write("cmdb.yaml", "cis: [");
  const again = room();
  expect((await again.open()).map(({ severity }) => severity)).toEqual(["warning"]);
  expect(ids(again.document())).toEqual(["a"]);
  const first = room({ files: [path("other.yaml")] });
  expect((await first.open()).map(({ code, severity }) => [code, severity])).toEqual([
    ["CMDB_FILE_UNREADABLE", "error"],
  ]);
});

/** Warnings and errors, as an operator would look for them. */
const complaints = (): string[] =>
  log.lines.flatMap(({ level, message, fields }) =>
    level === "info" ? [] : [`${level}: ${message}: ${String(fields?.["found"])}`],
  );

const STAYS = 'error: a CMDB file has errors; what it said before stays in use: "id" takes a text, not number 1';
const DOUBT = 'warn: the CMDB has a doubtful entry: "nobody" is not declared';

test.for<[situation: string, before: string, after: string, said: string[]]>([
  ["errors in a file that was good", "cis: [{ id: a }]", "cis: [{ id: 1 }]", [STAYS]],
  ["errors in several places: the first", "cis: [{ id: a }]", "cis: [{ id: 1 }, { id: 2 }]", [STAYS]],
  [
    "a doubtful entry",
    "cis: [{ id: a }]",
    "cis: [{ id: a }]\nrelations: [{ from: a, type: uses, to: nobody }]",
    [DOUBT],
  ],
  ["nothing", "cis: [{ id: a }]", "cis: [{ id: b }]", []],
])("what is wrong with a file is logged once: %s", async ([, before, after, said]) => {
  write("cmdb.yaml", before);
  const cmdb = await started();
  write("cmdb.yaml", after);
  await cmdb.reload();
  expect(complaints()).toEqual(said);
  log.lines.length = 0;
  await cmdb.reconfigure({ files: [path("cmdb.yaml")], maintenance: [], staleAfterMs: 1, sizeMaxBytes: 10_000_000 });
  expect(complaints()).toEqual(said);
  log.lines.length = 0;
  await started();
  expect(complaints()).toEqual(said);
});

test("a file that cannot be used and never said anything is told of when it comes, and keeps the collector from starting", async () => {
  write("cmdb.yaml", "cis: [{ id: a }]");
  const cmdb = await started();
  write("more.yaml", "cis: [{ id: 1 }]");
  const files = [path("cmdb.yaml"), path("more.yaml")];
  await cmdb.reconfigure({ files, maintenance: [], staleAfterMs: 1, sizeMaxBytes: 10_000_000 });
  expect(complaints()).toEqual(['error: a CMDB file has errors and is left out: "id" takes a text, not number 1']);
  log.lines.length = 0;
  const findings = await room({ files }).open();
  expect(findings.map(({ severity }) => severity)).toEqual(["error"]);
  // Whoever refuses to start says all that is wrong.
  expect(complaints()).toEqual([]);
});

test("while the core is too busy for the CMDB, what is wrong with it is not logged at each attempt", async () => {
  write("cmdb.yaml", "cis: [{ id: a }]");
  const cmdb = await started();
  write("cmdb.yaml", "cis: [{ id: 1 }]");
  intake.answer = () => ({ status: "overloaded", retryAfterMs: 1000 });
  await cmdb.reconfigure({ files: [path("cmdb.yaml")], maintenance: [], staleAfterMs: 1, sizeMaxBytes: 10_000_000 });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    clock.advance(1000);
    await cmdb.settled();
  }
  expect(complaints()).toEqual([STAYS]);
});

test("an import is planned, applied, kept over a restart, and owned by its source", async () => {
  write("cmdb.yaml", "cis: [{ id: a, type: host }]");
  const cmdb = await started();
  const text = JSON.stringify({ cis: [{ id: "b" }], relations: [{ from: "b", type: "uses", to: "a" }] });
  const planned = await cmdb.import(importOf("snow", text, { dryRun: true }));
  expect(planned).toMatchObject({
    status: "planned",
    findings: [],
    plan: { cisAdded: ["b"], relationsAdded: ["b uses a"] },
  });
  expect(ids(cmdb.document())).toEqual(["a"]);
  expect(await cmdb.import(importOf("snow", text))).toMatchObject({ status: "applied" });
  expect(ids(submitted())).toEqual(["a", "b"]);
  expect(submitted().relations[0]).toMatchObject({ source: "snow", lastSeenAt: null });
  const again = room();
  await again.open();
  expect(ids(again.document())).toEqual(["a", "b"]);
  const gone = await cmdb.import(importOf("snow", "{}"));
  expect(gone).toMatchObject({ plan: { cisRemoved: ["b"], counts: { relationsRemoved: 1 } } });
  expect(ids(submitted())).toEqual(["a"]);
});

test("what a machine saw carries when, and is one side of the drift", async () => {
  write("cmdb.yaml", "cis: [{ id: a, aliases: [10.0.0.1] }, { id: b }]\nrelations: [{ from: b, type: uses, to: a }]");
  const cmdb = await started();
  query.document = { ...cmdb.document(), cis: [{ ...cmdb.document().cis[0]!, id: "ghost", known: false }] };
  await cmdb.import(
    importOf("agent", JSON.stringify({ relations: [{ from: "10.0.0.1", type: "uses", to: "b" }] }), { observed: true }),
  );
  expect(submitted().relations.find(({ source }) => source === "agent")).toMatchObject({
    from: "a",
    to: "b",
    lastSeenAt: clock.now(),
  });
  expect(cmdb.drift()).toMatchObject({
    unknownCis: ["ghost"],
    undeclaredRelations: [{ relation: "a uses b" }],
    unobservedRelations: [{ relation: "b uses a" }],
  });
});

test.for([
  ["Bad Name", "badSource"],
  ["", "badSource"],
  ["../x", "badSource"],
  ["cmdb", "ownedByFile"],
] as const)("the source name %j is refused", async ([source, code]) => {
  write("cmdb.yaml", "");
  const cmdb = await started();
  expect(await cmdb.import(importOf(source, "{}"))).toMatchObject({ status: "refused", code });
});

const some = (count: number, name = "web"): { id: string }[] =>
  Array.from({ length: count }, (_, number) => ({ id: `${name}-${number}` }));

test.for<[situation: string, now: { id: string }[], status: "applied" | "planned"]>([
  ["nothing is gone", [...some(40), { id: "new" }], "applied"],
  ["half of it is gone", some(20), "applied"],
  ["more than half is gone", some(19), "planned"],
  ["it was emptied", [], "planned"],
  ["all of it has other names", some(40, "app"), "planned"],
])("an import that may not remove many is a plan where it would: %s", async ([, now, status]) => {
  const cmdb = await started({ files: [] });
  const cis = some(40);
  await cmdb.import(importOf("netbox", JSON.stringify({ cis })));
  const text = JSON.stringify({ cis: now });
  expect(await cmdb.import(importOf("netbox", text, { dryRun: "ifManyGone" }))).toMatchObject({ status });
  expect(cmdb.document().cis).toHaveLength(status === "applied" ? now.length : 40);
  expect(await cmdb.import(importOf("netbox", text, { dryRun: "ifManyGone" }))).toMatchObject({ status });
});

test("an import with errors changes nothing and tells them", async () => {
  write("cmdb.yaml", "cis: [{ id: a }]");
  const cmdb = await started();
  expect(await cmdb.import(importOf("snow", "cis: [{ id: 7 }]"))).toMatchObject({
    status: "invalid",
    findings: [{ code: "CMDB_WRONG_TYPE", file: "body", line: 1, column: 13 }],
  });
  expect(cmdb.sources()).toHaveLength(1);
});

test("when the core does not take it, an import leaves no trace", async () => {
  write("cmdb.yaml", "cis: [{ id: a }]");
  const cmdb = await started();
  intake.answer = () => ({ status: "overloaded", retryAfterMs: 1000 });
  expect(await cmdb.import(importOf("snow", "cis: [{ id: b }]"))).toMatchObject({ status: "unavailable" });
  expect(ids(cmdb.document())).toEqual(["a"]);
  expect(readdirSync(path("data")).filter((name) => name.startsWith("import"))).toEqual([]);
});

test("when the core does not take a changed file, it is offered again later", async () => {
  write("cmdb.yaml", "cis: [{ id: a }]");
  const cmdb = await started();
  write("cmdb.yaml", "cis: [{ id: b }]");
  intake.answer = () => ({ status: "overloaded", retryAfterMs: 1000 });
  await cmdb.reload();
  expect(ids(cmdb.document())).toEqual(["a"]);
  intake.answer = undefined;
  clock.advance(1000);
  await cmdb.close();
  expect(ids(submitted())).toEqual(["b"]);
});

test("a CI that is gone stays until its incident is over, also over a restart", async () => {
  write("cmdb.yaml", "cis: [{ id: a }, { id: b }]\nrelations: [{ from: a, type: uses, to: b }]");
  const cmdb = await started();
  burning("b");
  write("cmdb.yaml", "cis: [{ id: a }]");
  await cmdb.reload();
  expect(ids(submitted())).toEqual(["a", "b"]);
  expect(submitted().relations).toHaveLength(1);
  const again = await started();
  expect(ids(again.document())).toEqual(["a", "b"]);
  const before = intake.batches.length;
  clock.advance(60_000);
  await again.reload();
  expect(ids(submitted())).toEqual(["a", "b"]);
  query.incidentList = [];
  clock.advance(60_000);
  await again.close();
  expect(intake.batches.length).toBeGreaterThan(before);
  expect(ids(again.document())).toEqual(["a"]);
});

test("a file is noticed when it changes", async () => {
  write("cmdb.yaml", "cis: [{ id: a }]");
  const cmdb = await started();
  write("cmdb.yaml", "cis: [{ id: a }, { id: b }]");
  // Turn the clock until it is seen: reading a file takes real turns of the loop, on a busy machine thousands of them.
  for (let turn = 0; turn < 50_000 && ids(cmdb.document()).length === 1; turn += 1) {
    clock.advance(10_000);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  expect(ids(submitted())).toEqual(["a", "b"]);
});

test("a file that changed between being read and being watched is read again", async () => {
  write("cmdb.yaml", "cis: [{ id: a }]");
  const cmdb = room();
  await cmdb.open();
  write("cmdb.yaml", "cis: [{ id: a }, { id: b }]");
  await cmdb.start({ intake, query });
  for (let turn = 0; turn < 50_000 && ids(cmdb.document()).length === 1; turn += 1) {
    clock.advance(10_000);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  expect(ids(submitted())).toEqual(["a", "b"]);
});

test("other files after a change of the configuration", async () => {
  write("cmdb.yaml", "cis: [{ id: a }]");
  write("new.yaml", "cis: [{ id: n }]");
  const cmdb = await started();
  await cmdb.reconfigure({ files: [path("new.yaml")], maintenance: [], staleAfterMs: 1, sizeMaxBytes: 10_000_000 });
  expect(ids(submitted())).toEqual(["n"]);
});

test("a large file is read in a thread of its own and gives the same", async () => {
  const cis = Array.from({ length: 5000 }, (_, index) => ({
    id: `ci-${index}`,
    aliases: [`alias-${index}.example.net`],
  }));
  const relations = cis.slice(1).map(({ id }, index) => ({
    from: id,
    type: "uses",
    to: index % 2 === 0 ? `ci-${index}` : `ALIAS-${index}.example.net`,
  }));
  write("cmdb.yaml", JSON.stringify({ cis, relations: [...relations, { from: "ci-0", type: "uses", to: "nobody" }] }));
  const cmdb = room();
  const findings = await cmdb.open();
  expect(findings.map(({ code, line }) => [code, line])).toEqual([["CMDB_DANGLING", 1]]);
  expect(cmdb.document().cis).toHaveLength(5000);
  expect(cmdb.document().relations.slice(0, 2)).toEqual([
    { from: "ci-1", type: "uses", to: "ci-0", source: "cmdb", confidence: 1, lastSeenAt: null },
    { from: "ci-2", type: "uses", to: "ci-1", source: "cmdb", confidence: 1, lastSeenAt: null },
  ]);
  expect(cmdb.document().relations.at(-1)).toMatchObject({ from: "ci-0", to: "nobody" });
});

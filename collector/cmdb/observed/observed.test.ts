import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Observation, ObservedPeer, ObservedProgram } from "../../../protocol/observation.ts";
import { FakeQuery, RecordingIntake, RecordingLog, RecordingTelemetry } from "../../../test/support/recording-ports.ts";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import type { CmdbDocument } from "../../core/model/ci.ts";
import { CmdbRoom } from "../service.ts";
import { AddressBook } from "./address-book.ts";
import { confidenceOf, type Sighting, SightingBook } from "./sighting-book.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let folder = "";
let clock: VirtualClock;
let log: RecordingLog;
let intake: RecordingIntake;
let telemetry: RecordingTelemetry;
const rooms: CmdbRoom[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-observed-"));
  clock = new VirtualClock();
  log = new RecordingLog();
  intake = new RecordingIntake();
  telemetry = new RecordingTelemetry();
});
afterEach(async () => {
  for (const room of rooms.splice(0)) await room.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Lets files be written, without turning the clock. */
async function settle(): Promise<void> {
  for (const each of rooms) await each.settled();
}

/** Files are real and time is not: what is due first gets its time, so that it does not seem to take as long as is passed. */
async function pass(spanMs: number): Promise<void> {
  clock.advance(2500);
  await settle();
  clock.advance(spanMs - 2500);
  await settle();
}

async function room(cmdb = ""): Promise<CmdbRoom> {
  writeFileSync(join(folder, "cmdb.yaml"), cmdb);
  const settings = {
    files: [join(folder, "cmdb.yaml")],
    maintenance: [],
    staleAfterMs: 7 * DAY,
    sizeMaxBytes: 1_000_000,
  };
  const made = new CmdbRoom({ settings, folder: join(folder, "data"), clock, log, telemetry });
  rooms.push(made);
  await made.open();
  await made.start({ intake, query: new FakeQuery() });
  return made;
}

const NGINX: ObservedProgram = {
  name: "nginx",
  kind: "service",
  product: "nginx",
  unit: "nginx.service",
  ports: [80],
  udpPorts: [],
};
const POSTGRES: ObservedProgram = {
  name: "postgres",
  kind: "database",
  product: "postgresql",
  unit: "",
  ports: [5432],
  udpPorts: [],
};

function told(ci: string, address: string, more: Partial<Observation> = {}): Observation {
  return {
    agentId: `agent of ${ci}`,
    ci,
    hostName: ci,
    system: { os: "linux", kernel: "6.1", architecture: "x86_64", virtualisation: "kvm" },
    addresses: [address],
    programs: [],
    containers: [],
    ports: [],
    looks: 1,
    peers: [],
    ...more,
  };
}
const out = (address: string, port: number, more: Partial<ObservedPeer> = {}): ObservedPeer => ({
  direction: "out",
  address,
  port,
  transport: "tcp",
  program: "",
  looks: 1,
  ...more,
});
const came = (address: string, port: number): ObservedPeer => ({ ...out(address, port), direction: "in" });

const WEB = (more: Partial<Observation> = {}): Observation =>
  told("web-1", "192.0.2.1", { programs: [NGINX], ports: [80], peers: [out("192.0.2.7", 5432)], ...more });
const DB = (more: Partial<Observation> = {}): Observation =>
  told("db-1", "192.0.2.7", { programs: [POSTGRES], ports: [5432], ...more });

/** Each tells once a minute. */
async function minutes(cmdb: CmdbRoom, count: number, ...tellings: Observation[]): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    for (const telling of tellings) cmdb.observe(telling);
    await pass(MINUTE);
  }
}

const relations = ({ relations: list }: CmdbDocument): string[] =>
  list.map(({ from, type, to, source, confidence }) => `${from} ${type} ${to} (${source} ${confidence})`);
const seenCalls = (cmdb: CmdbRoom): string[] =>
  relations(cmdb.document()).filter((text) => !text.includes("runsOn") && text.includes("observed:"));

test("two agents: the caller's host needs the program at the address that it calls; both hosts and programs are CIs", async () => {
  const cmdb = await room();
  await minutes(cmdb, 2, DB(), WEB());
  expect(relations(cmdb.document())).toEqual([
    "nginx@web-1 runsOn web-1 (observed:web-1 0.9)",
    "postgres@db-1 runsOn db-1 (observed:db-1 0.9)",
    "web-1 dependsOn postgres@db-1 (observed:web-1 0.3)",
  ]);
  expect(cmdb.document().cis.map(({ id, type }) => `${id} ${type}`)).toEqual([
    "db-1 vm",
    "nginx@web-1 service",
    "postgres@db-1 database",
    "web-1 vm",
  ]);
  expect(cmdb.document().cis[0]).toMatchObject({ aliases: ["192.0.2.7"], labels: { virtualisation: "kvm" } });
  expect(cmdb.sight({ from: "web-1", type: "dependsOn", to: "postgres@db-1" })).toMatchObject({
    firstSeenAt: clock.now() - 2 * MINUTE,
    lastSeenAt: clock.now() - MINUTE,
    source: "observed:web-1",
  });
  expect(cmdb.sources().at(-1)).toMatchObject({ name: "observed", kind: "agents", cis: 4, relations: 3 });
  expect(cmdb.declared().cis).toEqual([]);
});

test("one look is no relation: it may have been a scan", async () => {
  const cmdb = await room();
  await minutes(cmdb, 1, DB(), WEB());
  await minutes(cmdb, 3, DB(), WEB({ peers: [] }));
  expect(seenCalls(cmdb)).toEqual([]);
});

test("the confidence grows with looks, more where both ends see it, and stays below a declaration", async () => {
  const cmdb = await room();
  await minutes(cmdb, 30, DB(), WEB());
  expect(seenCalls(cmdb)).toEqual(["web-1 dependsOn postgres@db-1 (observed:web-1 0.6)"]);
  await minutes(cmdb, 12, DB({ peers: [came("192.0.2.1", 5432)] }), WEB());
  expect(seenCalls(cmdb)).toEqual(["web-1 dependsOn postgres@db-1 (observed:web-1 0.7)"]);
});

test("UDP: the program that has the port there, and not the one that has its number in TCP", async () => {
  const cmdb = await room();
  const named: ObservedProgram = { ...NGINX, name: "named", product: "bind", unit: "", ports: [953], udpPorts: [53] };
  const other: ObservedProgram = { ...NGINX, name: "other", product: "", unit: "", ports: [53] };
  const dns = told("dns-1", "192.0.2.7", { programs: [named, other], ports: [53, 953] });
  await minutes(cmdb, 3, dns, WEB({ peers: [out("192.0.2.7", 53, { transport: "udp" })] }));
  expect(seenCalls(cmdb)).toEqual(["web-1 dependsOn named@dns-1 (observed:web-1 0.3)"]);
  expect(cmdb.document().cis.find(({ id }) => id === "named@dns-1")?.labels["ports"]).toBe("953,53/udp");
  await minutes(cmdb, 3, dns, WEB({ peers: [out("192.0.2.7", 53)] }));
  expect(seenCalls(cmdb)).toContain("web-1 dependsOn other@dns-1 (observed:web-1 0.3)");
});

test("only the called end has an agent: the caller is known by the CMDB's address", async () => {
  const cmdb = await room("cis: [{ id: legacy, aliases: [192.0.2.99] }]");
  await minutes(cmdb, 3, DB({ peers: [came("192.0.2.99", 5432), came("203.0.113.5", 5432)] }));
  expect(seenCalls(cmdb)).toEqual(["legacy dependsOn postgres@db-1 (observed:db-1 0.3)"]);
  expect(telemetry.counts.get("tocsin_observed_strangers_total")).toBe(3);
});

test("only the calling end has an agent: the called one is known by the CMDB's address", async () => {
  const cmdb = await room("cis: [{ id: mainframe, aliases: [192.0.2.7] }]");
  await minutes(cmdb, 3, WEB());
  expect(seenCalls(cmdb)).toEqual(["web-1 dependsOn mainframe (observed:web-1 0.3)"]);
});

test("an address that two hosts claim joins nobody", async () => {
  const cmdb = await room();
  await minutes(cmdb, 4, DB(), told("db-2", "192.0.2.7"), WEB());
  expect(seenCalls(cmdb)).toEqual([]);
  expect(cmdb.document().cis.find(({ id }) => id === "db-1")?.aliases).toEqual([]);
});

const DECLARED = `
cis:
  - { id: web-1, type: host, owner: team-web }
  - { id: db-1, type: host }
  - { id: shop, type: application }
  - { id: shop-db, type: database, name: Postgres of the shop }
  - { id: cache, type: cache }
relations:
  - { from: shop, type: runsOn, to: web-1 }
  - { from: shop-db, type: runsOn, to: db-1 }
  - { from: cache, type: runsOn, to: db-1 }
  - { from: shop, type: dependsOn, to: shop-db }
  - { from: shop, type: uses, to: cache }
`;

test("what is declared is not told again: it is seen, and what was not seen is drift", async () => {
  const cmdb = await room(DECLARED);
  const mail = out("192.0.2.7", 25, { program: "shop" });
  await minutes(cmdb, 3, DB(), WEB({ peers: [out("192.0.2.7", 5432), mail] }));
  expect(seenCalls(cmdb)).toEqual([]);
  expect(cmdb.document().cis.find(({ id }) => id === "web-1")).toMatchObject({ type: "host", owner: "team-web" });
  expect(cmdb.sight({ from: "shop", type: "dependsOn", to: "shop-db" })?.source).toBe("observed:web-1");
  const drift = cmdb.drift();
  expect(drift.undeclaredCis.map(({ ci, host }) => `${ci} on ${host}`)).toEqual(["nginx@web-1 on web-1"]);
  expect(drift.unobservedCis).toMatchObject([{ ci: "cache", type: "cache", host: "db-1" }]);
  expect(drift.unobservedRelations).toMatchObject([]);
  expect(log.lines.filter(({ message }) => message.includes("disagree"))).toEqual([]);
});

test("a program without a known name may be what is declared there, and not what another program is", async () => {
  const cmdb = await room(`
cis: [{ id: web-1 }, { id: api-1 }, { id: shop, type: application }, { id: api, type: application }, { id: api-db, type: database }]
relations:
  - { from: shop, type: runsOn, to: web-1 }
  - { from: api, type: runsOn, to: api-1 }
  - { from: api-db, type: runsOn, to: api-1 }
  - { from: shop, type: dependsOn, to: api }
`);
  const java: ObservedProgram = { name: "java", kind: "service", product: "", unit: "", ports: [8080], udpPorts: [] };
  const redis: ObservedProgram = {
    name: "redis-server",
    kind: "cache",
    product: "redis",
    unit: "",
    ports: [6379],
    udpPorts: [],
  };
  const api = told("api-1", "192.0.2.7", { programs: [java, POSTGRES, redis], ports: [5432, 6379, 8080] });
  const calls = [out("192.0.2.7", 8080), out("192.0.2.7", 5432), out("192.0.2.7", 6379)];
  await minutes(cmdb, 3, api, WEB({ peers: calls }));
  expect(cmdb.sight({ from: "shop", type: "dependsOn", to: "api" })).toBeDefined();
  expect(seenCalls(cmdb)).toEqual([
    "web-1 dependsOn api-db (observed:web-1 0.3)",
    "web-1 uses redis-server@api-1 (observed:web-1 0.3)",
  ]);
});

test("declared and never seen, though agents look at both ends", async () => {
  const cmdb = await room(
    DECLARED.replace("relations:", "  - { id: mail-1 }\n  - { id: far-1 }\nrelations:") +
      "  - { from: shop, type: dependsOn, to: mail-1 }\n  - { from: shop, type: dependsOn, to: far-1 }\n",
  );
  await minutes(cmdb, 3, DB(), WEB(), told("mail-1", "192.0.2.25"));
  expect(cmdb.drift().unobservedRelations).toEqual([
    { relation: "shop dependsOn mail-1", source: "cmdb", lastSeenAt: null },
    { relation: "shop uses cache", source: "cmdb", lastSeenAt: null },
  ]);
  expect(cmdb.drift().undeclaredRelations).toEqual([]);
});

test("a program of one's own application speaks for the application", async () => {
  const cmdb = await room(DECLARED);
  const mail = told("mail-1", "192.0.2.25", {
    programs: [{ ...NGINX, name: "master", product: "postfix", ports: [25] }],
  });
  await minutes(cmdb, 3, mail, WEB({ peers: [out("192.0.2.25", 25, { program: "shop" })] }));
  expect(seenCalls(cmdb)).toEqual(["shop dependsOn master@mail-1 (observed:web-1 0.3)"]);
});

test("not seen any more: it fades while its agent looks, not while its agent is silent, and is retired in the end", async () => {
  const cmdb = await room();
  await minutes(cmdb, 30, DB(), WEB());
  await pass(3 * DAY);
  expect(seenCalls(cmdb)).toEqual(["web-1 dependsOn postgres@db-1 (observed:web-1 0.6)"]);
  const quiet = WEB({ peers: [] });
  for (let quarter = 0; quarter < 24 * 4; quarter++) {
    cmdb.observe(quiet);
    cmdb.observe(DB());
    clock.step(15 * MINUTE);
  }
  await pass(15 * MINUTE);
  expect(seenCalls(cmdb)).toEqual(["web-1 dependsOn postgres@db-1 (observed:web-1 0.3)"]);
  for (let quarter = 0; quarter < 7 * 24 * 4; quarter++) {
    cmdb.observe(quiet);
    cmdb.observe(DB());
    clock.step(15 * MINUTE);
  }
  await minutes(cmdb, 1, quiet);
  expect(seenCalls(cmdb)).toEqual([]);
  expect(cmdb.drift().undeclaredRelations).toEqual([]);
});

/** The least `lastSeenAt` of all relations, and the document without them. */
function whenSeen(document: CmdbDocument): { at: number; rest: CmdbDocument } {
  const seen = document.relations.map(({ lastSeenAt }) => lastSeenAt ?? 0);
  const relations = document.relations.map((relation) => ({ ...relation, lastSeenAt: null }));
  return { at: Math.min(...seen), rest: { ...document, relations } };
}

test("a restart keeps it all, and the core is not given anything twice", async () => {
  const cmdb = await room();
  await minutes(cmdb, 30, DB(), WEB());
  const before = cmdb.document();
  await cmdb.close();
  const again = await room();
  // What was shown before may have been some time old: the newest sightings are in the file, and are read again.
  expect(whenSeen(again.document()).at).toBeGreaterThanOrEqual(whenSeen(before).at);
  expect(whenSeen(again.document()).rest).toEqual(whenSeen(before).rest);
  const given = intake.submissions.length;
  await minutes(again, 2, DB(), WEB());
  expect(intake.submissions.length).toBe(given);
  expect(seenCalls(again)).toEqual(["web-1 dependsOn postgres@db-1 (observed:web-1 0.6)"]);
});

test("a damaged line costs that line", async () => {
  const cmdb = await room();
  await minutes(cmdb, 3, DB(), WEB());
  await cmdb.close();
  writeFileSync(join(folder, "data", "observed.jsonl"), '{"host":{"ci":"x"}}\n{"sighting":\n', { flag: "a" });
  const again = await room();
  expect(again.document().cis).toHaveLength(4);
  expect(log.lines.find(({ level }) => level === "error")?.fields).toEqual({ lines: 2 });
});

test("on a quiet network the core is told once, not at each look", async () => {
  const cmdb = await room();
  await minutes(cmdb, 4, DB(), WEB());
  const given = intake.submissions.length;
  await minutes(cmdb, 4, DB(), WEB());
  expect(intake.submissions.length).toBe(given);
  expect(given).toBeLessThanOrEqual(4);
});

test("what the core does not take now is offered again", async () => {
  const cmdb = await room();
  intake.answer = () => ({ status: "overloaded", retryAfterMs: 1000 });
  await minutes(cmdb, 3, DB(), WEB());
  expect(cmdb.document().cis).toEqual([]);
  intake.answer = undefined;
  await minutes(cmdb, 1, DB(), WEB());
  expect(seenCalls(cmdb)).toHaveLength(1);
});

const SIGHTING: Sighting = {
  from: "a",
  to: "b",
  port: 1,
  programs: [],
  firstSeenAt: 0,
  lastSeenAt: 0,
  looks: 100,
  byCaller: true,
  byCalled: true,
  missedMs: 0,
  lookedAt: 0,
};

test.for<[string, Partial<Sighting>, number, number]>([
  ["seen by both for long", {}, 3, 0.7],
  ["by one side", { byCalled: false }, 3, 0.6],
  ["once", { looks: 1 }, 3, 0],
  ["not for a day", { missedMs: DAY }, 3, 0.35],
  ["not for four days", { missedMs: 4 * DAY }, 3, 0],
  ["by a monitor that calls everybody", {}, 51, 0.3],
])("confidence: %s", ([, change, called, expected]) => {
  expect(confidenceOf({ ...SIGHTING, ...change }, called)).toBe(expected);
});

test("no more sightings than there is room for, in all and for each host", () => {
  const book = new SightingBook({ sightingsMax: 5, perHostMax: 3 });
  const seen = (from: string, to: string) => ({ side: "caller", from, to, port: 1, program: "", looks: 1 }) as const;
  book.take(
    "a",
    ["b", "c", "d", "e"].map((to) => seen("a", to)),
    0,
  );
  book.take(
    "x",
    ["b", "c", "d"].map((to) => seen("x", to)),
    0,
  );
  expect([book.size, book.dropped]).toEqual([5, 2]);
  expect(book.retire(100 * DAY, DAY)).toBe(5);
  book.take("x", [seen("x", "d")], 0);
  expect(book.size).toBe(1);
});

test("an address moves with its host", () => {
  const book = new AddressBook();
  book.claim("a", ["1", "2"]);
  book.claim("b", ["2"]);
  expect([book.ownerOf("1", "x"), book.ownerOf("2", "x"), book.ownerOf("2", "b")]).toEqual(["a", undefined, "b"]);
  book.claim("a", []);
  expect([book.ownerOf("1", "x"), book.ownerOf("2", "x")]).toEqual([undefined, "b"]);
});

import { expect, test } from "vitest";
import { type EmulatedAnswer, type EmulatedRequest, withEmulator } from "../../../../test/support/foreign-emulator.ts";
import { ForeignFault } from "../foreign-api.ts";
import { type RowState, readRowState, RowCache } from "../row-cache.ts";
import { needsOf, RELATION_FLOWS } from "./relation-type.ts";
import { cmdbFromServiceNow } from "./source.ts";

const TABLES: Record<string, Record<string, unknown>[]> = {
  cmdb_ci: [
    {
      sys_id: "a1",
      name: "Web-01",
      sys_class_name: "cmdb_ci_linux_server",
      fqdn: "web-01.example.net",
      ip_address: "10.0.3.7",
      install_status: "1",
      "support_group.name": "team-web",
    },
    { sys_id: "a2", name: "esx-3", sys_class_name: "cmdb_ci_esx_server", install_status: "1" },
    { sys_id: "a3", name: "sw-r3", sys_class_name: "cmdb_ci_ip_switch", install_status: "1" },
    {
      sys_id: "a4",
      name: "Shop",
      sys_class_name: "cmdb_ci_service",
      busines_criticality: "1 - most critical",
      install_status: "1",
    },
    { sys_id: "a5", name: "old-01", sys_class_name: "cmdb_ci_server", install_status: "7" },
    { sys_id: "a6", name: "rack-1", sys_class_name: "cmdb_ci_rack", install_status: "1" },
    { sys_id: "a7", name: "web-01", sys_class_name: "cmdb_ci_appl", install_status: "1" },
  ],
  cmdb_rel_type: [
    { sys_id: "t1", name: "Virtualized by::Virtualizes" },
    { sys_id: "t2", name: "Connects to::Connected by" },
    { sys_id: "t3", name: "Depends on::Used by" },
    { sys_id: "t4", name: "Owns::Owned by" },
    { sys_id: "t5", name: "Contains::Contained by" },
    { sys_id: "t6", name: "Haunts::Haunted by" },
  ],
  cmdb_rel_ci: [
    { sys_id: "r1", parent: "a1", child: "a2", type: "t1" },
    { sys_id: "r2", parent: "a3", child: "a1", type: "t2" },
    { sys_id: "r3", parent: "a4", child: "a1", type: "t3" },
    { sys_id: "r4", parent: "a4", child: "a1", type: "t4" },
    { sys_id: "r5", parent: "a6", child: "a2", type: "t5" },
    { sys_id: "r6", parent: "a1", child: "a5", type: "t3" },
    { sys_id: "r7", parent: "a1", child: "a2", type: "t6" },
  ],
};

/** The Table API: an encoded query with keyset, fields, a limit. */
const tableApi =
  (tables: typeof TABLES) =>
  ({ path, query, headers }: EmulatedRequest): EmulatedAnswer | undefined => {
    if (headers.authorization !== `Basic ${Buffer.from("u:p").toString("base64")}`)
      return { status: 401, body: { error: { message: "User Not Authenticated" }, status: "failure" } };
    const table = tables[/^\/api\/now\/v2\/table\/(\w+)$/.exec(path)?.[1] ?? ""];
    if (table === undefined) return undefined;
    const after = /(?:^|\^)sys_id>(\w+)/.exec(query.get("sysparm_query") ?? "")?.[1] ?? "";
    const since = /(?:^|\^)sys_updated_on>=([\d: -]+)/.exec(query.get("sysparm_query") ?? "")?.[1] ?? "";
    const fields = (query.get("sysparm_fields") ?? "").split(",");
    const rows = table
      .filter((row) => String(row["sys_id"]) > after && ((row["sys_updated_on"] ?? "9") as string) >= since)
      .sort((a, b) => (String(a["sys_id"]) < String(b["sys_id"]) ? -1 : 1))
      .slice(0, Number(query.get("sysparm_limit")));
    return {
      body: { result: rows.map((row) => Object.fromEntries(fields.map((field) => [field, row[field] ?? ""]))) },
    };
  };

const LOGIN = { authorization: `Basic ${Buffer.from("u:p").toString("base64")}` };

test("CIs with our types and names, relations with the right direction, and what was left out", async () => {
  const found = await withEmulator(tableApi(TABLES), (emulator) => cmdbFromServiceNow(emulator.api(LOGIN)));
  expect(
    found.document.cis.map(({ id, type, aliases, owner, criticality }) => [id, type, aliases, owner, criticality]),
  ).toEqual([
    ["esx-3", "hypervisor", ["a2"], undefined, undefined],
    ["rack-1", "rack", ["a6"], undefined, undefined],
    ["shop", "businessService", ["a4"], undefined, 1],
    ["sw-r3", "switch", ["a3"], undefined, undefined],
    ["web-01-a1", "host", ["web-01.example.net", "10.0.3.7", "a1"], "team-web", undefined],
    ["web-01-a7", "application", ["a7"], undefined, undefined],
  ]);
  expect(found.document.relations).toEqual([
    { from: "esx-3", type: "containedIn", to: "rack-1" },
    { from: "shop", type: "dependsOn", to: "web-01-a1" },
    { from: "web-01-a1", type: "connectsTo", to: "sw-r3" },
    { from: "web-01-a1", type: "runsOn", to: "esx-3" },
  ]);
  expect(found.left).toEqual({
    retired: 1,
    relationWithoutFlow: 1,
    relationToNothing: 1,
    "relationType Haunts::Haunted by": 1,
  });
});

test("tables larger than a page are read to their end, each row once", async () => {
  const many = Array.from({ length: 2500 }, (_, index) => ({
    sys_id: `k${String(index).padStart(5, "0")}`,
    name: `host-${index}`,
    sys_class_name: "cmdb_ci_server",
  }));
  await withEmulator(tableApi({ ...TABLES, cmdb_ci: many, cmdb_rel_ci: [] }), async (emulator) => {
    const found = await cmdbFromServiceNow(emulator.api(LOGIN));
    expect(found.document.cis.length).toBe(2500);
    expect(emulator.requests.filter(({ path }) => path.endsWith("/cmdb_ci")).length).toBe(3);
  });
});

test("a refused login is told", async () => {
  await withEmulator(tableApi(TABLES), async (emulator) => {
    await expect(cmdbFromServiceNow(emulator.api())).rejects.toThrow(ForeignFault);
    await expect(cmdbFromServiceNow(emulator.api())).rejects.toThrow("answered 401");
  });
});

/** The direction of every relation type that ServiceNow ships: who needs whom. */
test.for<[name: string, parent: string, child: string, expected: string[]]>([
  ["Hosted on::Hosts", "application", "host", ["parent hostedOn"]],
  ["Runs on::Runs", "application", "host", ["parent runsOn"]],
  ["Depends on::Used by", "service", "database", ["parent dependsOn"]],
  ["Uses::Used by", "service", "cache", ["parent uses"]],
  ["Virtualized by::Virtualizes", "vm", "hypervisor", ["parent runsOn"]],
  ["Members::Member of", "cluster", "host", ["parent hasMember"]],
  ["Cluster of::Cluster", "cluster", "host", ["parent hasMember"]],
  ["Cluster of::Cluster", "host", "cluster", ["child hasMember"]],
  ["Contains::Contained by", "rack", "host", ["child containedIn"]],
  ["Contains::Contained by", "service", "application", ["parent dependsOn"]],
  ["Connects to::Connected by", "host", "switch", ["parent connectsTo"]],
  ["Connects to::Connected by", "switch", "host", ["child connectsTo"]],
  ["Connects to::Connected by", "switch", "router", ["parent connectsTo", "child connectsTo"]],
  ["Provides::Provided by", "service", "service", ["child dependsOn"]],
  ["Provides storage for::Stored on", "storage", "database", ["child storesOn"]],
  ["Exports to::Imports from", "host", "host", ["child dependsOn"]],
  ["Use End Point To::Use End Point From", "application", "service", ["parent dependsOn"]],
  ["Managed by::Manages", "host", "application", []],
  ["Replicates to::Replicated by", "database", "database", []],
])("%s between %s and %s", ([name, parent, child, expected]) => {
  expect(needsOf(name, parent, child)?.map(({ from, type }) => `${from} ${type}`)).toEqual(expected);
});

test("an unknown type is told, and names of the prototype are unknown", () => {
  expect(needsOf("Haunts::Haunted by", "host", "host")).toBeUndefined();
  expect(needsOf("constructor", "host", "host")).toBeUndefined();
  expect(Object.keys(RELATION_FLOWS).length).toBeGreaterThan(30);
});

test("with a state only what has changed is asked for; a deletion is found when everything is read again", async () => {
  const dated = (rows: Record<string, unknown>[], at: string): Record<string, unknown>[] =>
    rows.map((row) => ({ ...row, sys_updated_on: at }));
  const tables = {
    ...TABLES,
    cmdb_ci: dated(TABLES["cmdb_ci"] ?? [], "2026-02-01 08:00:00"),
    cmdb_rel_ci: dated(TABLES["cmdb_rel_ci"] ?? [], "2026-02-01 08:00:00"),
  };
  const now = Date.parse("2026-03-01T10:00:00Z");
  const day = 24 * 3_600_000;
  let state: RowState | undefined;
  const run = (at: number) =>
    withEmulator(tableApi(tables), async (emulator) => {
      const cache = new RowCache(state, { of: "here", now: at, fullEveryMs: day });
      const found = await cmdbFromServiceNow(emulator.api(LOGIN), { cache });
      // As through a file.
      state = readRowState(JSON.parse(JSON.stringify(cache.snapshot())));
      const asked = emulator.requests
        .filter(({ path }) => path.endsWith("cmdb_ci"))
        .map(({ query }) => query.get("sysparm_query"));
      return { ids: found.document.cis.map(({ id }) => id), document: found.document, asked };
    });

  const first = await run(now);
  expect(first.asked).toEqual(["ORDERBYsys_id"]);
  tables.cmdb_ci = tables.cmdb_ci
    .filter((row) => row["sys_id"] !== "a6")
    .map((row) => (row["sys_id"] === "a3" ? { ...row, name: "sw-r9", sys_updated_on: "2026-03-01 10:30:00" } : row));
  const second = await run(now + 3_600_000);
  expect(second.asked).toEqual(["sys_updated_on>=2026-01-31 06:00:00^ORDERBYsys_id"]);
  expect(second.ids).toContain("sw-r9");
  expect(second.ids).not.toContain("sw-r3");
  // Deleted there, and nothing says so yet.
  expect(second.ids).toContain("rack-1");
  const third = await run(now + 2 * 3_600_000);
  expect(third.asked).toEqual(["sys_updated_on>=2026-02-28 08:30:00^ORDERBYsys_id"]);
  expect(third.document).toEqual(second.document);
  const full = await run(now + day);
  expect(full.asked).toEqual(["ORDERBYsys_id"]);
  expect(full.ids).not.toContain("rack-1");
});

test.for<[situation: string, value: unknown]>([
  ["nothing", null],
  ["another version", { version: 1, of: "", fullAt: 0, tables: {} }],
  ["a table that is none", { version: 2, of: "", fullAt: 0, tables: { cmdb_ci: [] } }],
  ["a text", "x"],
])("a state that cannot be used only costs a full import: %s", ([, value]) => {
  expect(readRowState(value)).toBeUndefined();
});

test("rows of another address or query are of no use", () => {
  const state: RowState = { version: 2, of: "there", fullAt: 0, tables: {} };
  expect(new RowCache(state, { of: "here", now: 1, fullEveryMs: 1000 }).isFull).toBe(true);
  expect(new RowCache(state, { of: "there", now: 1, fullEveryMs: 1000 }).isFull).toBe(false);
});

test("rows that the user may not see make pages short or empty, and the rows behind them are read all the same", async () => {
  const many = Array.from({ length: 5200 }, (_, index) => ({
    sys_id: `id${String(index).padStart(5, "0")}`,
    name: `host-${index}`,
    sys_class_name: "cmdb_ci_server",
    install_status: "1",
  }));
  // ACLs hide two thousand in a row, and every third of the others.
  const isHidden = (index: number): boolean => (index >= 1500 && index < 3500) || index % 3 === 0;
  const visible = many.filter((_, index) => !isHidden(index));
  const handle = ({ path, query }: EmulatedRequest): EmulatedAnswer => {
    if (!path.endsWith("/cmdb_ci")) return { headers: { "x-total-count": "0" }, body: { result: [] } };
    const after = /(?:^|\^)sys_id>(\w+)/.exec(query.get("sysparm_query") ?? "")?.[1] ?? "";
    const matching = many.filter((row) => row.sys_id > after);
    const offset = Number(query.get("sysparm_offset") ?? "0");
    const page = matching.slice(offset, offset + Number(query.get("sysparm_limit")));
    const result = page.filter((row) => visible.includes(row));
    return { headers: { "x-total-count": String(matching.length) }, body: { result } };
  };
  await withEmulator(handle, async (emulator) => {
    const found = await cmdbFromServiceNow(emulator.api(LOGIN));
    expect(found.document.cis).toHaveLength(visible.length);
    expect(emulator.requests.length).toBeLessThan(20);
  });
});

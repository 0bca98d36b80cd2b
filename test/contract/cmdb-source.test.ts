import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { importCmdb } from "../../collector/command/import-cmdb.ts";
import { callCommand } from "../support/called-command.ts";
import { type EmulatedAnswer, type EmulatedRequest, withEmulator } from "../support/foreign-emulator.ts";
import { cmdbFromBmc } from "../../collector/cmdb/import/bmc/source.ts";
import type { ForeignCmdb } from "../../collector/cmdb/import/draft.ts";
import { type ForeignApi, ForeignFault } from "../../collector/cmdb/import/foreign-api.ts";
import { cmdbFromFreshservice } from "../../collector/cmdb/import/freshservice/source.ts";
import { cmdbFromGlpi } from "../../collector/cmdb/import/glpi/source.ts";
import { cmdbFromJiraAssets } from "../../collector/cmdb/import/jira-assets/source.ts";
import { cmdbFromNetBox } from "../../collector/cmdb/import/netbox/source.ts";
import { kubernetesObjects } from "../../collector/cmdb/import/kubernetes/objects.ts";
import { cmdbFromKubernetes } from "../../collector/cmdb/import/kubernetes/source.ts";
import { RowCache, type RowState, readRowState } from "../../collector/cmdb/import/row-cache.ts";
import { cmdbFromServiceNow } from "../../collector/cmdb/import/servicenow/source.ts";

/** A host in every one of the emulated sources; each writes it in its own form. */
interface Host {
  id: number;
  name: string;
  changedAt: number;
}

interface Source {
  name: string;
  /** The source's API over these hosts, filtered and sorted as its documentation says. */
  answer: (request: EmulatedRequest, hosts: readonly Host[], now: number) => EmulatedAnswer | undefined;
  read: (api: ForeignApi, cache: RowCache) => Promise<ForeignCmdb>;
  /** What a request for the hosts says of the time; undefined for other requests. */
  filterOf: (request: EmulatedRequest) => string | undefined;
  /** What the second import says of it. */
  filter: string;
}

const iso = (at: number): string => new Date(at).toISOString();
const plain = (at: number): string => iso(at).slice(0, 19).replace("T", " ");
const since = (hosts: readonly Host[], at: number): Host[] => hosts.filter(({ changedAt }) => changedAt >= at);
const active = { value: "active", label: "Active" };

const SOURCES: readonly Source[] = [
  {
    name: "ServiceNow",
    answer: ({ path, query }, hosts) => {
      const asked = query.get("sysparm_query") ?? "";
      const from = /sys_updated_on>=([\d: -]+)/.exec(asked)?.[1];
      const after = /sys_id>(\w+)/.exec(asked)?.[1] ?? "";
      const found = from === undefined ? hosts : since(hosts, Date.parse(`${from.replace(" ", "T")}Z`));
      const result = !path.endsWith("/cmdb_ci")
        ? []
        : found
            .map(({ id, name, changedAt }) => ({
              sys_id: `id${id}`,
              name,
              sys_class_name: "cmdb_ci_server",
              sys_updated_on: plain(changedAt),
            }))
            .filter(({ sys_id }) => sys_id > after);
      return { body: { result } };
    },
    read: (api, cache) => cmdbFromServiceNow(api, { cache }),
    filterOf: ({ path, query }) =>
      path.endsWith("/cmdb_ci") ? (query.get("sysparm_query") ?? "").replace(/\^?ORDERBYsys_id/, "") : undefined,
    filter: "sys_updated_on>=2026-02-27 08:00:00",
  },
  {
    name: "NetBox",
    answer: ({ path, query }, hosts) => {
      const from = query.get("last_updated__gte");
      const found = from === null ? hosts : since(hosts, Date.parse(from));
      const results = found.map(({ id, name, changedAt }) => ({
        id,
        name,
        status: active,
        last_updated: iso(changedAt),
      }));
      return { body: { count: 0, next: null, results: path === "/api/dcim/devices/" ? results : [] } };
    },
    read: cmdbFromNetBox,
    filterOf: ({ path, query }) => (path === "/api/dcim/devices/" ? (query.get("last_updated__gte") ?? "") : undefined),
    filter: "2026-02-28T09:50:00.000Z",
  },
  {
    name: "Jira Assets",
    answer: ({ body }, hosts, now) => {
      const { qlQuery } = JSON.parse(body) as { qlQuery: string };
      const minutes = /Updated > "now\(-(\d+)m\)"$/.exec(qlQuery)?.[1];
      const found = minutes === undefined ? hosts : since(hosts, now - Number(minutes) * 60_000);
      const values = found.map(({ id, name, changedAt }) => ({
        id: String(id),
        objectKey: `IT-${id}`,
        label: name,
        updated: iso(changedAt),
        objectType: { name: "Server" },
        attributes: [],
      }));
      return { body: { isLast: true, values } };
    },
    read: (api, cache) => cmdbFromJiraAssets(api, "objectSchema = IT", cache),
    filterOf: ({ body }) => (JSON.parse(body) as { qlQuery: string }).qlQuery.split(" AND ")[1] ?? "",
    // A day, an hour, and ten minutes.
    filter: 'Updated > "now(-1510m)"',
  },
  {
    name: "Freshservice",
    answer: ({ path, query }, hosts) => {
      const day = /updated_at:>'([\d-]+)'/.exec(query.get("filter") ?? "")?.[1];
      // After that day.
      const found = day === undefined ? hosts : since(hosts, Date.parse(day) + 24 * 3_600_000);
      const assets = found.map(({ id, name, changedAt }) => ({
        id,
        display_id: id,
        name,
        asset_type_id: 1,
        updated_at: iso(changedAt),
      }));
      const page = Number(query.get("page"));
      const size = 2;
      if (path === "/api/v2/assets")
        return {
          headers: { "x-search-results-count": String(assets.length) },
          body: { assets: assets.slice((page - 1) * size, page * size) },
        };
      return { body: { asset_types: [], relationship_types: [], relationships: [] } };
    },
    read: cmdbFromFreshservice,
    filterOf: ({ path, query }) =>
      path === "/api/v2/assets" && query.get("page") === "1" ? (query.get("filter") ?? "") : undefined,
    filter: `"updated_at:>'2026-02-26'"`,
  },
  {
    name: "BMC",
    answer: ({ path, query }, hosts, now) => {
      const age = /^'ModifiedDate' >= \(\$DATE\$ - (\d+)\)$/.exec(query.get("qualification") ?? "")?.[1];
      const midnight = now - (now % (24 * 3_600_000));
      const found = age === undefined ? hosts : since(hosts, midnight - Number(age) * 1000);
      const instances = found.map(({ id, name, changedAt }) => ({
        instance_id: `OI-${id}`,
        attributes: { Name: name, ModifiedDate: changedAt / 1000 },
      }));
      const isHosts = path.endsWith("/BMC_ComputerSystem") && query.get("offset") === "0";
      return { body: { instances: isHosts ? instances : [] } };
    },
    read: (api, cache) => cmdbFromBmc(api, "BMC.ASSET", cache),
    filterOf: ({ path, query }) =>
      path.endsWith("/BMC_ComputerSystem") && query.get("offset") === "0"
        ? (query.get("qualification") ?? "")
        : undefined,
    // A day, an hour, and 26 hours.
    filter: "'ModifiedDate' >= ($DATE$ - 183600)",
  },
  {
    name: "GLPI",
    answer: ({ path, query }, hosts) => {
      if (path === "/initSession") return { body: { session_token: "s" } };
      const isNewestFirst = query.get("sort") === "date_mod" && query.get("order") === "DESC";
      const sorted = isNewestFirst ? hosts.toSorted((a, b) => b.changedAt - a.changedAt) : hosts;
      const all = sorted.map(({ id, name, changedAt }) => ({ id, name, date_mod: plain(changedAt), is_template: 0 }));
      const items = path === "/Computer" ? all : [];
      const [from = 0, to = 0] = (query.get("range") ?? "").split("-").map(Number);
      return {
        body: items.slice(from, to + 1),
        headers: { "content-range": `${from}-${to}/${items.length}` },
      };
    },
    read: (api, cache) => cmdbFromGlpi(api, { userToken: "u" }, cache),
    filterOf: ({ path, query }) => (path === "/Computer" ? (query.get("sort") ?? "") : undefined),
    filter: "date_mod",
  },
];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.parse("2026-03-01T11:00:00Z");

test.each(SOURCES)(
  "$name: only what has changed is asked for, and a deletion is found when all is read",
  async (source) => {
    let hosts: Host[] = [1, 2, 3, 4, 5].map((id) => ({
      id,
      name: `host-${id}`,
      changedAt: NOW - 25 * HOUR_MS - id * DAY_MS,
    }));
    hosts[0]!.changedAt = NOW - 25 * HOUR_MS;
    let state: RowState | undefined;
    const run = (now: number) =>
      withEmulator(
        (request) => source.answer(request, hosts, now),
        async (emulator) => {
          const cache = new RowCache(state, { of: "here", now, fullEveryMs: DAY_MS });
          const { document } = await source.read(emulator.api(), cache);
          // As through a file.
          state = readRowState(JSON.parse(JSON.stringify(cache.snapshot())));
          const filters = emulator.requests.map(source.filterOf).filter((filter) => filter !== undefined);
          return {
            filters,
            names: document.cis.map(({ name }) => String(name)).sort((a, b) => a.localeCompare(b)),
            document,
          };
        },
      );

    const first = await run(NOW);
    expect(first.filters).toEqual([""]);
    expect(first.names).toEqual(["host-1", "host-2", "host-3", "host-4", "host-5"]);
    // One is renamed, one is new, one is gone.
    hosts = hosts.filter(({ id }) => id !== 5);
    hosts[1] = { id: 2, name: "renamed-2", changedAt: NOW + HOUR_MS / 2 };
    hosts.push({ id: 6, name: "host-6", changedAt: NOW + HOUR_MS / 2 });
    const second = await run(NOW);
    expect(second.filters).toEqual([source.filter]);
    expect(second.names).toEqual(["host-1", "host-3", "host-4", "host-5", "host-6", "renamed-2"]);
    const third = await run(NOW + 2 * HOUR_MS);
    expect(third.document).toEqual(second.document);
    const full = await run(NOW + DAY_MS);
    expect(full.filters).toEqual([""]);
    expect(full.names).toEqual(["host-1", "host-3", "host-4", "host-6", "renamed-2"]);
  },
);

const CLUSTER: Pick<Source, "name" | "answer" | "read" | "filterOf"> = {
  name: "Kubernetes",
  answer: () => ({ body: { kind: "List", items: [] } }),
  read: async (api) => cmdbFromKubernetes(await kubernetesObjects(api), "prod"),
  filterOf: ({ path }) => (path === "/api/v1/nodes" ? "" : undefined),
};

test.for(
  [...SOURCES, CLUSTER].flatMap((source) =>
    [
      {},
      null,
      "",
      "word",
      // ServiceNow, when a transaction took too long: 200, some of the rows, and this.
      { result: [], results: [], values: [], assets: [], instances: [], items: [], error: { message: "cancelled" } },
      { status: "failure", message: "cancelled" },
    ].map((body) => [source.name, body, source] as const),
  ),
)("%s: an answer without its list is a fault, not an empty CMDB: %j", async ([, body, source]) => {
  const host: Host = { id: 1, name: "host-1", changedAt: NOW };
  await withEmulator(
    (request) => (source.filterOf(request) === undefined ? source.answer(request, [host], NOW) : { body }),
    async (emulator) => {
      const cache = new RowCache(undefined, { of: "here", now: NOW, fullEveryMs: DAY_MS });
      const reading = source.read(emulator.api(), cache);
      await expect(reading).rejects.toThrow(ForeignFault);
      await expect(reading).rejects.toThrow(/^the source answered something else than a list|is not JSON/);
    },
  );
});

test("GLPI: with changes first, pages of what is old are not read; a server that does not sort is read to its end", async () => {
  const many: Host[] = Array.from({ length: 1800 }, (_, id) => ({
    id,
    name: `h${id}`,
    changedAt: NOW - (DAY_MS + id * HOUR_MS) / 2,
  }));
  const glpi = SOURCES.find(({ name }) => name === "GLPI")!;
  let state: RowState | undefined;
  const run = (sorts: boolean) =>
    withEmulator(
      (request) => {
        if (!sorts) request.query.delete("sort");
        return glpi.answer(request, many, NOW);
      },
      async (emulator) => {
        const cache = new RowCache(state, { of: "here", now: NOW, fullEveryMs: DAY_MS });
        const { document } = await glpi.read(emulator.api(), cache);
        state = cache.snapshot();
        return { cis: document.cis.length, pages: emulator.requests.filter(({ path }) => path === "/Computer").length };
      },
    );
  expect(await run(true)).toEqual({ cis: 1800, pages: 4 });
  many[900] = { id: 900, name: "renamed", changedAt: NOW - 1000 };
  expect(await run(true)).toEqual({ cis: 1800, pages: 1 });
  many[1700] = { id: 1700, name: "renamed", changedAt: NOW - 1000 };
  many.unshift({ id: 9000, name: "first", changedAt: NOW - DAY_MS * 30 });
  expect(await run(false)).toEqual({ cis: 1801, pages: 4 });
});

test("a change that is dated in the future does not hide those that come before it", async () => {
  const netBox = SOURCES.find(({ name }) => name === "NetBox")!;
  let hosts: Host[] = [{ id: 1, name: "ahead", changedAt: NOW + 900 * DAY_MS }];
  let state: RowState | undefined;
  const run = (now: number) =>
    withEmulator(
      (request) => netBox.answer(request, hosts, now),
      async (emulator) => {
        const cache = new RowCache(state, { of: "here", now, fullEveryMs: DAY_MS });
        const { document } = await netBox.read(emulator.api(), cache);
        state = cache.snapshot();
        return document.cis.map(({ name }) => name);
      },
    );
  await run(NOW);
  hosts = [...hosts, { id: 2, name: "new", changedAt: NOW + HOUR_MS }];
  expect(await run(NOW + 2 * HOUR_MS)).toEqual(["ahead", "new"]);
});

test("on the command line: --state is kept for its owner alone, and belongs to one address and question", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-state-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [state, secret] = [join(folder, "netbox.state"), join(folder, "token")];
  writeFileSync(secret, "t\n");
  const netBox = SOURCES.find(({ name }) => name === "NetBox")!;
  const hosts: Host[] = [{ id: 1, name: "sw-1", changedAt: Date.parse("2020-03-01T11:00:00Z") }];
  const run = (source: string, url: string, ...more: string[]) =>
    callCommand(
      (args, io) => importCmdb(source, args, io),
      ["--url", url, "--secret-file", secret, "--state", state, "--out", "-", ...more],
    );
  const asked = (): Promise<string[]> =>
    withEmulator(
      (request) => netBox.answer(request, hosts, NOW),
      async ({ url, requests }) => {
        const before = requests.length;
        for (const _ of [1, 2]) expect(await run("netbox", url)).toMatchObject({ code: 0 });
        return requests.slice(before).flatMap((request) => netBox.filterOf(request) ?? []);
      },
    );
  expect(await asked()).toEqual(["", "2020-03-01T10:50:00.000Z"]);
  expect(statSync(state).mode & 0o777).toBe(0o600);
  // Another port is another address.
  expect(await asked()).toEqual(["", "2020-03-01T10:50:00.000Z"]);
  expect(await run("itop", "http://127.0.0.1:1")).toMatchObject({ code: 2 });
  const notASpan = await run("netbox", "http://127.0.0.1:1", "--full-every", "soon");
  expect([notASpan.code, notASpan.err]).toEqual([2, expect.stringContaining("--full-every takes a duration")]);
});

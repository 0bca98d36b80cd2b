import { expect, test } from "vitest";
import { type EmulatedAnswer, type EmulatedRequest, withEmulator } from "../../../../test/support/foreign-emulator.ts";
import { cmdbFromNetBox, typeOfRole } from "./source.ts";

const active = { value: "active", label: "Active" };
const device = (id: number, name: string, role: string, more: object = {}): object => ({
  id,
  name,
  status: active,
  role: { id: 1, name: role, slug: role.toLowerCase().replaceAll(" ", "-") },
  site: { id: 1, name: "AMS1", slug: "ams1" },
  rack: { id: 5, name: "R3" },
  ...more,
});
const end = (id: number): object => ({
  object_type: "dcim.interface",
  object_id: id * 10,
  object: { id: id * 10, device: { id } },
});

const DATA: Record<string, object[]> = {
  "/api/dcim/sites/": [{ id: 1, name: "AMS1", slug: "ams1", status: active }],
  "/api/dcim/racks/": [{ id: 5, name: "R3", site: { id: 1, name: "AMS1" }, status: active }],
  "/api/virtualization/clusters/": [{ id: 2, name: "esx-prod", status: active }],
  "/api/dcim/devices/": [
    device(1, "sw-r3", "Access Switch"),
    device(2, "esx-1", "Server", { cluster: { id: 2, name: "esx-prod" }, primary_ip: { address: "10.0.3.7/24" } }),
    device(3, "fw-1", "Firewall"),
    device(4, "planned-1", "Server", { status: { value: "planned", label: "Planned" } }),
    device(5, "pdu-r3", "PDU"),
  ],
  "/api/virtualization/virtual-machines/": [
    {
      id: 1,
      name: "web-01",
      status: active,
      cluster: { id: 2 },
      primary_ip: { address: "10.0.4.1/24" },
      tenant: { name: "shop" },
    },
    { id: 2, name: "web-02", status: active, cluster: { id: 2 }, device: { id: 2 } },
  ],
  "/api/ipam/services/": [
    {
      id: 9,
      name: "https",
      parent_object_type: "virtualization.virtualmachine",
      parent_object_id: 1,
      parent: { name: "web-01" },
    },
    { id: 10, name: "ssh", device: { id: 2, name: "esx-1" } },
  ],
  "/api/dcim/cables/": [
    { id: 1, status: { value: "connected" }, a_terminations: [end(1)], b_terminations: [end(2)] },
    { id: 2, status: { value: "connected" }, a_terminations: [end(1)], b_terminations: [end(3)] },
    { id: 3, status: { value: "planned" }, a_terminations: [end(2)], b_terminations: [end(3)] },
    { id: 4, status: { value: "connected" }, a_terminations: [end(2)], b_terminations: [end(5)] },
    {
      id: 5,
      status: { value: "connected" },
      a_terminations: [end(2)],
      b_terminations: [{ object_type: "circuits.circuittermination", object: { id: 7 } }],
    },
  ],
};

/** Lists with limit and offset, the address of the next page, and a limit of rate on the first request. */
function netBox(pageMax = 2): (request: EmulatedRequest, url: string) => EmulatedAnswer | undefined {
  let busy = 1;
  return ({ path, query, headers }, url) => {
    if (headers.authorization !== "Token t") return { status: 403, body: { detail: "Invalid token" } };
    if (busy-- > 0) return { status: 429, headers: { "retry-after": "1" }, body: {} };
    const all = DATA[path];
    if (all === undefined) return undefined;
    const offset = Number(query.get("offset") ?? 0);
    const limit = Math.min(pageMax, Number(query.get("limit")));
    const more = offset + limit < all.length;
    const next = more ? `${url}${path}?limit=${limit}&offset=${offset + limit}` : null;
    return { body: { count: all.length, next, previous: null, results: all.slice(offset, offset + limit) } };
  };
}

const HEADERS = { authorization: "Token t" };

test("sites, racks, devices, machines, services and cables", async () => {
  const found = await withEmulator(netBox(), (emulator) => cmdbFromNetBox(emulator.api(HEADERS)));
  expect(found.document.cis.map(({ id, type }) => `${String(id)} ${String(type)}`)).toEqual([
    "ams1 site",
    "ams1 r3 rack",
    "esx-1 hypervisor",
    "esx-prod cluster",
    "fw-1 firewall",
    "https on web-01 service",
    "pdu-r3 power",
    "ssh on esx-1 service",
    "sw-r3 switch",
    "web-01 vm",
    "web-02 vm",
  ]);
  expect(found.document.cis.find(({ id }) => id === "web-01")).toMatchObject({
    aliases: ["10.0.4.1", "netbox-vm-1"],
    owner: "shop",
  });
  expect(found.document.relations).toEqual([
    { from: "ams1 r3", type: "containedIn", to: "ams1" },
    { from: "esx-1", type: "connectsTo", to: "sw-r3" },
    { from: "esx-1", type: "containedIn", to: "ams1 r3" },
    { from: "esx-1", type: "dependsOn", to: "pdu-r3" },
    { from: "esx-prod", type: "hasMember", to: "esx-1" },
    { from: "fw-1", type: "connectsTo", to: "sw-r3" },
    { from: "fw-1", type: "containedIn", to: "ams1 r3" },
    { from: "https on web-01", type: "runsOn", to: "web-01" },
    { from: "pdu-r3", type: "containedIn", to: "ams1 r3" },
    { from: "ssh on esx-1", type: "runsOn", to: "esx-1" },
    { from: "sw-r3", type: "connectsTo", to: "fw-1" },
    { from: "sw-r3", type: "containedIn", to: "ams1 r3" },
    { from: "web-01", type: "runsOn", to: "esx-prod" },
    { from: "web-02", type: "runsOn", to: "esx-1" },
  ]);
  expect(found.left).toEqual({ notInUse: 2, cableToElsewhere: 1 });
});

test("a second reading of the same is the same", async () => {
  const read = () => withEmulator(netBox(3), (emulator) => cmdbFromNetBox(emulator.api(HEADERS)));
  expect(JSON.stringify(await read())).toBe(JSON.stringify(await read()));
});

test("a next page elsewhere is not asked for: it is the proxy's own name, or the token would go astray", async () => {
  const sites = DATA["/api/dcim/sites/"] ?? [];
  const elsewhere = ({ path, query }: EmulatedRequest): EmulatedAnswer => {
    const results = path === "/api/dcim/sites/" && query.get("offset") === "0" ? sites : [];
    return { body: { results, next: "http://netbox.internal:8000/api/dcim/sites/?limit=500&offset=1" } };
  };
  await withEmulator(elsewhere, async (emulator) => {
    const { document } = await cmdbFromNetBox(emulator.api(HEADERS));
    expect(document.cis.map(({ name }) => name)).toEqual(["AMS1"]);
  });
});

test.for([
  ["Access Switch", "switch"],
  ["Core Router", "router"],
  ["Firewall", "firewall"],
  ["Server", "host"],
  ["Hypervisor", "hypervisor"],
  ["Storage Array", "storage"],
  [undefined, "host"],
] as const)("role %s is %s", ([role, type]) => {
  expect(typeOfRole(role)).toBe(type);
});

import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import { answeredList, type ForeignApi } from "../foreign-api.ts";
import { at, listOf, textAt } from "../foreign-value.ts";
import { PageWatch } from "../page-watch.ts";
import { CLOCK_OVERLAP_MS, type Row, type RowCache, rowsOf, type Since, slim, timeAt } from "../row-cache.ts";

const PAGE = 500;

/** What is read of an object, and kept: a device has a hundred fields. */
const FIELDS = [
  "id",
  "name",
  "display",
  "slug",
  "status",
  "last_updated",
  "site",
  "rack",
  "cluster",
  "role",
  "device_role",
  "primary_ip",
  "asset_tag",
  "serial",
  "platform",
  "tenant",
  "device",
  "virtual_machine",
  "parent_object_type",
  "parent_object_id",
  "parent",
  "a_terminations",
  "b_terminations",
];

/** A NetBox, and what earlier imports read of it. */
interface NetBox {
  api: ForeignApi;
  cache: RowCache | undefined;
}

/**
 * Objects of an endpoint. Whether there are more NetBox tells by the next page's address, which is not followed: behind a
 * proxy it often names a host or scheme of its own, and the token would go along.
 */
async function* pages(api: ForeignApi, path: string, since: Since | undefined): AsyncGenerator<Row> {
  const changed = since === undefined ? "" : `&last_updated__gte=${new Date(since.at).toISOString()}`;
  const watch = new PageWatch(path);
  for (let offset = 0; ; ) {
    const page: unknown = await api.get(`${path}?limit=${PAGE}&offset=${offset}${changed}`);
    const objects = answeredList(page, "results");
    watch.take(objects);
    for (const object of objects) yield slim(object, FIELDS);
    // A server may give fewer a page than was asked for.
    offset += objects.length;
    if (objects.length === 0 || textAt(page, "next") === undefined) return;
  }
}

/** All objects of an endpoint. */
function objects({ api, cache }: NetBox, path: string): AsyncIterable<Row> {
  return rowsOf(cache, {
    table: path,
    key: (row) => textAt(row, "id"),
    changedAt: (row) => timeAt(row, "last_updated"),
    overlapMs: CLOCK_OVERLAP_MS,
    read: (since) => pages(api, path, since),
  });
}

/** Words in a role's name, most telling first. */
const ROLES: readonly (readonly [word: RegExp, type: string])[] = [
  [/firewall/, "firewall"],
  [/load.?balancer|\blb\b/, "loadBalancer"],
  [/router|gateway/, "router"],
  [/switch|leaf|spine|access|distribution|\btor\b|core/, "switch"],
  [/hypervisor|esxi?|kvm|proxmox|virtuali/, "hypervisor"],
  [/storage|\bsan\b|\bnas\b|filer/, "storage"],
  [/pdu|ups|power/, "power"],
];

/** Our type of a device, by the name of its role. */
export function typeOfRole(role: string | undefined): string {
  const plain = (role ?? "").toLowerCase();
  return ROLES.find(([word]) => word.test(plain))?.[1] ?? "host";
}

const NETWORK = new Set(["switch", "router", "firewall", "loadBalancer"]);

const address = (value: unknown, ...path: readonly string[]): string | undefined =>
  textAt(value, ...path)?.split("/", 1)[0];

const key = (kind: string, id: string | undefined): string => `netbox-${kind}-${id ?? "?"}`;

/** What exists and should work; planned and decommissioned things do neither. */
const HERE: ReadonlySet<string> = new Set(["active", "failed", "staged", "offline", "connected"]);

function isHere(draft: CmdbDraft, object: unknown): boolean {
  const status = textAt(object, "status", "value") ?? textAt(object, "status") ?? "active";
  if (!HERE.has(status)) draft.leave("notInUse");
  return HERE.has(status);
}

async function places(netBox: NetBox, draft: CmdbDraft): Promise<void> {
  for await (const site of objects(netBox, "/api/dcim/sites/"))
    if (isHere(draft, site))
      draft.add({
        key: key("site", textAt(site, "id")),
        type: "site",
        name: textAt(site, "name") ?? "",
        aliases: [textAt(site, "slug")],
      });
  for await (const rack of objects(netBox, "/api/dcim/racks/")) {
    const own = key("rack", textAt(rack, "id"));
    const site = textAt(rack, "site", "id");
    // Rack names repeat from site to site.
    const siteName = draft.nameOf(key("site", site)) ?? textAt(rack, "site", "name");
    const name = [siteName, textAt(rack, "name")].filter((part) => part !== undefined).join(" ");
    draft.add({ key: own, type: "rack", name });
    if (site !== undefined) draft.relate(own, "containedIn", key("site", site));
  }
}

async function machines(netBox: NetBox, draft: CmdbDraft): Promise<void> {
  for await (const cluster of objects(netBox, "/api/virtualization/clusters/"))
    if (isHere(draft, cluster))
      draft.add({ key: key("cluster", textAt(cluster, "id")), type: "cluster", name: textAt(cluster, "name") ?? "" });
  for await (const device of objects(netBox, "/api/dcim/devices/")) {
    if (!isHere(draft, device)) continue;
    const own = key("device", textAt(device, "id"));
    const cluster = textAt(device, "cluster", "id");
    const type = typeOfRole(textAt(device, "role", "name") ?? textAt(device, "device_role", "name"));
    draft.add({
      key: own,
      type: cluster !== undefined && type === "host" ? "hypervisor" : type,
      name: textAt(device, "name") ?? textAt(device, "display") ?? "",
      aliases: [address(device, "primary_ip", "address"), textAt(device, "asset_tag"), textAt(device, "serial")],
      labels: {
        site: textAt(device, "site", "slug"),
        role: textAt(device, "role", "slug") ?? textAt(device, "device_role", "slug"),
        platform: textAt(device, "platform", "slug"),
      },
      owner: textAt(device, "tenant", "name"),
    });
    const rack = textAt(device, "rack", "id");
    const site = textAt(device, "site", "id");
    if (rack !== undefined) draft.relate(own, "containedIn", key("rack", rack));
    else if (site !== undefined) draft.relate(own, "containedIn", key("site", site));
    if (cluster !== undefined) draft.relate(key("cluster", cluster), "hasMember", own);
  }
  for await (const vm of objects(netBox, "/api/virtualization/virtual-machines/")) {
    if (!isHere(draft, vm)) continue;
    const own = key("vm", textAt(vm, "id"));
    draft.add({
      key: own,
      type: "vm",
      name: textAt(vm, "name") ?? "",
      aliases: [address(vm, "primary_ip", "address")],
      labels: { role: textAt(vm, "role", "slug"), platform: textAt(vm, "platform", "slug") },
      owner: textAt(vm, "tenant", "name"),
    });
    const device = textAt(vm, "device", "id");
    const cluster = textAt(vm, "cluster", "id");
    // Pinned to one machine, or wherever its cluster puts it.
    if (device !== undefined) draft.relate(own, "runsOn", key("device", device));
    else if (cluster !== undefined) draft.relate(own, "runsOn", key("cluster", cluster));
  }
}

async function services(netBox: NetBox, draft: CmdbDraft): Promise<void> {
  for await (const service of objects(netBox, "/api/ipam/services/")) {
    const device =
      textAt(service, "device", "id") ??
      (textAt(service, "parent_object_type") === "dcim.device" ? textAt(service, "parent_object_id") : undefined);
    const vm =
      textAt(service, "virtual_machine", "id") ??
      (textAt(service, "parent_object_type") === "virtualization.virtualmachine"
        ? textAt(service, "parent_object_id")
        : undefined);
    const host = device === undefined ? (vm === undefined ? undefined : key("vm", vm)) : key("device", device);
    // By id where it can be: a machine that was given another name leaves its services as they were.
    const hostName =
      (host === undefined ? undefined : draft.nameOf(host)) ??
      textAt(service, "device", "name") ??
      textAt(service, "virtual_machine", "name") ??
      textAt(service, "parent", "name");
    if (host === undefined) {
      draft.leave("serviceWithoutHost");
      continue;
    }
    const own = key("service", textAt(service, "id"));
    draft.add({ key: own, type: "service", name: `${textAt(service, "name") ?? "service"} on ${hostName ?? host}` });
    draft.relate(own, "runsOn", host);
  }
}

/** The device at one end of a cable. Patch panels and circuits end elsewhere and are passed over. */
function deviceAt(terminations: unknown): string | undefined {
  const id = textAt(listOf(terminations)[0], "object", "device", "id");
  return id === undefined ? undefined : key("device", id);
}

async function cables(netBox: NetBox, draft: CmdbDraft): Promise<void> {
  for await (const cable of objects(netBox, "/api/dcim/cables/")) {
    if (!isHere(draft, cable)) continue;
    const [a, b] = [deviceAt(at(cable, "a_terminations")), deviceAt(at(cable, "b_terminations"))];
    if (a === undefined || b === undefined || !draft.has(a) || !draft.has(b)) {
      draft.leave("cableToElsewhere");
      continue;
    }
    const powers = (end: string): boolean => draft.typeOf(end) === "power";
    const isNetwork = (end: string): boolean => NETWORK.has(draft.typeOf(end) ?? "");
    if (powers(a) !== powers(b)) draft.relate(powers(a) ? b : a, "dependsOn", powers(a) ? a : b);
    else if (isNetwork(a) && !isNetwork(b)) draft.relate(b, "connectsTo", a);
    else if (isNetwork(b) && !isNetwork(a)) draft.relate(a, "connectsTo", b);
    else {
      draft.relate(a, "connectsTo", b);
      draft.relate(b, "connectsTo", a);
    }
  }
}

/** Sites, racks, devices, virtual machines, clusters, services and cables of a NetBox (4.x). */
export async function cmdbFromNetBox(api: ForeignApi, cache?: RowCache): Promise<ForeignCmdb> {
  const draft = new CmdbDraft();
  const netBox: NetBox = { api, cache };
  await places(netBox, draft);
  await machines(netBox, draft);
  await services(netBox, draft);
  await cables(netBox, draft);
  return draft.finish();
}

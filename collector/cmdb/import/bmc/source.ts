import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import { answeredList, type ForeignApi, ForeignFault } from "../foreign-api.ts";
import { at, textAt } from "../foreign-value.ts";
import { PageWatch } from "../page-watch.ts";
import { type Row, type RowCache, rowsOf, type Since, slim, timeAt, ZONE_OVERLAP_MS } from "../row-cache.ts";

const PAGE = 500;

/** Classes of the Common Data Model that are read, as our types. */
const CLASSES: readonly (readonly [name: string, type: string])[] = [
  ["BMC_ComputerSystem", "host"],
  ["BMC_BusinessService", "businessService"],
  ["BMC_ApplicationService", "service"],
  ["BMC_Application", "application"],
  ["BMC_ApplicationSystem", "application"],
  ["BMC_SoftwareServer", "application"],
  ["BMC_Database", "database"],
  ["BMC_Cluster", "cluster"],
  ["BMC_StorageSubsystem", "storage"],
  ["BMC_DiskDrive", "storage"],
  ["BMC_PhysicalLocation", "site"],
  ["BMC_Rack", "rack"],
];

/** Which end needs the other: a relation goes from Source to Destination. */
const RELATIONS: readonly (readonly [name: string, from: "source" | "destination", type: string])[] = [
  // The source is what the destination depends on.
  ["BMC_Dependency", "destination", "dependsOn"],
  ["BMC_Impact", "destination", "dependsOn"],
  ["BMC_HostedSystemComponents", "destination", "hostedOn"],
  ["BMC_HostedService", "destination", "hostedOn"],
  ["BMC_Component", "source", "dependsOn"],
  ["BMC_MemberOfCollection", "source", "hasMember"],
  ["BMC_ElementLocation", "source", "containedIn"],
];

/** `IsVirtual` and the primary capability tell switches from servers within one class. */
const CAPABILITIES: readonly (readonly [word: RegExp, type: string])[] = [
  [/switch/i, "switch"],
  [/router/i, "router"],
  [/firewall/i, "firewall"],
  [/load ?balancer/i, "loadBalancer"],
  [/storage/i, "storage"],
];

function typeOf(classType: string, attributes: unknown): string {
  if (classType !== "host") return classType;
  const capability = textAt(attributes, "PrimaryCapability") ?? textAt(attributes, "Type") ?? "";
  const found = CAPABILITIES.find(([word]) => word.test(capability))?.[1];
  return found ?? (/^(?:yes|true|1)$/i.test(textAt(attributes, "isVirtual") ?? "") ? "vm" : "host");
}

/** A CMDB, and what earlier imports read of it. */
interface Helix {
  api: ForeignApi;
  dataset: string;
  cache: RowCache | undefined;
}

const FIELDS = ["instance_id", "attributes"];
const ATTRIBUTES = [
  "InstanceId",
  "Name",
  "HostName",
  "DNSHostName",
  "SerialNumber",
  "OwnerName",
  "MarkAsDeleted",
  "ModifiedDate",
  "PrimaryCapability",
  "Type",
  "isVirtual",
  "Source.InstanceId",
  "Destination.InstanceId",
];

function instances({ api, dataset, cache }: Helix, name: string): AsyncIterable<Row> {
  return rowsOf(cache, {
    table: name,
    key: (row) => textAt(row, "instance_id") ?? textAt(row, "attributes", "InstanceId"),
    changedAt: (row) => timeAt(row, "attributes", "ModifiedDate"),
    overlapMs: ZONE_OVERLAP_MS,
    read: (since) => pages(api, `/api/cmdb/v1.0/instances/${encodeURIComponent(dataset)}/BMC.CORE/${name}`, since),
  });
}

/**
 * A qualification compares with the server's own midnight less some seconds, which is never later than that age: dates as text
 * are read in the server's language.
 *
 * @see docs.bmc.com, "Searching CIs using a custom query in advanced search": 'CreateDate'<($DATE$-86400)
 */
function qualification({ ageMs }: Since): string {
  return `&qualification=${encodeURIComponent(`'ModifiedDate' >= ($DATE$ - ${Math.ceil(ageMs / 1000)})`)}`;
}

async function* pages(api: ForeignApi, base: string, since: Since | undefined): AsyncGenerator<Row> {
  const changed = since === undefined ? "" : qualification(since);
  // Until there is none: a server may give fewer a page than was asked for.
  let offset = 0;
  let before: string | undefined;
  const watch = new PageWatch(base);
  for (;;) {
    const page = answeredList(await api.get(`${base}?limit=${PAGE}&offset=${offset}${changed}`), "instances");
    for (const instance of page)
      yield { ...slim(instance, FIELDS), attributes: slim(at(instance, "attributes"), ATTRIBUTES) };
    const first = textAt(page[0], "instance_id");
    // One that does not know offsets would answer the same for ever.
    if (page.length === 0 || (offset > 0 && first === before)) return;
    before = first;
    watch.take(page);
    offset += page.length;
  }
}

/** A token for the calls that follow: the login answers it as plain text. */
export async function bmcToken(
  base: string,
  username: string,
  password: string,
  call: typeof fetch = fetch,
): Promise<string> {
  const response = await call(`${base.replace(/\/+$/, "")}/api/jwt/login`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ username, password }).toString(),
    redirect: "manual",
  }).catch((error: unknown) => {
    throw new ForeignFault(`the login cannot be reached: ${(error as Error).message}`);
  });
  const token = (await response.text()).trim();
  if (!response.ok || token === "") throw new ForeignFault(`the login answered ${response.status}`);
  return token;
}

/** Instances and relations of a BMC Helix CMDB, by its REST API. @param dataset the reconciled one, usually `BMC.ASSET`. */
export async function cmdbFromBmc(api: ForeignApi, dataset: string, cache?: RowCache): Promise<ForeignCmdb> {
  const draft = new CmdbDraft();
  const helix: Helix = { api, dataset, cache };
  for (const [name, type] of CLASSES)
    for await (const instance of instances(helix, name)) {
      const attributes = at(instance, "attributes");
      if (textAt(attributes, "MarkAsDeleted") === "Yes") {
        draft.leave("retired");
        continue;
      }
      draft.add({
        key: textAt(instance, "instance_id") ?? textAt(attributes, "InstanceId") ?? "",
        type: typeOf(type, attributes),
        name: textAt(attributes, "Name") ?? "",
        aliases: [
          textAt(attributes, "HostName"),
          textAt(attributes, "DNSHostName"),
          textAt(attributes, "SerialNumber"),
        ],
        labels: { bmc_class: name },
        owner: textAt(attributes, "OwnerName"),
      });
    }
  for (const [name, from, type] of RELATIONS)
    for await (const relation of instances(helix, name)) {
      const attributes = at(relation, "attributes");
      const source = textAt(attributes, "Source.InstanceId") ?? "";
      const destination = textAt(attributes, "Destination.InstanceId") ?? "";
      draft.relate(from === "source" ? source : destination, type, from === "source" ? destination : source);
    }
  return draft.finish();
}

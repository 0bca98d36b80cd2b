import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import { type ForeignApi, ForeignFault } from "../foreign-api.ts";
import { listOf, textAt } from "../foreign-value.ts";

const PAGE = 500;

/** Item types that are read, as our types. */
const ITEMS: readonly (readonly [itemtype: string, type: string])[] = [
  ["Computer", "host"],
  ["NetworkEquipment", "switch"],
  ["Appliance", "application"],
  ["Database", "database"],
  ["DatabaseInstance", "database"],
  ["Cluster", "cluster"],
  ["Rack", "rack"],
  ["Datacenter", "site"],
  ["Certificate", "certificate"],
];

export interface GlpiLogin {
  userToken: string;
  appToken?: string | undefined;
}

/** All items of a type. GLPI tells the range in a header and answers an error beyond its end. */
async function* items(api: ForeignApi, headers: Readonly<Record<string, string>>, itemtype: string): AsyncGenerator {
  for (let from = 0; ; from += PAGE) {
    const query = `range=${from}-${from + PAGE - 1}&expand_dropdowns=true&is_deleted=false`;
    const { body, headers: answered } = await api.send({ path: `/${itemtype}?${query}`, headers });
    const page = listOf(body);
    yield* page;
    const total = Number(/\/(\d+)$/.exec(answered.get("content-range") ?? "")?.[1] ?? 0);
    if (page.length === 0 || from + PAGE >= total) return;
  }
}

/** Items of a GLPI and its impact analysis, by the REST API at `…/apirest.php`: what is impacted needs what impacts it. */
export async function cmdbFromGlpi(api: ForeignApi, login: GlpiLogin): Promise<ForeignCmdb> {
  const app: Record<string, string> = login.appToken === undefined ? {} : { "App-Token": login.appToken };
  const session = textAt(
    await api.get("/initSession", { ...app, Authorization: `user_token ${login.userToken}` }),
    "session_token",
  );
  if (session === undefined) throw new ForeignFault("GLPI gave no session");
  const headers = { ...app, "Session-Token": session };
  try {
    return await read(api, headers);
  } finally {
    await api.get("/killSession", headers).catch(() => undefined);
  }
}

async function read(api: ForeignApi, headers: Readonly<Record<string, string>>): Promise<ForeignCmdb> {
  const draft = new CmdbDraft();
  for (const [itemtype, type] of ITEMS)
    for await (const item of items(api, headers, itemtype)) {
      const kind = textAt(item, "computertypes_id") ?? textAt(item, "networkequipmenttypes_id") ?? "";
      draft.add({
        key: `${itemtype}-${textAt(item, "id") ?? ""}`,
        type: /virtual|\bvm\b/i.test(kind)
          ? "vm"
          : /router/i.test(kind)
            ? "router"
            : /firewall/i.test(kind)
              ? "firewall"
              : type,
        name: textAt(item, "name") ?? "",
        aliases: [textAt(item, "serial"), textAt(item, "otherserial")],
        labels: { glpi_type: itemtype, location: textAt(item, "locations_id") },
        owner: textAt(item, "groups_id_tech"),
      });
    }
  for await (const relation of items(api, headers, "ImpactRelation")) {
    const source = `${textAt(relation, "itemtype_source") ?? ""}-${textAt(relation, "items_id_source") ?? ""}`;
    const impacted = `${textAt(relation, "itemtype_impacted") ?? ""}-${textAt(relation, "items_id_impacted") ?? ""}`;
    draft.relate(impacted, "dependsOn", source);
  }
  return draft.finish();
}

import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import { answeredList, type ForeignApi, ForeignFault } from "../foreign-api.ts";
import { textAt } from "../foreign-value.ts";
import { PageWatch } from "../page-watch.ts";
import { type Row, type RowCache, rowsOf, type Since, slim, timeAt, ZONE_OVERLAP_MS } from "../row-cache.ts";

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

/** A GLPI in a session, and what earlier imports read of it. */
interface Glpi {
  api: ForeignApi;
  headers: Readonly<Record<string, string>>;
  cache: RowCache | undefined;
}

const FIELDS = [
  "id",
  "name",
  "serial",
  "otherserial",
  "computertypes_id",
  "networkequipmenttypes_id",
  "locations_id",
  "groups_id_tech",
  "is_template",
  "date_mod",
];

/**
 * All items of a type. GLPI tells the range in a header and answers an error beyond its end. It has no filter by date, but
 * it sorts: with the newest change first, reading ends where what is older begins.
 *
 * @see https://github.com/glpi-project/glpi/blob/main/apirest.md, "Get all items"
 */
async function* items({ api, headers }: Glpi, itemtype: string, since?: Since): AsyncGenerator<Row> {
  const newestFirst = since === undefined ? "" : "&sort=date_mod&order=DESC";
  let latest = Number.POSITIVE_INFINITY;
  let isSorted = true;
  const watch = new PageWatch(itemtype);
  for (let from = 0; ; from += PAGE) {
    const query = `range=${from}-${from + PAGE - 1}&expand_dropdowns=true&get_hateoas=false&is_deleted=false${newestFirst}`;
    const { body, headers: answered } = await api.send({ path: `/${itemtype}?${query}`, headers });
    const page = answeredList(body) as readonly Row[];
    watch.take(page);
    yield* page;
    for (const row of page) {
      const at = timeAt(row, "date_mod") ?? latest;
      if (at > latest) isSorted = false;
      latest = at;
    }
    const total = Number(/\/(\d+)$/.exec(answered.get("content-range") ?? "")?.[1] ?? 0);
    if (page.length === 0 || from + PAGE >= total) return;
    if (since !== undefined && isSorted && latest < since.at) return;
  }
}

/** As `items`, but where there is a cache only what has changed is asked for. */
function changedItems(glpi: Glpi, itemtype: string): AsyncIterable<Row> {
  return rowsOf(glpi.cache, {
    table: itemtype,
    key: (row) => textAt(row, "id"),
    changedAt: (row) => timeAt(row, "date_mod"),
    overlapMs: ZONE_OVERLAP_MS,
    read: async function* (since) {
      for await (const item of items(glpi, itemtype, since)) yield slim(item, FIELDS);
    },
  });
}

/** Older versions write `&nbsp;` where a choice is empty. */
function chosen(item: Row, field: string): string | undefined {
  const text = textAt(item, field);
  return text === "&nbsp;" || text === "0" ? undefined : text;
}

/** Items of a GLPI and its impact analysis, by the REST API at `…/apirest.php`: what is impacted needs what impacts it. */
export async function cmdbFromGlpi(api: ForeignApi, login: GlpiLogin, cache?: RowCache): Promise<ForeignCmdb> {
  const app: Record<string, string> = login.appToken === undefined ? {} : { "App-Token": login.appToken };
  const session = textAt(
    await api.get("/initSession", { ...app, Authorization: `user_token ${login.userToken}` }),
    "session_token",
  );
  if (session === undefined) throw new ForeignFault("GLPI gave no session");
  const headers = { ...app, "Session-Token": session };
  try {
    return await read({ api, headers, cache });
  } finally {
    await api.get("/killSession", headers).catch(() => undefined);
  }
}

async function read(glpi: Glpi): Promise<ForeignCmdb> {
  const draft = new CmdbDraft();
  for (const [itemtype, type] of ITEMS)
    for await (const item of changedItems(glpi, itemtype)) {
      if (textAt(item, "is_template") === "1") {
        draft.leave("template");
        continue;
      }
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
        labels: { glpi_type: itemtype, location: chosen(item, "locations_id") },
        owner: chosen(item, "groups_id_tech"),
      });
    }
  for await (const relation of items(glpi, "ImpactRelation")) {
    const source = `${textAt(relation, "itemtype_source") ?? ""}-${textAt(relation, "items_id_source") ?? ""}`;
    const impacted = `${textAt(relation, "itemtype_impacted") ?? ""}-${textAt(relation, "items_id_impacted") ?? ""}`;
    draft.relate(impacted, "dependsOn", source);
  }
  return draft.finish();
}

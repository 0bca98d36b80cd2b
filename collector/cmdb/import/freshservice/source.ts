import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import { answeredList, type ForeignApi } from "../foreign-api.ts";
import { at, entryOf, listOf, textAt } from "../foreign-value.ts";
import { PageWatch } from "../page-watch.ts";
import { meaningOf, typeOfName } from "../relation-word.ts";
import { type Row, type RowCache, rowsOf, slim, timeAt } from "../row-cache.ts";

const PAGE = 100;

/**
 * The header `Link` says whether there is more, or, where the list is the answer to a filter, how many there are: some lists
 * give fewer items a page than was asked for.
 */
async function* pages(api: ForeignApi, path: string, field: string, more = ""): AsyncGenerator {
  let seen = 0;
  let before: string | undefined;
  const watch = new PageWatch(path);
  for (let page = 1; ; page += 1) {
    const { body, headers } = await api.send({ path: `${path}?page=${page}&per_page=${PAGE}${more}` });
    const items = answeredList(body, field);
    // A list that knows no pages gives all of it each time.
    const first = JSON.stringify(items[0]);
    if (first === before) return;
    before = first;
    watch.take(items);
    yield* items;
    seen += items.length;
    const hasNext =
      /rel="?next"?/.test(headers.get("link") ?? "") || seen < Number(headers.get("x-search-results-count") ?? "0");
    if (items.length === 0 || (items.length < PAGE && !hasNext)) return;
  }
}

/** low, medium, high: how much is hit when it fails. */
const CRITICALITY: Readonly<Record<string, number>> = { high: 1, medium: 2, low: 3 };

/** The usual names of type fields that find an asset; Freshservice puts the type's number behind them. */
const NAMING = /^(?:hostname|ip_address|fqdn|computer_ip_address|item_id|serial_number)(?:_\d+)?$/;

function aliasesOf(asset: unknown): string[] {
  const fields = at(asset, "type_fields");
  const named =
    typeof fields === "object" && fields !== null
      ? Object.entries(fields).flatMap(([name, value]) =>
          NAMING.test(name) && typeof value === "string" ? [value] : [],
        )
      : [];
  return [...named, textAt(asset, "asset_tag") ?? ""];
}

const FIELDS = ["id", "display_id", "name", "asset_type_id", "asset_tag", "impact", "type_fields", "updated_at"];
/** A filter compares dates by the day. */
const DAY_MS = 24 * 3_600_000;

/**
 * Assets, each with its relationships, which cost a request an asset and hundred of them: of one that has not changed those of the last time stand.
 *
 * @see https://api.freshservice.com/#filter_assets
 */
function assets(api: ForeignApi, cache: RowCache | undefined): AsyncIterable<Row> {
  return rowsOf(cache, {
    table: "assets",
    key: (row) => textAt(row, "id"),
    changedAt: (row) => timeAt(row, "updated_at"),
    overlapMs: 2 * DAY_MS,
    read: (since) => {
      const day = since === undefined ? "" : new Date(since.at).toISOString().slice(0, 10);
      return withRelationships(api, day === "" ? "" : `&filter=${encodeURIComponent(`"updated_at:>'${day}'"`)}`);
    },
  });
}

async function* withRelationships(api: ForeignApi, filter: string): AsyncGenerator<Row> {
  // Without `include` the fields of an asset's type, host name and address among them, are left out (three credits a page).
  const found: Row[] = [];
  for await (const asset of pages(api, "/api/v2/assets", "assets", `&include=type_fields${filter}`))
    found.push(slim(asset, FIELDS));
  for (const asset of found) {
    const path = `/api/v2/assets/${encodeURIComponent(textAt(asset, "display_id") ?? "")}/relationships`;
    const relationships: unknown[] = [];
    for await (const relationship of pages(api, path, "relationships")) relationships.push(relationship);
    yield { ...asset, relationships };
  }
}

/** Assets and their relationships of a Freshservice: "primary <downstream words> secondary". */
export async function cmdbFromFreshservice(api: ForeignApi, cache?: RowCache): Promise<ForeignCmdb> {
  const draft = new CmdbDraft();
  const types = new Map<string, string>();
  for await (const type of pages(api, "/api/v2/asset_types", "asset_types"))
    types.set(textAt(type, "id") ?? "", textAt(type, "name") ?? "");
  const words = new Map<string, string>();
  for await (const type of pages(api, "/api/v2/relationship_types", "relationship_types"))
    words.set(textAt(type, "id") ?? "", textAt(type, "downstream_relation") ?? "");
  const relations: unknown[] = [];
  const byDisplayId = new Map<string, string>();
  for await (const asset of assets(api, cache)) {
    const type = types.get(textAt(asset, "asset_type_id") ?? "") ?? "";
    draft.add({
      key: textAt(asset, "id") ?? "",
      type: typeOfName(type),
      name: textAt(asset, "name") ?? "",
      aliases: aliasesOf(asset),
      labels: { freshservice_type: type },
      criticality: entryOf(CRITICALITY, textAt(asset, "impact")),
    });
    byDisplayId.set(textAt(asset, "display_id") ?? "", textAt(asset, "id") ?? "");
    relations.push(...listOf(at(asset, "relationships")));
  }
  // Relations name assets by display id (FreshservicePS, Get-FreshServiceRelationship): 37, where ids are 21000035237.
  const keyOf = (id: string): string => byDisplayId.get(id) ?? id;
  for (const relation of relations) relate(draft, relation, words, keyOf);
  return draft.finish();
}

/** Each relation is told at both of its ends. */
function relate(
  draft: CmdbDraft,
  relation: unknown,
  words: ReadonlyMap<string, string>,
  keyOf: (id: string) => string,
): void {
  const primary = keyOf(textAt(relation, "primary_id") ?? "");
  const secondary = keyOf(textAt(relation, "secondary_id") ?? "");
  const [primaryType, secondaryType] = [
    textAt(relation, "primary_type") ?? "asset",
    textAt(relation, "secondary_type") ?? "asset",
  ];
  if (primaryType !== "asset" || secondaryType !== "asset") {
    draft.leave("relationToNothing");
    return;
  }
  const word = words.get(textAt(relation, "relationship_type_id") ?? "") ?? "";
  const meaning = meaningOf(word);
  if (meaning === undefined) draft.leave(`relationType ${word}`);
  else if (meaning === "nothing") draft.leave("relationWithoutFlow");
  else
    draft.relate(
      meaning.from === "first" ? primary : secondary,
      meaning.type,
      meaning.from === "first" ? secondary : primary,
    );
}

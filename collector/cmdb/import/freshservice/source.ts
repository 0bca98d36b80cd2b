import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import type { ForeignApi } from "../foreign-api.ts";
import { at, listOf, textAt } from "../foreign-value.ts";
import { meaningOf, typeOfName } from "../relation-word.ts";

const PAGE = 100;

/** The header `Link` says whether there is more: some lists give fewer items a page than was asked for. */
async function* pages(api: ForeignApi, path: string, field: string, more = ""): AsyncGenerator {
  for (let page = 1; ; page += 1) {
    const { body, headers } = await api.send({ path: `${path}?page=${page}&per_page=${PAGE}${more}` });
    const items = listOf(at(body, field));
    yield* items;
    const hasNext = /rel="?next"?/.test(headers.get("link") ?? "");
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

/** Assets and their relationships of a Freshservice: "primary <downstream words> secondary". */
export async function cmdbFromFreshservice(api: ForeignApi): Promise<ForeignCmdb> {
  const draft = new CmdbDraft();
  const types = new Map<string, string>();
  for await (const type of pages(api, "/api/v2/asset_types", "asset_types"))
    types.set(textAt(type, "id") ?? "", textAt(type, "name") ?? "");
  const words = new Map<string, string>();
  for (const type of listOf(at(await api.get("/api/v2/relationship_types"), "relationship_types")))
    words.set(textAt(type, "id") ?? "", textAt(type, "downstream_relation") ?? "");
  const displayIds: string[] = [];
  // Without this the fields of an asset's type, host name and address among them, are left out (three credits a page).
  for await (const asset of pages(api, "/api/v2/assets", "assets", "&include=type_fields")) {
    const type = types.get(textAt(asset, "asset_type_id") ?? "") ?? "";
    draft.add({
      key: textAt(asset, "id") ?? "",
      type: typeOfName(type),
      name: textAt(asset, "name") ?? "",
      aliases: aliasesOf(asset),
      labels: { freshservice_type: type },
      criticality: CRITICALITY[textAt(asset, "impact") ?? ""],
    });
    displayIds.push(textAt(asset, "display_id") ?? "");
  }
  for (const displayId of displayIds) {
    const answer = await api.get(`/api/v2/assets/${encodeURIComponent(displayId)}/relationships`);
    for (const relation of listOf(at(answer, "relationships"))) relate(draft, relation, words);
  }
  return draft.finish();
}

/** Each relation is told at both of its ends. */
function relate(draft: CmdbDraft, relation: unknown, words: ReadonlyMap<string, string>): void {
  const [primary, secondary] = [textAt(relation, "primary_id") ?? "", textAt(relation, "secondary_id") ?? ""];
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

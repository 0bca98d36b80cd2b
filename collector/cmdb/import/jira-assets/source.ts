import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import { answeredList, type ForeignApi } from "../foreign-api.ts";
import { at, listOf, textAt } from "../foreign-value.ts";
import { PageWatch } from "../page-watch.ts";
import { meaningOf, typeOfName } from "../relation-word.ts";
import { CLOCK_OVERLAP_MS, type Row, type RowCache, rowsOf, slim, timeAt } from "../row-cache.ts";

const PAGE = 100;
/** Attributes whose values also find the object. */
const NAMING = /^(?:fqdn|dns name|host ?name|ip(?: address(?:es)?)?|serial(?: number)?|asset tag)$/i;

const FIELDS = ["id", "objectKey", "label", "objectType", "attributes", "updated"];

/** On by as many as came: a server may give fewer a page than was asked for. */
async function* pages(api: ForeignApi, query: string): AsyncGenerator<Row> {
  const watch = new PageWatch("/object/aql");
  let from = 0;
  for (;;) {
    const asked = new URLSearchParams({ startAt: String(from), maxResults: String(PAGE), includeAttributes: "true" });
    const { body } = await api.send({ path: `/object/aql?${asked.toString()}`, body: { qlQuery: query } });
    const values = answeredList(body, "values");
    watch.take(values);
    for (const value of values) yield slim(value, FIELDS);
    if (values.length === 0 || at(body, "isLast") === true) return;
    from += values.length;
  }
}

/**
 * Each object type has the attribute Updated. Compared with an age rather than a time, which would be read in somebody's zone.
 *
 * @see https://support.atlassian.com/jira-service-management-cloud/docs/use-assets-query-language-aql/
 */
function objects(api: ForeignApi, query: string, cache: RowCache | undefined): AsyncIterable<Row> {
  return rowsOf(cache, {
    table: "objects",
    key: (row) => textAt(row, "objectKey") ?? textAt(row, "id"),
    changedAt: (row) => timeAt(row, "updated"),
    overlapMs: CLOCK_OVERLAP_MS,
    read: (since) =>
      pages(api, since === undefined ? query : `(${query}) AND Updated > "now(-${Math.ceil(since.ageMs / 60_000)}m)"`),
  });
}

/**
 * Objects of Jira Service Management's Assets. A relation is an attribute that refers to another object: the attribute's
 * name tells what it means, read from the object to the one it refers to.
 *
 * @param query which objects, in Assets' query language.
 */
export async function cmdbFromJiraAssets(api: ForeignApi, query: string, cache?: RowCache): Promise<ForeignCmdb> {
  const draft = new CmdbDraft();
  const references: { from: string; attribute: string; to: string }[] = [];
  for await (const object of objects(api, query, cache)) {
    const key = textAt(object, "objectKey") ?? textAt(object, "id") ?? "";
    const type = textAt(object, "objectType", "name") ?? "";
    const aliases: string[] = [];
    let owner: string | undefined;
    for (const attribute of listOf(at(object, "attributes"))) {
      const name = textAt(attribute, "objectTypeAttribute", "name") ?? "";
      for (const value of listOf(at(attribute, "objectAttributeValues"))) {
        const to = textAt(value, "referencedObject", "objectKey");
        const text = textAt(value, "displayValue") ?? textAt(value, "value");
        if (to !== undefined) references.push({ from: key, attribute: name, to });
        else if (text !== undefined && NAMING.test(name)) aliases.push(text);
        if (/^(?:owner|team|support group)$/i.test(name)) owner ??= textAt(value, "referencedObject", "label") ?? text;
      }
    }
    draft.add({
      key,
      type: typeOfName(type),
      name: textAt(object, "label") ?? "",
      aliases,
      labels: { assets_type: type },
      owner,
    });
  }
  for (const { from, attribute, to } of references) {
    const meaning = meaningOf(attribute);
    if (meaning === undefined) draft.leave(`attribute ${attribute}`);
    else if (meaning === "nothing") draft.leave("relationWithoutFlow");
    else draft.relate(meaning.from === "first" ? from : to, meaning.type, meaning.from === "first" ? to : from);
  }
  return draft.finish();
}

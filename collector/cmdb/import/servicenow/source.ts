import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import { answeredList, type ForeignApi } from "../foreign-api.ts";
import { textAt } from "../foreign-value.ts";
import { PageWatch } from "../page-watch.ts";
import { type Row, type RowCache, rowsOf, timeAt, ZONE_OVERLAP_MS } from "../row-cache.ts";
import { typeOfClass } from "./ci-class.ts";
import { needsOf } from "./relation-type.ts";

export interface ServiceNowOptions {
  /** Table to read CIs from: `cmdb_ci`, or a class below it. */
  table?: string;
  /** An encoded query that CIs must meet as well. */
  query?: string;
  /** What earlier imports read; without it everything is read. */
  cache?: RowCache;
}

const PAGE = 1000;
const CI_FIELDS =
  "sys_id,name,sys_class_name,fqdn,ip_address,operational_status,install_status,busines_criticality,busines_criticity,support_group.name,owned_by.name,sys_updated_on";

/** 7 retired, 6 not in use (`operational_status`: 6 retired, 2 not operational stays: it exists). */
const GONE_INSTALL: ReadonlySet<string> = new Set(["7", "8"]);
const GONE_OPERATIONAL: ReadonlySet<string> = new Set(["6"]);

/**
 * All rows of a table, a page at a time by key: large offsets make ServiceNow slow, and rows that come meanwhile shift them.
 * Rows that the user may not see are taken out of a page after it was cut, so that a short or empty page is no end: that is
 * what X-Total-Count says (ServiceNow's own Ansible collection pages by it, servicenow.itsm `module_utils/table.py`).
 * A misspelt or forbidden part of a query is silently dropped by ServiceNow, so what must hold is looked at again here.
 */
async function* rows(api: ForeignApi, table: string, fields: string, query: string): AsyncGenerator {
  let after = "";
  let offset = 0;
  const watch = new PageWatch(table);
  for (;;) {
    const parts = [query, after === "" ? "" : `sys_id>${after}`].filter((part) => part !== "");
    const asked = new URLSearchParams({
      sysparm_query: [...parts, "ORDERBYsys_id"].join("^"),
      sysparm_fields: fields,
      sysparm_limit: String(PAGE),
      sysparm_exclude_reference_link: "true",
      ...(offset === 0 ? {} : { sysparm_offset: String(offset) }),
    });
    const { body, headers } = await api.send({ path: `/api/now/v2/table/${table}?${asked.toString()}` });
    const page = answeredList(body, "result");
    watch.take(page);
    let last = after;
    for (const row of page) {
      const id = textAt(row, "sys_id") ?? "";
      if (id <= after) continue;
      if (id > last) last = id;
      yield row;
    }
    const total = Number(headers.get("x-total-count") ?? Number.NaN);
    const isLast = Number.isNaN(total) ? page.length < PAGE || last === after : total <= offset + PAGE;
    if (isLast) return;
    // Where the condition on the key is dropped, all pages come again, from the first on.
    if (last !== after) watch.startOver();
    offset = last === after ? offset + PAGE : 0;
    after = last;
  }
}

/** `2026-03-01 10:00:00`, as ServiceNow writes times; a query's are read in the zone of the user who asks. */
const timeText = (at: number): string => new Date(at).toISOString().slice(0, 19).replace("T", " ");

/** As `rows`, but where there is a cache only what has changed is asked for. */
function changedRows(
  api: ForeignApi,
  { table, fields, query, cache }: { table: string; fields: string; query: string; cache: RowCache | undefined },
): AsyncIterable<Row> {
  return rowsOf(cache, {
    table,
    key: (row) => textAt(row, "sys_id"),
    changedAt: (row) => timeAt(row, "sys_updated_on"),
    overlapMs: ZONE_OVERLAP_MS,
    read: (since) => {
      const changed = since === undefined ? "" : `sys_updated_on>=${timeText(since.at)}`;
      return rows(api, table, fields, [query, changed].filter((part) => part !== "").join("^")) as AsyncIterable<Row>;
    },
  });
}

/** `1 - most critical` … `4 - not critical`. */
function criticalityOf(row: unknown): number | undefined {
  const text = textAt(row, "busines_criticality") ?? textAt(row, "busines_criticity") ?? "";
  const digit = /^\D*([1-4])/.exec(text)?.[1];
  return digit === undefined ? undefined : Number(digit);
}

const value = (row: unknown, field: string): string | undefined => textAt(row, field) ?? textAt(row, field, "value");

/** CIs, relations and their types of a ServiceNow CMDB, by the Table API. */
export async function cmdbFromServiceNow(api: ForeignApi, options: ServiceNowOptions = {}): Promise<ForeignCmdb> {
  const draft = new CmdbDraft();
  const { cache, table = "cmdb_ci", query = "" } = options;
  for await (const row of changedRows(api, { table, fields: CI_FIELDS, query, cache })) {
    const key = textAt(row, "sys_id") ?? "";
    const name = textAt(row, "name");
    if (
      GONE_INSTALL.has(textAt(row, "install_status") ?? "") ||
      GONE_OPERATIONAL.has(textAt(row, "operational_status") ?? "")
    ) {
      draft.leave("retired");
      continue;
    }
    const ciClass = textAt(row, "sys_class_name") ?? "cmdb_ci";
    draft.add({
      key,
      name: name ?? "",
      type: typeOfClass(ciClass),
      aliases: [textAt(row, "fqdn"), textAt(row, "ip_address")],
      labels: { servicenow_class: ciClass },
      owner: textAt(row, "support_group.name") ?? textAt(row, "owned_by.name"),
      criticality: criticalityOf(row),
    });
  }
  const types = new Map<string, string>();
  for await (const row of rows(api, "cmdb_rel_type", "sys_id,name", ""))
    types.set(textAt(row, "sys_id") ?? "", textAt(row, "name") ?? "");
  const relations = { table: "cmdb_rel_ci", fields: "sys_id,parent,child,type,sys_updated_on", query: "", cache };
  for await (const row of changedRows(api, relations)) {
    const [parent, child, type] = ["parent", "child", "type"].map((field) => value(row, field) ?? "");
    relate(draft, types.get(type ?? "") ?? "", parent ?? "", child ?? "");
  }
  return draft.finish();
}

function relate(draft: CmdbDraft, type: string, parent: string, child: string): void {
  if (!draft.has(parent) || !draft.has(child)) {
    draft.leave("relationToNothing");
    return;
  }
  const needs = needsOf(type, draft.typeOf(parent), draft.typeOf(child));
  if (needs === undefined) draft.leave(`relationType ${type === "" ? "?" : type}`);
  else if (needs.length === 0) draft.leave("relationWithoutFlow");
  for (const { from, type: ours } of needs ?? [])
    draft.relate(from === "parent" ? parent : child, ours, from === "parent" ? child : parent);
}

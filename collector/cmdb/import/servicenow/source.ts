import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import type { ForeignApi } from "../foreign-api.ts";
import { at, listOf, textAt } from "../foreign-value.ts";
import { typeOfClass } from "./ci-class.ts";
import { needsOf } from "./relation-type.ts";

export interface ServiceNowOptions {
  /** Table to read CIs from: `cmdb_ci`, or a class below it. */
  table?: string;
  /** An encoded query that CIs must meet as well. */
  query?: string;
}

const PAGE = 1000;
const CI_FIELDS =
  "sys_id,name,sys_class_name,fqdn,ip_address,operational_status,install_status,busines_criticality,busines_criticity,support_group.name,owned_by.name";

/** 7 retired, 6 not in use (`operational_status`: 6 retired, 2 not operational stays: it exists). */
const GONE_INSTALL: ReadonlySet<string> = new Set(["7", "8"]);
const GONE_OPERATIONAL: ReadonlySet<string> = new Set(["6"]);

/**
 * All rows of a table, a page at a time by key: large offsets make ServiceNow slow, and rows that come meanwhile shift them.
 * A misspelt or forbidden part of a query is silently dropped by ServiceNow, so what must hold is looked at again here.
 */
async function* rows(api: ForeignApi, table: string, fields: string, query: string): AsyncGenerator {
  for (let after = ""; ; ) {
    const parts = [query, after === "" ? "" : `sys_id>${after}`].filter((part) => part !== "");
    const asked = new URLSearchParams({
      sysparm_query: [...parts, "ORDERBYsys_id"].join("^"),
      sysparm_fields: fields,
      sysparm_limit: String(PAGE),
      sysparm_exclude_reference_link: "true",
      sysparm_no_count: "true",
    });
    const page = listOf(at(await api.get(`/api/now/v2/table/${table}?${asked.toString()}`), "result"));
    let last = after;
    for (const row of page) {
      const id = textAt(row, "sys_id") ?? "";
      if (id <= after) continue;
      if (id > last) last = id;
      yield row;
    }
    if (page.length < PAGE || last === after) return;
    after = last;
  }
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
  for await (const row of rows(api, options.table ?? "cmdb_ci", CI_FIELDS, options.query ?? "")) {
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
  for await (const row of rows(api, "cmdb_rel_ci", "sys_id,parent,child,type", "")) {
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

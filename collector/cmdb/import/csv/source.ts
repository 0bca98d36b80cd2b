import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import { ForeignFault } from "../foreign-api.ts";
import { type CsvRecord, readCsv } from "./csv.ts";

/** A file as the operator named it. */
export interface CsvFile {
  name: string;
  text: string;
}

/** The header has to name all of `required`, and one of `either`: a file of something else would be an empty CMDB. */
function records({ name, text }: CsvFile, required: readonly string[], either: readonly string[] = []): CsvRecord[] {
  const reading = readCsv(text);
  if (!reading.ok) throw new ForeignFault(`${name}:${reading.line}: ${reading.message}`);
  const { columns } = reading;
  const lacks = required.filter((column) => !columns.includes(column));
  if (either.length > 0 && !either.some((column) => columns.includes(column))) lacks.push(either.join(" or "));
  if (lacks.length > 0)
    throw new ForeignFault(`${name}:1: the header has no column ${lacks.join(", ")}; it has ${columns.join(", ")}`);
  for (const { line, fields } of reading.records)
    for (const column of required)
      if (fields[column] === undefined) throw new ForeignFault(`${name}:${line}: the column "${column}" is empty`);
  return reading.records;
}

const split = (text: string | undefined): string[] => (text ?? "").split(/[;|]/).map((part) => part.trim());

function numberOf(record: CsvRecord, column: string, file: string): number | undefined {
  const text = record.fields[column];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value))
    throw new ForeignFault(`${file}:${record.line}: "${column}" is no whole number: ${text}`);
  return value;
}

/**
 * CIs with the columns `id` or `name`, `type`, `aliases` (separated by `;`), `owner`, `criticality`, `minhealthy`, and
 * `label.…`; relations with `from`, `type`, `to` and `confidence`, where `from` needs `to`. Throws `ForeignFault` with the
 * line of what is wrong.
 */
export function cmdbFromCsv(cis: CsvFile, relations: CsvFile | undefined): ForeignCmdb {
  const draft = new CmdbDraft();
  for (const record of records(cis, [], ["id", "name"])) {
    const { fields } = record;
    const name = fields["name"] ?? fields["id"];
    if (name === undefined) throw new ForeignFault(`${cis.name}:${record.line}: a CI needs an id or a name`);
    draft.add({
      key: fields["id"] ?? name,
      id: fields["id"],
      type: fields["type"] ?? "host",
      name,
      aliases: split(fields["aliases"]),
      labels: Object.fromEntries(
        Object.entries(fields).flatMap(([column, value]) =>
          column.startsWith("label.") ? [[column.slice(6), value]] : [],
        ),
      ),
      owner: fields["owner"],
      criticality: numberOf(record, "criticality", cis.name),
      minHealthy: numberOf(record, "minhealthy", cis.name),
    });
  }
  for (const { line, fields } of relations === undefined ? [] : records(relations, ["from", "type", "to"])) {
    const { from = "", type = "", to = "", confidence } = fields;
    const weight = confidence === undefined ? 1 : Number(confidence);
    if (!(weight >= 0 && weight <= 1))
      throw new ForeignFault(`${relations?.name ?? ""}:${line}: "confidence" takes a number from 0 to 1`);
    draft.relate(from, type, to, weight);
  }
  return draft.finish();
}

/** One record of a CSV file by the names of its header, and the line on which it begins. */
export interface CsvRecord {
  line: number;
  fields: Readonly<Record<string, string>>;
}

/** `columns` as the header names them, in lower case. */
export type CsvReading =
  | { ok: true; columns: string[]; records: CsvRecord[] }
  | { ok: false; line: number; message: string };

/**
 * Reads RFC 4180: quotes, doubled quotes and line ends within quotes; commas, semicolons or tabs, whichever the header has
 * most of. Names of columns are compared without regard to case; `__proto__` and empty ones are left out.
 */
export function readCsv(text: string): CsvReading {
  const plain = text.startsWith("\ufeff") ? text.slice(1) : text;
  const separator = separatorOf(plain.split(/\r?\n/, 1)[0] ?? "");
  const rows = cells(plain, separator);
  if (!Array.isArray(rows)) return { ok: false, ...rows };
  const [header, ...rest] = rows;
  if (header === undefined) return { ok: false, line: 1, message: "the file is empty" };
  const names = header.cells.map((name) => name.trim().toLowerCase());
  const records: CsvRecord[] = [];
  for (const { line, cells: values } of rest) {
    if (values.length === 1 && values[0]?.trim() === "") continue;
    if (values.length > names.length)
      return { ok: false, line, message: `${values.length} fields, but the header has ${names.length}` };
    const fields: Record<string, string> = {};
    names.forEach((name, index) => {
      const value = values[index]?.trim() ?? "";
      if (name !== "" && name !== "__proto__" && value !== "") fields[name] = value;
    });
    records.push({ line, fields });
  }
  return { ok: true, columns: names, records };
}

function separatorOf(header: string): string {
  const count = (separator: string): number => header.split(separator).length;
  return [",", ";", "\t"].reduce((best, one) => (count(one) > count(best) ? one : best));
}

interface Row {
  line: number;
  cells: string[];
}

function cells(text: string, separator: string): Row[] | { line: number; message: string } {
  const rows: Row[] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  let line = 1;
  let rowLine = 1;
  let quoteLine = 1;
  const endRow = (): void => {
    rows.push({ line: rowLine, cells: [...row, cell] });
    row = [];
    cell = "";
    rowLine = line;
  };
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] ?? "";
    if (char === "\n") line += 1;
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (char === '"' && cell.trim() === "") {
      quoted = true;
      quoteLine = line;
      cell = "";
    } else if (char === separator) {
      row.push(cell);
      cell = "";
    } else if (char === "\n") endRow();
    else if (char !== "\r") cell += char;
  }
  if (quoted) return { line: quoteLine, message: "a quote is never closed" };
  if (cell !== "" || row.length > 0) endRow();
  return rows;
}

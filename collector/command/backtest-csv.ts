/** A row of a series' file. */
export interface Row {
  /** As they stand in the file. */
  timestamp: string;
  value: string;
  /** Milliseconds since 1970; NaN where it is not a time. */
  at: number;
  /** NaN where it is not a number. */
  number: number;
}

/** Where the columns are; found in the first line. */
export interface Columns {
  timestamp: number;
  value: number;
  /** False: the first line is a row already. */
  isHeader: boolean;
}

const TIMESTAMP = ["timestamp", "time", "date", "datetime", "ds", "at"];
const VALUE = ["value", "y", "v"];

/** The columns by the names of the first line; two unnamed columns are time and value. undefined = not such a file. */
export function findColumns(line: string): Columns | undefined {
  const cells = splitCsv(line).map((cell) => cell.trim().toLowerCase());
  const timestamp = cells.findIndex((cell) => TIMESTAMP.includes(cell));
  const value = cells.findIndex((cell) => VALUE.includes(cell));
  if (timestamp !== -1 && value !== -1) return { timestamp, value, isHeader: true };
  const isData =
    cells.length >= 2 && !Number.isNaN(parseTime(cells[0] ?? "")) && !Number.isNaN(parseNumber(cells[1] ?? ""));
  return isData ? { timestamp: 0, value: 1, isHeader: false } : undefined;
}

export function readRow(line: string, columns: Columns): Row {
  const cells = splitCsv(line);
  const timestamp = cells[columns.timestamp] ?? "";
  const value = cells[columns.value] ?? "";
  return { timestamp, value, at: parseTime(timestamp.trim()), number: parseNumber(value.trim()) };
}

function parseNumber(text: string): number {
  return text === "" ? Number.NaN : Number(text);
}

/** RFC 3339, `2014-02-14 14:30:00` (UTC), or seconds or milliseconds since 1970. NaN where it is none. */
export function parseTime(text: string): number {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return Date.parse(`${text}T00:00:00Z`);
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/i.exec(text);
  if (match !== null) {
    const [, day = "", minute = "", second = ":00", zone = "Z"] = match;
    return Date.parse(`${day}T${minute}${second.replace(/(\.\d{3})\d+$/, "$1")}${zone.toUpperCase()}`);
  }
  if (!/^-?\d{1,17}(\.\d+)?$/.test(text)) return Number.NaN;
  const number = Number(text);
  return Math.abs(number) < 1e11 ? number * 1000 : number;
}

/** Cells of one line; a cell in double quotes may hold commas and doubled quotes. */
export function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  const cells: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index] as string;
    if (isQuoted && character === '"' && line[index + 1] === '"') {
      cell += '"';
      index += 1;
    } else if (character === '"') isQuoted = !isQuoted;
    else if (character === "," && !isQuoted) {
      cells.push(cell);
      cell = "";
    } else cell += character;
  }
  cells.push(cell);
  return cells;
}

/** A cell as it must be written. */
export function csvCell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

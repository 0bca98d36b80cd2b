import { cut } from "../ingest/field.ts";

const COLOURS = { red: 31, yellow: 33, green: 32, cyan: 36, grey: 90, bold: 1 } as const;

/** Paints only where a terminal shows it. */
export function paint(text: string, colour: keyof typeof COLOURS, isTerminal: boolean): string {
  return isTerminal ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
}

/** Telemetry is hostile: control characters could drive the reader's terminal. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- taking them out is the point
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, " ");
}

/** Characters of a sentence that are shown; a source may send pages, and `--json` has all of it. */
const LINE_SHOWN = 300;
/** The same of a cell. */
const CELL_SHOWN = 120;

function shortened(text: string, lengthMax: number): string {
  const clean = printable(text);
  return clean.length <= lengthMax ? clean : `${cut(clean, lengthMax - 1)}…`;
}

/** A text from outside as one line that a person reads. */
export function oneLine(text: string, lengthMax: number = LINE_SHOWN): string {
  return shortened(text, lengthMax);
}

/** Left-aligned columns, two spaces apart; the last column is not padded. Cells are made printable, and long ones are cut. */
export function table(header: string[], rows: string[][]): string {
  const clean = [header, ...rows.map((row) => row.map((cell) => shortened(cell, CELL_SHOWN)))];
  const widths = header.map((_, column) => Math.max(...clean.map((row) => row[column]?.length ?? 0)));
  return (
    clean
      .map((row) =>
        row
          .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
          .join("  ")
          .trimEnd(),
      )
      .join("\n") + "\n"
  );
}

const SEVERITY_COLOURS = new Map<string, keyof typeof COLOURS>([
  ["critical", "red"],
  ["P1", "red"],
  ["major", "yellow"],
  ["P2", "yellow"],
]);

/** A table of `table` for a terminal: its first line bold, and the first word of each line that says how bad it is in its colour. */
export function painted(text: string, isTerminal: boolean): string {
  if (!isTerminal) return text;
  const [header = "", ...lines] = text.split("\n");
  const rows = lines.map((line) =>
    line.replace(/(?<= {2})(?:critical|major|P1|P2)(?= {2})/, (word) => paint(word, SEVERITY_COLOURS.get(word)!, true)),
  );
  return [paint(header, "bold", true), ...rows].join("\n");
}

/** `1 page`, `2 pages` */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** "4 s", "12 min", "3 h", "2 d": how long ago, short enough for a phone. */
export function age(fromMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - fromMs) / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

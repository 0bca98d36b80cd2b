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

/** Left-aligned columns, two spaces apart; the last column is not padded. Cells are made printable. */
export function table(header: string[], rows: string[][]): string {
  const clean = [header, ...rows.map((row) => row.map(printable))];
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

import { paint } from "./table.ts";

const BARS = " ▁▂▃▄▅▆▇█";
const ROWS = 8;
/** Columns of the chart; twice as many buckets are kept, and halved when they are full. */
const COLUMNS = 72;

interface Bucket {
  low: number;
  high: number;
  worst: number;
}

/** A chart that is drawn from a stream: whatever its length, at most 144 buckets are kept. */
export class BacktestChart {
  #buckets: Bucket[] = [];
  #perBucket = 1;
  #inLast = 0;

  /** @param mark 0…1: how bad the row is; shown below the curve. */
  add(value: number, mark: number): void {
    if (!Number.isFinite(value)) return;
    const last = this.#buckets.at(-1);
    if (last !== undefined && this.#inLast < this.#perBucket) {
      last.low = Math.min(last.low, value);
      last.high = Math.max(last.high, value);
      last.worst = Math.max(last.worst, mark);
      this.#inLast += 1;
      return;
    }
    if (this.#buckets.length === 2 * COLUMNS) this.#halve();
    this.#buckets.push({ low: value, high: value, worst: mark });
    this.#inLast = 1;
  }

  #halve(): void {
    const halved: Bucket[] = [];
    for (let index = 0; index < this.#buckets.length; index += 2) {
      halved.push(merge(this.#buckets.slice(index, index + 2)));
    }
    this.#buckets = halved;
    this.#perBucket *= 2;
  }

  /** Lines of text: the curve with its range, and a line of marks (`·` noticeable, `▲` anomaly or firing). */
  draw(isTerminal: boolean): string {
    const columns = this.#columns();
    if (columns.length === 0) return "  (no values)\n";
    const low = Math.min(...columns.map((column) => column.low));
    const high = Math.max(...columns.map((column) => column.high));
    const height = (value: number): number => (high === low ? 0.5 : (value - low) / (high - low)) * ROWS;
    const lines: string[] = [];
    for (let row = ROWS - 1; row >= 0; row -= 1) {
      const cells = columns.map((column) => {
        const bar = BARS[Math.max(0, Math.min(8, Math.ceil((height(column.high) - row) * 8)))] ?? " ";
        return column.worst >= 0.9 ? paint(bar, "red", isTerminal && bar !== " ") : bar;
      });
      const label = row === ROWS - 1 ? short(high) : row === 0 ? short(low) : "";
      lines.push(`${label.padStart(9)} │${cells.join("")}`);
    }
    const marks = columns.map((column) =>
      column.worst >= 0.9 ? paint("▲", "red", isTerminal) : column.worst >= 0.5 ? "·" : " ",
    );
    lines.push(`${"".padStart(9)} └${marks.join("")}`, "");
    return lines.join("\n");
  }

  #columns(): Bucket[] {
    const size = Math.max(1, Math.ceil(this.#buckets.length / COLUMNS));
    const columns: Bucket[] = [];
    for (let index = 0; index < this.#buckets.length; index += size)
      columns.push(merge(this.#buckets.slice(index, index + size)));
    return columns;
  }
}

function merge(buckets: readonly Bucket[]): Bucket {
  return {
    low: Math.min(...buckets.map((bucket) => bucket.low)),
    high: Math.max(...buckets.map((bucket) => bucket.high)),
    worst: Math.max(...buckets.map((bucket) => bucket.worst)),
  };
}

function short(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e6 || size < 1e-3) ? value.toExponential(1) : String(Number(value.toPrecision(4)));
}

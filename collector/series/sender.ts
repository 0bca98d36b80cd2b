import type { Milliseconds, UnixMillis } from "../core/model/time.ts";
import type { Exemplar, Sample } from "../../protocol/sample.ts";
import type { SeriesIdentity } from "../port/samples.ts";
import type { HistoryRing } from "./history.ts";
import { hasShape, type SeriesShape, type ShapeTable } from "./series-shape.ts";

const WALK_MAX = 1000;

/** The columns of a sender's series at one time. Columns are appended to or replaced, never moved in place. */
export interface SeriesColumns {
  shapes: readonly SeriesShape[];
  values: Float64Array;
  /** Time of the newest sample, the sampler's clock but never after its receipt. */
  sampledAt: Float64Array;
  /** When it was last heard, our clock. */
  seenAt: Float64Array;
  /** By position, sparse; shorter than the others where the last have none. */
  exemplars: readonly (Exemplar | undefined)[];
}

/**
 * The series of one sender (a CI, a protocol, and resource labels). Three numbers and a pointer a series: most senders send
 * the same series in the same order each time, so the next sample is first compared with the next series.
 */
export class Sender {
  readonly ci: string;
  readonly source: string;
  /** `ci="web-01",service_name="shop"`: ends each of its lines. */
  readonly labelText: string;
  intervalMs: Milliseconds | undefined;
  heardAt: UnixMillis = 0;
  /** Since when its limit has refused series; null = it has not, for a while. */
  limitedAt: UnixMillis | null = null;
  /** Changes when the set of series does. */
  version = 0;
  private readonly table: ShapeTable;
  private shapes: SeriesShape[] = [];
  private values = new Float64Array(0);
  private sampledAt = new Float64Array(0);
  private seenAt = new Float64Array(0);
  private rings: (HistoryRing | undefined)[] = [];
  private exemplars: (Exemplar | undefined)[] = [];
  private positions: Map<SeriesShape, number> | null = null;
  private cursor = 0;

  constructor(identity: { ci: string; source: string; labelText: string }, table: ShapeTable) {
    this.ci = identity.ci;
    this.source = identity.source;
    this.labelText = identity.labelText;
    this.table = table;
  }

  get size(): number {
    return this.shapes.length;
  }

  columns(): SeriesColumns {
    return {
      shapes: this.shapes,
      values: this.values,
      sampledAt: this.sampledAt,
      seenAt: this.seenAt,
      exemplars: this.exemplars,
    };
  }

  /** The position of the sample's series, -1 when the sender has none. */
  find(sample: SeriesIdentity): number {
    const expected = this.shapes[this.cursor];
    if (expected !== undefined && hasShape(sample, expected)) return this.cursor++;
    const first = this.shapes[0];
    if (first !== undefined && hasShape(sample, first)) {
      this.cursor = 1;
      return 0;
    }
    const shape = this.table.find(sample);
    if (shape === undefined) return -1;
    const position = this.positionOf(shape);
    this.cursor = position + 1;
    return position;
  }

  add(sample: Sample, help: string | undefined): number {
    const shape = this.table.obtain(sample, help);
    shape.holders += 1;
    const position = this.shapes.push(shape) - 1;
    if (position >= this.values.length) this.grow(Math.max(16, Math.ceil(position * 1.5)));
    this.values[position] = Number.NaN;
    this.positions?.set(shape, position);
    this.cursor = position + 1;
    this.version += 1;
    return position;
  }

  /** How many of its series have this metric name. Costs a walk over all. */
  countOf(name: string): number {
    let count = 0;
    for (const shape of this.shapes) if (shape.name === name) count += 1;
    return count;
  }

  set(position: number, value: number, sampledAt: UnixMillis, seenAt: UnixMillis): void {
    this.values[position] = value;
    this.sampledAt[position] = sampledAt;
    this.seenAt[position] = seenAt;
  }

  /** The series has ended: it goes at the next sweep and is not shown until then. */
  end(position: number): void {
    this.seenAt[position] = 0;
  }

  ring(position: number): HistoryRing | undefined {
    return this.rings[position];
  }

  keepHistory(position: number, ring: HistoryRing): void {
    this.rings[position] = ring;
  }

  /** True where the series had none before. */
  keepExemplar(position: number, exemplar: Exemplar): boolean {
    const isFirst = this.exemplars[position] === undefined;
    this.exemplars[position] = exemplar;
    return isFirst;
  }

  exemplar(position: number): Exemplar | undefined {
    return this.exemplars[position];
  }

  touch(position: number, seenAt: UnixMillis): void {
    this.seenAt[position] = seenAt;
  }

  value(position: number): number {
    return this.values[position]!;
  }

  lastSampledAt(position: number): UnixMillis {
    return this.sampledAt[position]!;
  }

  /** Removes what was not seen since `before`. Returns how many series, rings of history and exemplars went. */
  removeStale(before: UnixMillis): { series: number; rings: number; exemplars: number } {
    const kept: number[] = [];
    const gone = { series: 0, rings: 0, exemplars: 0 };
    for (let position = 0; position < this.shapes.length; position++) {
      if (this.seenAt[position]! >= before) kept.push(position);
      else {
        this.table.release(this.shapes[position]!);
        gone.series += 1;
        if (this.rings[position] !== undefined) gone.rings += 1;
        if (this.exemplars[position] !== undefined) gone.exemplars += 1;
      }
    }
    if (gone.series === 0) return gone;
    // New columns: an exposition that is under way still reads the old ones.
    const pick = (column: Float64Array): Float64Array<ArrayBuffer> =>
      Float64Array.from(kept, (position) => column[position]!);
    const { shapes, rings, exemplars } = this;
    this.shapes = kept.map((position) => shapes[position]!);
    this.rings = rings.length === 0 ? rings : kept.map((position) => rings[position]);
    this.exemplars = exemplars.length === 0 ? exemplars : kept.map((position) => exemplars[position]);
    this.values = pick(this.values);
    this.sampledAt = pick(this.sampledAt);
    this.seenAt = pick(this.seenAt);
    this.positions = null;
    this.cursor = 0;
    this.version += 1;
    return gone;
  }

  /** A walk over pointers is cheaper than an index, in time and far more in memory, until there are very many. */
  private positionOf(shape: SeriesShape): number {
    if (this.shapes.length <= WALK_MAX) return this.shapes.indexOf(shape);
    this.positions ??= new Map(this.shapes.map((each, position) => [each, position]));
    return this.positions.get(shape) ?? -1;
  }

  private grow(size: number): void {
    const wider = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const next = new Float64Array(size);
      next.set(column);
      return next;
    };
    this.values = wider(this.values);
    this.sampledAt = wider(this.sampledAt);
    this.seenAt = wider(this.seenAt);
  }
}

import type { HostFiles } from "./host-files.ts";
import type { SeriesTable } from "./series-table.ts";

/** One source of series: reads something of the host and sets its series. */
export interface Collector {
  /** Stable, in metrics and configuration (`sample: { disable: [raid] }`). */
  readonly name: string;
  /**
   * It need not run more often than this; 0 = at each sample. Not above 20 s: a collector takes a series for gone that was
   * silent for 30 s or five intervals.
   */
  readonly everyMs: number;
  /**
   * Cheap and synchronous, no child process. `at` is the sample's time. Slow sources start their work here and set their
   * series when it is done, with the time at which it was. A throw disables this collector for a while, and no other.
   */
  sample(at: number): void;
}

/** What a collector is made from. */
export interface CollectorContext {
  files: HostFiles;
  table: SeriesTable;
}

import type { CmdbDocument } from "../core/model/ci.ts";
import type { Clock } from "../port/clock.ts";
import type { Log } from "../port/telemetry.ts";
import { fileForm } from "./file-form.ts";
import { DECLARED, EMPTY_DOCUMENT, readSource, RETIRED } from "./source.ts";
import type { SourceStore } from "./source-store.ts";

/** CIs that are gone at their source while an open incident speaks of them: kept over a restart. */
export class RetiredStore {
  private readonly store: SourceStore;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(store: SourceStore, { clock, log }: { clock: Clock; log: Log }) {
    this.store = store;
    this.clock = clock;
    this.log = log;
  }

  async open(sizeMaxBytes: number): Promise<CmdbDocument> {
    const stored = await this.store.read(RETIRED);
    if (stored === undefined) return EMPTY_DOCUMENT;
    const read = { file: RETIRED, text: stored.text, source: DECLARED, observedAt: null, sizeMaxBytes };
    const result = await readSource(read, []);
    return result.status === "read" ? result.document : EMPTY_DOCUMENT;
  }

  /** Failing to is logged, and no reason to stop. */
  async keep(document: CmdbDocument): Promise<void> {
    const meta = { name: RETIRED, observed: false, storedAt: this.clock.now(), file: RETIRED };
    try {
      await (await this.store.prepare(RETIRED, meta, { text: JSON.stringify(fileForm(document)) })).commit();
    } catch (error) {
      this.log.warn("retired configuration items could not be kept", {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

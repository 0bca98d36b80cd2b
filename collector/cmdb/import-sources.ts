import type { CmdbImportRequest } from "../port/cmdb.ts";
import type { Log } from "../port/telemetry.ts";
import { DECLARED, importKey, isSourceName, type LoadedSource, OBSERVED, readSource } from "./source.ts";
import type { PreparedSource, SourceStore } from "./source-store.ts";

const IMPORTS_MAX = 64;

/** Why there can be no import of this name. */
export interface ImportRefusal {
  code: "badSource" | "ownedByFile" | "tooManySources";
  message: string;
}

/** What was imported, kept in the data directory: a restart reads it again. */
export class ImportSources {
  private readonly store: SourceStore;
  private readonly log: Log;

  constructor(store: SourceStore, log: Log) {
    this.store = store;
    this.log = log;
  }

  /** What is kept, in order of names. What is damaged is logged and left out. */
  async open(sizeMaxBytes: number): Promise<LoadedSource[]> {
    const sources: LoadedSource[] = [];
    for (const key of await this.store.keys(importKey(""))) {
      const source = await this.openOne(key, sources, sizeMaxBytes);
      if (source !== undefined) sources.push(source);
    }
    return sources;
  }

  private async openOne(
    key: string,
    others: readonly LoadedSource[],
    sizeMaxBytes: number,
  ): Promise<LoadedSource | undefined> {
    const stored = await this.store.read(key);
    if (stored === undefined) {
      this.log.error("a stored CMDB import is damaged and left out", { key });
      return undefined;
    }
    const { name, observed, storedAt, file } = stored.meta;
    const observedAt = observed ? storedAt : null;
    const result = await readSource({ file, text: stored.text, source: name, observedAt, sizeMaxBytes }, others);
    if (result.status === "broken") {
      this.log.error("a stored CMDB import cannot be read and is left out", { source: name });
      return undefined;
    }
    const { document, findings } = result;
    return { name, kind: "import", observed, document, loadedAt: storedAt, findings };
  }

  /**
   * What an import said last time, where it says the same again: it is not read, merged, journaled and given to the core once
   * more. What machines saw is, for it was seen anew; so is what named CIs that nobody had declared then.
   */
  async sameAsBefore(
    { observed, text }: Pick<CmdbImportRequest, "observed" | "text">,
    before: LoadedSource | undefined,
  ): Promise<LoadedSource | undefined> {
    if (before === undefined || observed || before.observed) return undefined;
    if (before.findings.some(({ code }) => code === "CMDB_DANGLING")) return undefined;
    const stored = await this.store.read(importKey(before.name));
    return stored?.text === text ? before : undefined;
  }

  /** Throws when the disk does not take it. */
  prepare(
    { name, observed, loadedAt }: LoadedSource,
    { text, file }: { text: string; file: string },
  ): Promise<PreparedSource> {
    return this.store.prepare(importKey(name), { name, observed, storedAt: loadedAt, file }, { text });
  }
}

/** Whether the name of a source may be an import's. */
export function importRefusal(source: string, imports: readonly LoadedSource[]): ImportRefusal | undefined {
  if (!isSourceName(source))
    return {
      code: "badSource",
      message: `a source's name has lower-case letters, digits, "-", "_" and ".", at most 64`,
    };
  if (source === OBSERVED)
    return {
      code: "ownedByFile",
      message: `"${source}" is the name of what agents see: give this import another`,
    };
  if (source === DECLARED)
    return {
      code: "ownedByFile",
      message: `"${source}" is the name of the configured files: give this import another`,
    };
  if (imports.length >= IMPORTS_MAX && !imports.some(({ name }) => name === source))
    return { code: "tooManySources", message: `there are ${IMPORTS_MAX} sources already` };
  return undefined;
}

import { stat } from "node:fs/promises";
import { type Finding, findingPlace } from "../../protocol/finding.ts";
import { fileMark } from "../config/document/file-watch.ts";
import type { Clock } from "../port/clock.ts";
import type { Log } from "../port/telemetry.ts";
import { DECLARED, fileKey, type LoadedSource, readSource } from "./source.ts";
import type { SourceStore } from "./source-store.ts";

export interface FileSourcesOptions {
  store: SourceStore;
  clock: Clock;
  log: Log;
}

export interface FilesRead {
  /** In the order asked for; a file with errors gives what it said before, if it ever said anything. */
  sources: LoadedSource[];
  findings: Finding[];
  /** Files whose new content was taken. */
  good: string[];
  faults: FileFault[];
}

/** What is wrong with one file, and what became of it. */
export interface FileFault {
  /** `stays`: what it said before is used. */
  fate: "used" | "stays" | "leftOut";
  findings: readonly Finding[];
}

/** Reads the CMDB's files. A file with errors never replaces what it said before, not even over a restart. */
export class FileSources {
  /** Of each file when it was last read. */
  readonly marks = new Map<string, string>();
  private readonly options: FileSourcesOptions;

  constructor(options: FileSourcesOptions) {
    this.options = options;
  }

  /** @param before what the files said last; @param others sources that are no files, and come from elsewhere. */
  async read(
    files: readonly string[],
    before: readonly LoadedSource[],
    others: readonly LoadedSource[],
    sizeMaxBytes: number,
  ): Promise<FilesRead> {
    const read: FilesRead = { sources: [], findings: [], good: [], faults: [] };
    for (const file of files) {
      const neighbours = files.flatMap((name) => (name === file ? [] : this.newest(name, read.sources, before)));
      this.marks.set(file, await fileMark(file));
      const result = await this.readOne(file, null, [...neighbours, ...others], sizeMaxBytes);
      if (result.status === "read") {
        read.good.push(file);
        read.findings.push(...result.findings);
        read.faults.push({ fate: "used", findings: result.findings });
        read.sources.push(this.loaded(file, result.document, result.findings, this.options.clock.now()));
        continue;
      }
      const old = before.find(({ name }) => name === file) ?? (await this.lastGood(file, others, sizeMaxBytes));
      if (old !== undefined) read.sources.push({ ...old, findings: result.findings });
      read.faults.push({ fate: old === undefined ? "leftOut" : "stays", findings: result.findings });
      // With something to work on it is no reason not to start.
      read.findings.push(...(old === undefined ? result.findings : result.findings.map(asWarning)));
    }
    return read;
  }

  /** Logs what is wrong with the files: of one that is not used its first error, and how many there are. */
  tell(faults: readonly FileFault[]): void {
    const { log } = this.options;
    for (const { fate, findings } of faults) {
      if (fate === "leftOut") log.error("a CMDB file has errors and is left out", told(findings));
      else if (fate === "stays") log.error("a CMDB file has errors; what it said before stays in use", told(findings));
      else
        for (const { message, file, line, hint } of findings)
          log.warn("the CMDB has a doubtful entry", { file, line, found: message, hint });
    }
  }

  /** For the next start, should the file be broken then. Failing to is no reason to stop. */
  async keepGood(files: readonly string[]): Promise<void> {
    const { store, clock } = this.options;
    for (const file of files)
      try {
        const { size, mtimeMs } = await stat(file);
        const mark = `${size} ${mtimeMs}`;
        if ((await store.meta(fileKey(file)))?.mark === mark) continue;
        const meta = { name: file, observed: false, storedAt: clock.now(), file, mark };
        await (await store.prepare(fileKey(file), meta, { copyOf: file })).commit();
      } catch (error) {
        this.options.log.warn("the last good content of a CMDB file could not be kept", {
          file,
          reason: error instanceof Error ? error.message : String(error),
        });
      }
  }

  private newest(name: string, now: readonly LoadedSource[], before: readonly LoadedSource[]): LoadedSource[] {
    const found = now.find((source) => source.name === name) ?? before.find((source) => source.name === name);
    return found === undefined ? [] : [found];
  }

  private readOne(file: string, text: string | null, others: readonly LoadedSource[], sizeMaxBytes: number) {
    return readSource({ file, text, source: DECLARED, observedAt: null, sizeMaxBytes }, others);
  }

  private async lastGood(
    file: string,
    others: readonly LoadedSource[],
    sizeMaxBytes: number,
  ): Promise<LoadedSource | undefined> {
    const stored = await this.options.store.read(fileKey(file));
    if (stored === undefined) return undefined;
    const result = await this.readOne(file, stored.text, others, sizeMaxBytes);
    return result.status === "read" ? this.loaded(file, result.document, [], stored.meta.storedAt) : undefined;
  }

  private loaded(
    name: string,
    document: LoadedSource["document"],
    findings: Finding[],
    loadedAt: number,
  ): LoadedSource {
    return { name, kind: "file", observed: false, document, loadedAt, findings };
  }
}

const asWarning = (finding: Finding): Finding => ({ ...finding, severity: "warning" });

/** The first error, for a log line. */
function told(findings: readonly Finding[]): Record<string, unknown> {
  const errors = findings.filter(({ severity }) => severity === "error");
  const [first] = errors;
  return {
    errors: errors.length,
    ...(first === undefined
      ? {}
      : { place: findingPlace(first), code: first.code, found: first.message, hint: first.hint }),
  };
}

import { type FSWatcher, type Stats, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Clock } from "../../port/clock.ts";

export interface FileWatchOptions {
  clock: Clock;
  /** Called after the files have been quiet for `quietMs`; whether their content has changed is for the caller to see. */
  onChange: () => void;
  /** Why changes may be noticed later than they could be. */
  onTrouble: (message: string) => void;
  /** What `fileMark` said of files before they were read: one that has changed since then is told at once. */
  marks?: ReadonlyMap<string, string>;
  quietMs?: number;
  pollMs?: number;
}

/** By which a file is known not to have changed; empty where there is none. Take it before reading. */
export async function fileMark(file: string): Promise<string> {
  const found: Stats | undefined = await stat(file).catch(() => undefined);
  return found === undefined ? "" : `${found.ino} ${found.size} ${found.mtimeMs}`;
}

const QUIET_MS = 300;
const POLL_MS = 10_000;

/**
 * Notices that files have changed, been replaced by a rename, or come into being. It listens at their folders, because
 * editors and deployment tools replace files, and looks at them from time to time too, because not every file system
 * tells (network shares, mounted secrets).
 */
export class FileWatch {
  private readonly watchers: FSWatcher[] = [];
  private readonly files: readonly string[];
  private readonly options: FileWatchOptions;
  private readonly seen = new Map<string, string>();
  private cancelQuiet: (() => void) | undefined;
  private cancelPoll: (() => void) | undefined;
  private closed = false;

  constructor(files: readonly string[], options: FileWatchOptions) {
    this.files = files;
    this.options = options;
    for (const [file, mark] of options.marks ?? []) this.seen.set(file, mark);
    for (const folder of new Set(files.map((file) => dirname(file)))) this.listen(folder);
    void this.poll(true);
  }

  close(): void {
    this.closed = true;
    this.cancelQuiet?.();
    this.cancelPoll?.();
    for (const watcher of this.watchers) watcher.close();
  }

  private listen(folder: string): void {
    const names = new Set(this.files.filter((file) => dirname(file) === folder).map((file) => basename(file)));
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        // A mounted Kubernetes volume changes by turning its link `..data`.
        if (name === null || names.has(name) || name.startsWith("..data")) this.touched();
      });
      watcher.on("error", (error) =>
        this.options.onTrouble(`${folder} is only looked at from time to time: ${error.message}`),
      );
      this.watchers.push(watcher);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.options.onTrouble(`${folder} is only looked at from time to time: ${reason}`);
    }
  }

  private touched(): void {
    if (this.closed) return;
    this.cancelQuiet?.();
    this.cancelQuiet = this.options.clock.after(this.options.quietMs ?? QUIET_MS, () => void this.tell());
  }

  /** What was heard of need not be found by looking too. */
  private async tell(): Promise<void> {
    await this.look(false);
    if (!this.closed) this.options.onChange();
  }

  private async poll(first: boolean): Promise<void> {
    const changed = await this.look(first);
    if (this.closed) return;
    if (changed) this.touched();
    this.cancelPoll = this.options.clock.after(this.options.pollMs ?? POLL_MS, () => void this.poll(false));
  }
  /** @param first a file of which there is no mark yet has not changed. @returns whether one has since the last look. */
  private async look(first: boolean): Promise<boolean> {
    let changed = false;
    for (const file of this.files) {
      const mark = await fileMark(file);
      const before = this.seen.get(file);
      if (before !== mark && !(first && before === undefined)) changed = true;
      this.seen.set(file, mark);
    }
    return changed;
  }
}

import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { globMatches } from "../../rules/detect/glob.ts";
import type { LogWatch } from "../config/agent-config.ts";
import { readState, writeState } from "../spool/state-file.ts";
import type { Watch, WatchContext } from "./check.ts";
import { Hits } from "./hits.ts";
import { LineReader } from "./line-reader.ts";
import { type FilePlace, LogFile, type LogFileLimits } from "./log-file.ts";
import { compilePattern, type Matcher } from "./pattern.ts";

/** Ten thousand ordinary lines a round; and after a long pause a minute of it at the most. */
const LIMITS: LogFileLimits = { roundBytes: 1024 * 1024, backlogBytes: 16 * 1024 * 1024 };
/** Files of one wildcard; the newest names first. */
const FILES_MAX = 32;

interface Followed {
  file: LogFile;
  lines: LineReader;
}

/** One configured log: its files, its pattern, and when what was seen. */
class WatchedLog {
  readonly #watch: LogWatch;
  readonly #matchers: { wanted: Matcher; excluded: Matcher | null; start: Matcher | null };
  readonly #context: WatchContext;
  readonly #hits: Hits;
  readonly #files = new Map<string, Followed>();
  readonly #places: Record<string, FilePlace>;
  #busy = false;
  #first = true;
  /** When the round under way is done. */
  settled: Promise<void> = Promise.resolve();

  constructor(
    context: WatchContext,
    watch: LogWatch,
    matchers: { wanted: Matcher; excluded: Matcher | null; start: Matcher | null },
    places: Record<string, FilePlace>,
  ) {
    this.#context = context;
    this.#watch = watch;
    this.#matchers = matchers;
    this.#places = places;
    this.#hits = new Hits(context, "log_match", watch);
  }

  tick(at: number): void {
    this.#hits.judge(at);
    if (this.#busy) return;
    this.#busy = true;
    this.settled = this.#round().then(
      () => {
        this.#busy = false;
      },
      (error: unknown) => {
        this.#busy = false;
        this.#hits.unknown(String(error), this.#context.clock.now());
      },
    );
  }

  async #round(): Promise<void> {
    const paths = this.#paths();
    for (const path of paths) await this.#follow(path);
    for (const [path, { file }] of this.#files) {
      if (paths.includes(path)) continue;
      await file.close();
      this.#files.delete(path);
      delete this.#places[path];
    }
    this.#first = false;
    this.#hits.judge(this.#context.clock.now());
  }

  async #follow(path: string): Promise<void> {
    let followed = this.#files.get(path);
    if (followed === undefined) {
      followed = { file: new LogFile(path, LIMITS), lines: new LineReader(this.#matchers.start) };
      await followed.file.begin(this.#places[path] ?? null, !this.#first);
      this.#files.set(path, followed);
    }
    const { file, lines } = followed;
    const take = (entry: string): void => this.#entry(entry);
    let came = false;
    const skippedBefore = file.skippedBytes;
    await file.follow((bytes) => {
      came = true;
      lines.push(bytes, take);
    });
    if (!came) lines.flush(take);
    if (file.skippedBytes > skippedBefore) this.#skip(file.skippedBytes - skippedBefore, path);
    const { inode, offset } = file.place;
    this.#places[path] = { inode, offset: offset - lines.pendingBytes };
  }

  #skip(bytes: number, path: string): void {
    this.#hits.skip(bytes);
    this.#context.log.warn("a log grows faster than it is read; a part was passed over", { path, bytes });
  }

  #entry(entry: string): void {
    const { wanted, excluded } = this.#matchers;
    if (wanted(entry) && excluded?.(entry) !== true) this.#hits.add(entry);
  }

  /** The files that the path means now. */
  #paths(): string[] {
    const { path } = this.#watch;
    const pattern = basename(path);
    if (!/[*?]/.test(pattern)) return [path];
    try {
      const names = readdirSync(dirname(path)).filter((name) => globMatches(pattern, name));
      return names
        .sort()
        .slice(-FILES_MAX)
        .map((name) => join(dirname(path), name));
    } catch {
      // The folder may come later, as a file may.
      return [];
    }
  }
}

/** Follows logs; where each was read to is kept in `placesPath` across restarts. A bad pattern disables its log alone. */
export async function createLogWatch(
  context: WatchContext,
  watches: readonly LogWatch[],
  placesPath: string,
): Promise<Watch & { settled(): Promise<void> }> {
  const stored = readState(placesPath);
  const places = (typeof stored === "object" && stored !== null ? stored : {}) as Record<
    string,
    Record<string, FilePlace>
  >;
  const logs: WatchedLog[] = [];
  for (const watch of watches) {
    try {
      const matchers = {
        wanted: await compilePattern(watch.pattern),
        excluded: watch.exclude === null ? null : await compilePattern(watch.exclude),
        start: watch.entryStart === null ? null : await compilePattern(watch.entryStart),
      };
      places[watch.name] ??= {};
      logs.push(new WatchedLog(context, watch, matchers, places[watch.name]!));
    } catch (error) {
      context.log.error("a log is not watched: its pattern is bad", { name: watch.name, error: String(error) });
    }
  }
  let saved = "";
  const save = (): void => {
    const text = JSON.stringify(places);
    if (text === saved) return;
    saved = text;
    try {
      writeState(placesPath, places, false);
    } catch (error) {
      // A restart may then tell a line again, or look at the file from its end.
      context.log.debug("places in logs were not saved", { error: String(error) });
    }
  };
  return {
    name: "logs",
    tick(at) {
      save();
      for (const log of logs) log.tick(at);
    },
    stop: save,
    async settled() {
      for (const log of logs) await log.settled;
    },
  };
}

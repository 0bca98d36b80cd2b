import { globMatches } from "../../../rules/detect/glob.ts";
import type { JournalWatch } from "../../config/agent-config.ts";
import { readState, writeState } from "../../spool/state-file.ts";
import type { Watch, WatchContext } from "../check.ts";
import { Hits } from "../hits.ts";
import { compilePattern, type Matcher } from "../pattern.ts";
import type { JournalEntry, JournalPlace } from "./journal-file.ts";
import { JournalFollower, journalFolders } from "./journal-follower.ts";

interface Wanted {
  watch: JournalWatch;
  pattern: Matcher | null;
  exclude: Matcher | null;
  hits: Hits;
}

/**
 * Reads systemd's journal once for all that is looked for in it; where it was read to is kept in `placesPath` across restarts. A bad
 * pattern disables its own watch alone.
 */
export async function createJournalWatch(
  context: WatchContext,
  watches: readonly JournalWatch[],
  placesPath: string,
  folders: () => Promise<readonly string[]> = journalFolders,
): Promise<Watch & { settled(): Promise<void> }> {
  const wanted = await compileAll(context, watches);
  const places = placesOf(readState(placesPath));
  const follower = new JournalFollower(folders, places);
  let saved = JSON.stringify(places);
  let round: Promise<void> | null = null;
  let closing = false;
  /** Until it was read once, and while it cannot be, nothing is said to be good. */
  let readable = false;

  const look = async (): Promise<void> => {
    const { skippedBytes, trouble } = await follower.follow((entry) => {
      for (const each of wanted) if (matches(each, entry)) each.hits.add(textOf(entry));
    });
    const at = context.clock.now();
    readable = trouble === null;
    for (const { hits } of wanted) {
      if (skippedBytes > 0) hits.skip(skippedBytes);
      if (trouble === null) hits.judge(at);
      else hits.unknown(trouble, at);
    }
    if (skippedBytes > 0)
      context.log.warn("the journal grows faster than it is read; a part was passed over", { bytes: skippedBytes });
  };
  const save = (): void => {
    const text = JSON.stringify(places);
    if (text === saved) return;
    saved = text;
    try {
      writeState(placesPath, places, false);
    } catch (error) {
      // A restart may then tell an entry again.
      context.log.debug("places in the journal were not saved", { error: String(error) });
    }
  };

  return {
    tick(at) {
      if (readable) for (const { hits } of wanted) hits.judge(at);
      if (round !== null || closing) return;
      save();
      round = look().finally(() => {
        round = null;
      });
    },
    stop() {
      closing = true;
      save();
      void (round ?? Promise.resolve()).then(() => follower.close());
    },
    settled: () => round ?? Promise.resolve(),
  };
}

async function compileAll(context: WatchContext, watches: readonly JournalWatch[]): Promise<Wanted[]> {
  const found: Wanted[] = [];
  for (const watch of watches) {
    try {
      const pattern = watch.pattern === null ? null : await compilePattern(watch.pattern);
      const exclude = watch.exclude === null ? null : await compilePattern(watch.exclude);
      found.push({ watch, pattern, exclude, hits: new Hits(context, "journal_match", watch) });
    } catch (error) {
      context.log.error("the journal is not searched: a pattern is bad", { name: watch.name, error: String(error) });
    }
  }
  return found;
}

function matches({ watch, pattern, exclude }: Wanted, { priority, unit, identifier, message }: JournalEntry): boolean {
  return (
    priority <= watch.priority &&
    (watch.unit === null || globMatches(watch.unit, unit)) &&
    (watch.identifier === null || globMatches(watch.identifier, identifier)) &&
    (pattern === null || pattern(message)) &&
    exclude?.(message) !== true
  );
}

function textOf({ unit, identifier, message }: JournalEntry): string {
  const who = unit === "" || unit === "init.scope" ? identifier : unit;
  return who === "" ? message : `${who}: ${message}`;
}

function placesOf(stored: unknown): Record<string, JournalPlace> {
  if (typeof stored !== "object" || stored === null) return {};
  const good = Object.entries(stored as Record<string, Partial<JournalPlace>>).filter(
    ([, place]) =>
      typeof place.fileId === "string" && Number.isInteger(place.offset) && Number.isInteger(place.entries),
  );
  return Object.fromEntries(good) as Record<string, JournalPlace>;
}

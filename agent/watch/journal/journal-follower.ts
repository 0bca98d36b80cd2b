import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type JournalEntry, JournalFile, type JournalPlace } from "./journal-file.ts";

export interface FollowResult {
  /** Passed over because there was too much. */
  skippedBytes: number;
  /** Why nothing can be read; null where something can. */
  trouble: string | null;
}

/** Read in one round of one file; the rest waits for the next. */
const ROUND_BYTES = 2 * 1024 * 1024;
/** More than this is passed over: what is new matters more. */
const BACKLOG_BYTES = 32 * 1024 * 1024;
const FILES_MAX = 16;
const ARCHIVES_MAX = 32;
const ACTIVE = /^(system|user-\d+)\.journal$/;

interface Followed {
  file: JournalFile;
  inode: number;
}

/** Where journald keeps its files: on disk, or in memory until the next boot. */
export const JOURNAL_FOLDERS = ["/var/log/journal", "/run/log/journal"] as const;

/** This machine's folders in them; those of other machines are received ones. */
export async function journalFolders(roots: readonly string[] = JOURNAL_FOLDERS): Promise<string[]> {
  const machine = (await readFile("/etc/machine-id", "utf8").catch(() => "")).trim();
  return roots.map((root) => join(root, machine));
}

/** Follows every active journal of this machine, across rotation and restarts. One call at a time. */
export class JournalFollower {
  readonly #folders: () => Promise<readonly string[]>;
  readonly #followed = new Map<string, Followed>();
  readonly #places: Record<string, JournalPlace>;
  #first = true;

  /** @param places where each file was read to; kept up to date in place. */
  constructor(folders: () => Promise<readonly string[]>, places: Record<string, JournalPlace>) {
    this.#folders = folders;
    this.#places = places;
  }

  /** Hands over what came since the last call. Never rejects. */
  async follow(take: (entry: JournalEntry) => void): Promise<FollowResult> {
    const result: FollowResult = { skippedBytes: 0, trouble: null };
    const { paths, denied } = await this.#paths();
    if (paths.length === 0)
      result.trouble = denied
        ? "the journal may not be read; the agent's user must be in the group systemd-journal"
        : "there is no journal";
    for (const path of paths) {
      try {
        result.skippedBytes += await this.#followOne(path, take);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const isDenied = code === "EACCES" || code === "EPERM";
        result.trouble = isDenied
          ? `${path} may not be read; the agent's user must be in the group systemd-journal`
          : message;
      }
    }
    this.#first = false;
    return result;
  }

  async close(): Promise<void> {
    for (const { file } of this.#followed.values()) await file.close();
    this.#followed.clear();
  }

  async #followOne(path: string, take: (entry: JournalEntry) => void): Promise<number> {
    let followed = this.#followed.get(path) ?? (await this.#open(path, take));
    if (followed === null) return 0;
    let skipped = await readOn(followed.file, take);
    const named = await stat(path).catch(() => null);
    if (named !== null && named.ino !== followed.inode) {
      // journald has begun another file; the old one was just read to its end.
      await followed.file.close();
      this.#followed.delete(path);
      delete this.#places[path];
      followed = await this.#open(path, take);
      if (followed !== null) skipped += await readOn(followed.file, take);
    }
    if (followed !== null) this.#places[path] = followed.file.place;
    return skipped;
  }

  /** At the place where it was left; at its end where it was never read; at its beginning where it is newer than we. */
  async #open(path: string, take: (entry: JournalEntry) => void): Promise<Followed | null> {
    const file = await JournalFile.open(path);
    if (file === null) return null;
    const place = this.#places[path];
    if (place === undefined) {
      if (this.#first) await file.toEnd();
    } else if (!file.resume(place)) await this.#readArchive(path, place, take);
    const followed = { file, inode: await file.inode() };
    this.#followed.set(path, followed);
    return followed;
  }

  /** It was rotated while we did not look: the rest of the old one is in a file beside. */
  async #readArchive(path: string, place: JournalPlace, take: (entry: JournalEntry) => void): Promise<void> {
    const folder = join(path, "..");
    const base = path.slice(folder.length + 1).replace(/\.journal$/, "@");
    const names = (await readdir(folder)).filter((name) => name.startsWith(base)).sort();
    for (const name of names.slice(-ARCHIVES_MAX)) {
      const file = await JournalFile.open(join(folder, name)).catch(() => null);
      if (file === null) continue;
      const isIt = file.resume(place);
      if (isIt) await readOn(file, take);
      await file.close();
      if (isIt) return;
    }
  }

  async #paths(): Promise<{ paths: string[]; denied: boolean }> {
    const paths: string[] = [];
    let denied = false;
    for (const folder of await this.#folders()) {
      const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        denied ||= error.code === "EACCES";
        return [];
      });
      paths.push(...names.filter((name) => ACTIVE.test(name)).map((name) => join(folder, name)));
    }
    return { paths: paths.slice(0, FILES_MAX), denied };
  }
}

/** @returns bytes passed over. */
async function readOn(file: JournalFile, take: (entry: JournalEntry) => void): Promise<number> {
  if ((await file.backlogBytes()) > BACKLOG_BYTES) return file.toEnd();
  await file.follow(ROUND_BYTES, take);
  return 0;
}

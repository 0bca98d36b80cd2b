import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { byCodeUnit } from "./plan.ts";

/** What is kept about a source besides its text. */
export interface StoredMeta {
  name: string;
  observed: boolean;
  /** Milliseconds since 1970. */
  storedAt: number;
  /** What findings call the text. */
  file: string;
  /** Of a file: its size and time of change, by which an unchanged one is known. */
  mark?: string;
}

export interface StoredSource {
  meta: StoredMeta;
  text: string;
}

/** A text that is here, or a file whose content is copied piece by piece. */
export type Content = { text: string } | { copyOf: string };

/** Written beside what it is to replace. */
export interface PreparedSource {
  /** Puts it in its place, durable when it resolves. */
  commit: () => Promise<void>;
  discard: () => Promise<void>;
}

const SUFFIX = ".cmdb";
/** Names and paths of people: far below this. */
const META_MAX_BYTES = 16_384;

/**
 * The texts of imports, and the last good text of each file, in the data directory: one file each, written whole and
 * synced before it takes the old one's place.
 */
export class SourceStore {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Keys of the stored sources that begin with the prefix, in order. */
  async keys(prefix: string): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => []);
    return names
      .filter((name) => name.startsWith(prefix) && name.endsWith(SUFFIX))
      .map((name) => name.slice(0, -SUFFIX.length))
      .sort(byCodeUnit);
  }

  /** undefined where there is none, or where it was damaged. */
  async read(key: string): Promise<StoredSource | undefined> {
    const content = await readFile(join(this.folder, `${key}${SUFFIX}`), "utf8").catch(() => undefined);
    const end = content?.indexOf("\n") ?? -1;
    if (content === undefined || end === -1) return undefined;
    const meta = parseMeta(content.slice(0, end));
    return meta === undefined ? undefined : { meta, text: content.slice(end + 1) };
  }

  /** What is kept about a source, without reading its text. */
  async meta(key: string): Promise<StoredMeta | undefined> {
    const file = await open(join(this.folder, `${key}${SUFFIX}`), "r").catch(() => undefined);
    if (file === undefined) return undefined;
    try {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(META_MAX_BYTES), position: 0 });
      const end = buffer.subarray(0, bytesRead).indexOf(0x0a);
      return end === -1 ? undefined : parseMeta(buffer.toString("utf8", 0, end));
    } finally {
      await file.close();
    }
  }

  /** Throws when the disk does not take it. */
  async prepare(key: string, meta: StoredMeta, content: Content): Promise<PreparedSource> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const path = join(this.folder, `${key}${SUFFIX}`);
    const temporary = `${path}.new`;
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(`${JSON.stringify(meta)}\n`);
      await file.writeFile("text" in content ? content.text : createReadStream(content.copyOf));
      await file.datasync();
    } finally {
      await file.close();
    }
    return {
      commit: async () => {
        await rename(temporary, path);
        await this.syncFolder();
      },
      discard: () => unlink(temporary).catch(() => undefined),
    };
  }

  private async syncFolder(): Promise<void> {
    const folder = await open(this.folder, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

function parseMeta(line: string): StoredMeta | undefined {
  try {
    const meta = JSON.parse(line) as Partial<StoredMeta> | null;
    if (typeof meta?.name !== "string" || typeof meta.file !== "string" || typeof meta.storedAt !== "number")
      return undefined;
    const { name, storedAt, file, mark } = meta;
    return { name, observed: meta.observed === true, storedAt, file, ...(typeof mark === "string" ? { mark } : {}) };
  } catch {
    return undefined;
  }
}

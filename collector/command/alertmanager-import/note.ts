import { at, type Document, listOf } from "../../ingest/field.ts";

/** Something that could not be carried over, or not exactly. `path` leads into the file that was read. */
export interface Note {
  /** lost: there is nothing like it here. differs: it was carried over, and works in another way. */
  kind: "lost" | "differs";
  path: readonly (string | number)[];
  message: string;
}

/** Where a translation stands, and what it has to say. */
export class Notes {
  readonly list: Note[] = [];

  lost(path: Note["path"], message: string): void {
    this.list.push({ kind: "lost", path, message });
  }

  differs(path: Note["path"], message: string): void {
    this.list.push({ kind: "differs", path, message });
  }

  /** Every key of a mapping that nobody has looked at. */
  others(path: Note["path"], document: Document, known: readonly string[], message: string): void {
    for (const key of Object.keys(document)) if (!known.includes(key)) this.lost([...path, key], message);
  }

  /** The list under a key; anything else that stands there is told. */
  listAt(document: Document, key: string, path: Note["path"]): readonly unknown[] {
    const value = at(document, key) ?? [];
    if (!Array.isArray(value)) this.lost([...path, key], "a list is expected here");
    return listOf(value);
  }
}

import { ByteReader } from "../../agent/sample/byte-reader.ts";
import type { HostFiles } from "../../agent/sample/host-files.ts";

/** The kernel's files as a test wrote them; `contents` may be changed between two samples. Folders follow from the paths. */
export class RecordedHostFiles implements HostFiles {
  readonly contents: Map<string, string>;
  readonly links = new Map<string, string>();

  constructor(contents: Readonly<Record<string, string>>) {
    this.contents = new Map(Object.entries(contents));
  }

  read(path: string): ByteReader | null {
    const text = this.contents.get(path);
    if (text === undefined) return null;
    const bytes = Buffer.from(text);
    return new ByteReader().load(bytes, bytes.length);
  }

  pieces(path: string, use: (lines: ByteReader) => void): boolean {
    const reader = this.read(path);
    if (reader !== null) use(reader);
    return reader !== null;
  }

  line(path: string): string | null {
    return this.read(path)?.rest() ?? null;
  }

  list(path: string): string[] {
    const folder = path.endsWith("/") ? path : `${path}/`;
    const names = [...this.contents.keys(), ...this.links.keys()]
      .filter((known) => known.startsWith(folder))
      .map((known) => known.slice(folder.length).split("/")[0] ?? "");
    return [...new Set(names)];
  }

  link(path: string): string | null {
    return this.links.get(path) ?? null;
  }
}

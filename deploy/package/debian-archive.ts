import { gzipSync } from "node:zlib";

/** One file, folder or link of a package, as it is when installed. */
export interface PackageEntry {
  /** Absolute. */
  path: string;
  mode: number;
  content?: Uint8Array;
  /** Where a symbolic link points. */
  link?: string;
}

const BLOCK = 512;
/** All times are the same, so that equal sources give equal packages. */
const TIME_S = 1_767_225_600;

/** A Debian binary package, deb(5): an ar archive of the version, the control files and the tree. */
export function debianArchive(control: readonly PackageEntry[], data: readonly PackageEntry[]): Buffer {
  return ar([
    ["debian-binary", Buffer.from("2.0\n")],
    ["control.tar.gz", gzipSync(tar(control), { level: 9 })],
    ["data.tar.gz", gzipSync(tar(withFolders(data)), { level: 6 })],
  ]);
}

/** Each folder on the way stands before what is in it. */
function withFolders(entries: readonly PackageEntry[]): PackageEntry[] {
  const folders = new Set<string>();
  for (const { path } of entries)
    for (let end = path.indexOf("/", 1); end !== -1; end = path.indexOf("/", end + 1)) folders.add(path.slice(0, end));
  const all = [...[...folders].map((path): PackageEntry => ({ path: `${path}/`, mode: 0o755 })), ...entries];
  return all.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function ar(members: readonly (readonly [name: string, content: Uint8Array])[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from("!<arch>\n")];
  for (const [name, content] of members) {
    const fields = [name.padEnd(16), String(TIME_S).padEnd(12), "0".padEnd(6), "0".padEnd(6), "100644".padEnd(8)];
    parts.push(Buffer.from(`${fields.join("")}${String(content.length).padEnd(10)}\`\n`), content);
    if (content.length % 2 === 1) parts.push(Buffer.from("\n"));
  }
  return Buffer.concat(parts);
}

/** POSIX ustar, everything owned by root. */
function tar(entries: readonly PackageEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    const content = entry.content ?? new Uint8Array();
    parts.push(header(entry, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header(entry: PackageEntry, size: number): Buffer {
  const name = `.${entry.path}`;
  if (Buffer.byteLength(name) > 100) throw new RangeError(`a path too long for this writer: ${entry.path}`);
  const out = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void => {
    out.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  };
  out.write(name, 0);
  octal(entry.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(TIME_S, 136, 12);
  out.write(" ".repeat(8), 148, "latin1");
  out.write(entry.link !== undefined ? "2" : entry.path.endsWith("/") ? "5" : "0", 156, "latin1");
  out.write(entry.link ?? "", 157);
  out.write("ustar\u000000", 257, "latin1");
  out.write("root", 265, "latin1");
  out.write("root", 297, "latin1");
  const sum = out.reduce((total, byte) => total + byte, 0);
  out.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return out;
}

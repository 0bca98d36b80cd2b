import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const UNPACKED = new URL("../../node_modules/.cache/debian/usr/bin", import.meta.url).pathname;

/** The path of a foreign program: the system's, or the one that `test/support/debian-tools.sh` unpacked. */
export function debianTool(name: string): string {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), UNPACKED]) {
    const path = join(folder, name);
    if (existsSync(path)) return path;
  }
  throw new Error(`${name} is missing; run sh test/support/debian-tools.sh`);
}

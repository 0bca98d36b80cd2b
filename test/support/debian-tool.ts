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

/** Where a program that was unpacked has to be started so that it finds what it brought along (see `debian-tools.sh`). */
export function debianFolder(program: string): string | undefined {
  return program.startsWith(UNPACKED) ? join(UNPACKED, "../share") : undefined;
}

/** The environment in which an unpacked program finds the libraries that were unpacked with it. */
export const debianEnvironment: Readonly<Record<string, string | undefined>> = {
  ...process.env,
  LD_LIBRARY_PATH: [
    process.env["LD_LIBRARY_PATH"],
    join(UNPACKED, "../lib/x86_64-linux-gnu"),
    join(UNPACKED, "../lib/aarch64-linux-gnu"),
  ]
    .filter((path) => path !== undefined)
    .join(delimiter),
};

import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeDataFolder } from "./data-folder.ts";

const ROOT = mkdtempSync(join(tmpdir(), "tocsin-folder-"));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

test("folders above it are made too, for the owner alone, and again is no error", () => {
  const folder = join(ROOT, "a/b/c");
  makeDataFolder(folder);
  makeDataFolder(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test.runIf(process.platform === "linux")(
  "where nobody can make a folder there is an error, not an endless loop",
  () => {
    expect(() => makeDataFolder("/proc/x/y")).toThrow(/^the data directory \/proc\/x\/y cannot be made in \/proc \(E/);
  },
);

test("a file in the way is named", () => {
  const file = join(ROOT, "file");
  writeFileSync(file, "");
  expect(() => makeDataFolder(join(file, "data"))).toThrow(`${file} is a file`);
  expect(() => makeDataFolder(file)).toThrow(`${file} is a file`);
});

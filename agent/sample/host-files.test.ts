import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LinuxFiles } from "./host-files.ts";

function rig(contents: Record<string, string>): LinuxFiles {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-files-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const proc = join(folder, "proc");
  mkdirSync(join(proc, "net"), { recursive: true });
  for (const [path, text] of Object.entries(contents)) writeFileSync(join(proc, path), text);
  const files = new LinuxFiles({ proc, sys: join(folder, "sys") });
  onTestFinished(() => files.close());
  return files;
}

const LONG = Array.from({ length: 60_000 }, (_, index) => `line ${index} ${"x".repeat(80)}\n`).join("");

test.for<[name: string, text: string]>([
  ["many pieces", LONG],
  ["one piece", "a\nb\n"],
  ["a last line without an end", "a\nb"],
  ["nothing", ""],
])("pieces of whole lines: %s", ([, text]) => {
  const files = rig({ "net/tcp": text });
  let got = "";
  let longest = 0;
  const isThere = files.pieces("/proc/net/tcp", (lines) => {
    longest = Math.max(longest, lines.all().length);
    expect(lines.all().endsWith("\n") || lines.all() === text.slice(-1) || text === "a\nb").toBe(true);
    while (!lines.atEnd) got += `${lines.rest()}\n`;
  });
  expect(isThere).toBe(true);
  expect(got.trimEnd()).toBe(text.trimEnd());
  expect(longest).toBeLessThanOrEqual(32_768);
});

test("pieces of a file that is not there, and of one without lines", () => {
  const files = rig({ "net/unix": "x".repeat(100_000) });
  expect(files.pieces("/proc/net/none", () => expect.unreachable())).toBe(false);
  expect(files.pieces("/proc/net/unix", () => expect.unreachable())).toBe(true);
});

test("a file of megabytes is read as far as we read; the kernel's own switches are still read after it", () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-files-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const large = join(folder, "large");
  writeFileSync(large, LONG);
  const files = new LinuxFiles();
  onTestFinished(() => files.close());
  expect(files.read(large)?.all().length).toBe(4 * 1024 * 1024);
  // The kernel refuses to be asked for 4 MiB of /proc/sys, however short the answer is.
  expect(files.line("/proc/sys/kernel/osrelease")).toMatch(/^\d+\./);
  expect(files.read("/proc/sys/kernel/pid_max")?.number()).toBeGreaterThan(100);
});

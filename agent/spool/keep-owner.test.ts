import { chownSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { LearnedState } from "../evaluate/learned-state.ts";
import { openIdentity, takeDataDirectory } from "../identity.ts";
import { createLog } from "../log.ts";
import { keepOwner } from "./keep-owner.ts";
import { Spool } from "./spool.ts";

const SERVICE = 54_321;
const isRoot = process.getuid?.() === 0;
const log = createLog(
  "error",
  () => undefined,
  () => 0,
);

function folderOfService(): string {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-owner-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chownSync(folder, SERVICE, SERVICE);
  return folder;
}

test.runIf(isRoot)("what root writes into the service's data directory belongs to the service", () => {
  const folder = folderOfService();
  const taken = takeDataDirectory(folder);
  openIdentity(folder, "machine");
  new LearnedState(join(folder, "learned.state"), log).saveNow("ci", { rules: [] } as never);
  const clock = new VirtualClock();
  const spool = new Spool({
    folder: join(folder, "spool"),
    maxBytes: 1024 * 1024,
    keepFreeBytes: 0,
    retainMs: 120_000,
    clock,
    log,
    freeBytes: () => Number.MAX_SAFE_INTEGER,
  });
  spool.close();
  const all = readdirSync(folder, { recursive: true }).map(String);
  expect(all.length).toBeGreaterThan(6);
  expect(all.filter((name) => statSync(join(folder, name)).uid !== SERVICE)).toEqual([]);
  if ("release" in taken) taken.release();
});

test.runIf(isRoot)("a link that the service laid gives it nothing", () => {
  const folder = folderOfService();
  const foreign = join(mkdtempSync(join(tmpdir(), "tocsin-owner-")), "shadow");
  onTestFinished(() => rmSync(join(foreign, ".."), { recursive: true, force: true }));
  writeFileSync(foreign, "secret");
  symlinkSync(foreign, join(folder, "link"));
  keepOwner(join(folder, "link"));
  expect(statSync(foreign).uid).toBe(0);
});

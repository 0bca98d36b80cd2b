import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import { fileMark, FileWatch } from "./file-watch.ts";

/** Real turns of the loop, in which the file system speaks; on a busy machine it takes its time. */
async function turnsUntil(isSo: () => boolean, turns = 50_000): Promise<void> {
  for (let turn = 0; turn < turns && !isSo(); turn += 1) await new Promise((resolve) => void setImmediate(resolve));
}

test.for<[situation: string, change: (file: string) => void]>([
  ["written anew", (file) => writeFileSync(file, "two")],
  [
    "replaced by a rename",
    (file) => {
      writeFileSync(`${file}.new`, "two");
      renameSync(`${file}.new`, file);
    },
  ],
])("a change is told once, whether it is heard of or found by looking: a file that is %s", async ([, change]) => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-watch-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "cmdb.yaml");
  writeFileSync(file, "one");
  const clock = new VirtualClock();
  const told: string[] = [];
  const marks = new Map([[file, await fileMark(file)]]);
  const watch = new FileWatch([file], {
    clock,
    marks,
    onChange: () => void told.push("change"),
    onTrouble: (reason) => void told.push(reason),
  });
  onTestFinished(() => watch.close());
  await turnsUntil(() => clock.pending === 1);
  change(file);
  await turnsUntil(() => clock.pending === 2);
  clock.advance(300);
  await turnsUntil(() => told.length > 0);
  expect(told).toEqual(["change"]);
  for (let looks = 0; looks < 3; looks += 1) {
    clock.advance(10_000);
    // It looks at the file, which takes turns, and then is quiet for a moment.
    await turnsUntil(() => false, 100);
  }
  expect(told).toEqual(["change"]);
});

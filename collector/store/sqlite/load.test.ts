import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "./database.ts";
import { Loader } from "./load.ts";
import { Pending } from "./pending.ts";
import { RepeatIndex } from "./repeat-index.ts";

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

test("once everything was read, nothing keeps what was pending then: commits go on to fill it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-test-"));
  const db = openDatabase(folder);
  onTestFinished(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });
  db.exec("INSERT INTO entity (kind, id, status, sort, at, body) VALUES ('meta', 'counters', '', '', 1, '{}')");
  const loader = new Loader(db, () => new RepeatIndex());
  const readAll = (): WeakRef<Pending> => {
    const pending = new Pending();
    const pages = loader.entities(pending);
    expect(pages.next().value).toHaveLength(1);
    expect(pages.next().done).toBe(true);
    return new WeakRef(pending);
  };
  const pending = readAll();
  // A weak reference lives at least as long as the turn that made it.
  await new Promise(setImmediate);
  collectGarbage();
  expect(pending.deref()).toBeUndefined();
});

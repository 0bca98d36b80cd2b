import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { WireEvent } from "../../protocol/agent-event.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import { type Condition, ConditionBook } from "./condition-book.ts";
import { EventIds } from "./event-ids.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-book-"));
  folders.push(folder);
  return folder;
};

const DISK: Condition = {
  check: "filesystem_full",
  instance: "/var",
  severity: "warning",
  summary: "/var is 91 % full",
  labels: { symptom: "saturation" },
  since: 1_700_000_000_000,
  runbook: "https://example.net/runbook",
  value: 0.91,
};

/** One life of an agent on `folder`. */
function life(folder: string, clock = new VirtualClock()) {
  const sent: WireEvent[] = [];
  const ids = new EventIds("agent-1", join(folder, "ids.json"), Date.UTC(2026, 0));
  const book = new ConditionBook({
    ci: "web-1",
    clock,
    log: createLog(
      "error",
      () => undefined,
      () => 0,
    ),
    path: join(folder, "conditions.json"),
    nextId: () => ids.next(),
    send: (event) => sent.push(event),
    expiresAfterMs: 600_000,
  });
  const told = (): string[] =>
    sent.splice(0).map((event) => `${event.status} ${event.check} ${event.instance ?? ""} ${event.severity}`);
  return { book, sent, told, clock };
}

test("the event says what, since when, how to help, and when to stop believing it", () => {
  const { book, sent, clock } = life(newFolder());
  book.fire("rule", DISK, clock.now());
  expect(sent).toEqual([
    {
      id: expect.stringMatching(/^agent-1-\d+$/),
      source: "agent",
      ci: "web-1",
      check: "filesystem_full",
      instance: "/var",
      status: "firing",
      severity: "warning",
      summary: "/var is 91 % full",
      time: new Date(clock.now()).toISOString(),
      labels: { symptom: "saturation" },
      annotations: { since: "2023-11-14T22:13:20.000Z", value: "0.91" },
      links: [{ href: "https://example.net/runbook", text: "runbook" }],
      expiresAfter: "10m",
    },
  ]);
});

test("told when it begins, when it changes, every minute while it lasts, and when it ends", () => {
  const { book, told, clock } = life(newFolder());
  book.fire("rule", DISK, clock.now());
  book.fire("rule", DISK, clock.now());
  expect(told()).toEqual(["firing filesystem_full /var warning"]);
  book.fire("rule", { ...DISK, severity: "critical" }, clock.now());
  expect(told()).toEqual(["firing filesystem_full /var critical"]);
  for (let round = 0; round < 18; round++) {
    clock.advance(10_000);
    book.tick(clock.now(), true);
  }
  expect(told()).toHaveLength(3);
  book.clear("rule", DISK, clock.now());
  book.clear("rule", DISK, clock.now());
  expect(told()).toEqual(["resolved filesystem_full /var critical"]);
});

test("nothing is repeated while nobody can be reached, and at once when somebody can again", () => {
  const { book, told, clock } = life(newFolder());
  book.fire("rule", DISK, clock.now());
  told();
  clock.advance(3_600_000);
  book.tick(clock.now(), false);
  expect(told()).toEqual([]);
  book.tick(clock.now(), true);
  expect(told()).toHaveLength(1);
});

test("no id is given twice, also not after a crash or with a damaged file", () => {
  const folder = newFolder();
  const given = new Set<string>();
  for (let round = 0; round < 5; round++) {
    const ids = new EventIds("agent-1", join(folder, "ids.json"), Date.UTC(2026, 0));
    if (round === 3) writeFileSync(join(folder, "ids.json"), "damaged");
    const each = round === 4 ? new EventIds("agent-1", join(folder, "ids.json"), Date.UTC(2026, 0)) : ids;
    for (let index = 0; index < 1500; index++) {
      const id = each.next();
      expect(given.has(id)).toBe(false);
      given.add(id);
    }
  }
});

test("after a restart: what is still wrong goes on as the same condition, with its first time", () => {
  const folder = newFolder();
  const first = life(folder);
  first.book.fire("rule", DISK, first.clock.now());
  first.clock.advance(0);
  const second = life(folder);
  second.book.unconfirm("rule", () => 120_000);
  second.book.fire("rule", { ...DISK, since: DISK.since + 500_000 }, second.clock.now());
  second.clock.advance(300_000);
  second.book.tick(second.clock.now(), true);
  expect(second.sent.map((event) => [event.status, event.annotations?.["since"]])).toEqual([
    ["firing", "2023-11-14T22:13:20.000Z"],
  ]);
});

test("after a restart: what is gone is cleared, but not before its rule could have found it again", () => {
  const folder = newFolder();
  const first = life(folder);
  first.book.fire("rule", DISK, first.clock.now());
  first.book.fire("watch", { ...DISK, check: "process_down" }, first.clock.now());
  first.clock.advance(0);
  const second = life(folder);
  second.book.unconfirm("rule", () => 120_000);
  second.book.unconfirm("watch", () => 300_000);
  second.clock.advance(60_000);
  second.book.tick(second.clock.now(), false);
  expect(second.told()).toEqual([]);
  second.clock.advance(60_000);
  second.book.tick(second.clock.now(), false);
  expect(second.told()).toEqual(["resolved filesystem_full /var warning"]);
  second.book.save();
  expect(life(folder).book.size).toBe(1);
});

test("a rule that was taken away clears what it found", () => {
  const { book, told, clock } = life(newFolder());
  book.fire("rule", DISK, clock.now());
  told();
  book.unconfirm("rule", () => 0);
  book.tick(clock.now(), true);
  expect(told()).toEqual(["resolved filesystem_full /var warning"]);
});

test("ten thousand conditions are too many: the first thousand are told", () => {
  const { book, sent, clock } = life(newFolder());
  for (let index = 0; index < 10_000; index++) book.fire("rule", { ...DISK, instance: `/${index}` }, clock.now());
  expect(sent).toHaveLength(1000);
  expect(book.overflow).toBe(9000);
});

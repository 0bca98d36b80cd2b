import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { WireEvent } from "../../protocol/agent-event.ts";
import { JournalWriter } from "../../test/support/journal-writer.ts";
import { RecordedHostFiles } from "../../test/support/recorded-host-files.ts";
import { recordedRounds } from "../../test/support/recorded-hosts.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import { Recorder } from "../sample/recorder.ts";
import type { HttpAnswer } from "../send/transport.ts";
import { BlackBox } from "./black-box.ts";
import { type Condition, ConditionBook } from "./condition-book.ts";
import { describeDisks } from "./diagnose-disks.ts";
import { describeJournal, describeKernel, parseKernelRecord } from "./diagnose-messages.ts";
import { describeSockets } from "./diagnose-sockets.ts";
import { createDiagnosticRequests } from "./diagnostic-requests.ts";
import { collectDiagnostics, PART_CHARACTERS_MAX } from "./diagnostics.ts";

const clean: (() => unknown)[] = [];
afterEach(() => clean.splice(0).forEach((each) => each()));
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-diagnose-"));
  clean.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

test("sockets of a recorded host: how many in which state, and with whom", () => {
  const text = describeSockets(new RecordedHostFiles({ ...recordedRounds("debian-12-linux-6.1")[0], ...selfTcp() }));
  expect(text.split("\n")).toEqual(["2 listening, 2 connected, 1 closing", "most with: 192.0.2.7:5432 2"]);
});

function selfTcp(): Record<string, string> {
  const line = (local: string, remote: string, state: string) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1\n`;
  const head = "  sl  local_address rem_address   st\n";
  const out = line("010200C0:A000", "070200C0:1538", "01");
  return { "/proc/self/net/tcp": head + line("00000000:0050", "00000000:0000", "0A") + out + out };
}

test("disks: the fullest local file systems, and who has moved most, where that may be seen", () => {
  const files = new RecordedHostFiles({
    "/proc/1/mounts": "/dev/a / ext4 rw 0 0\n/dev/b /data xfs rw 0 0\nsrv:/x /nfs nfs rw 0 0\n",
    "/proc/7/io": "rchar: 9\nread_bytes: 5000000\nwrite_bytes: 7000000\n",
    "/proc/7/comm": "postgres\n",
    "/proc/8/comm": "closed to us\n",
  });
  const asked: string[] = [];
  const text = describeDisks(files, (path) => {
    asked.push(path);
    return { blocks: 100, bfree: path === "/data" ? 5 : 60, bavail: path === "/data" ? 5 : 50 };
  });
  expect(text).toBe("full: /data 95 %, / 44 %\nread and written since their start: postgres[7] 12 MB");
  expect(asked).toEqual(["/", "/data"]);
});

test("the kernel's log: warnings and worse, of the last quarter of an hour", () => {
  const path = join(newFolder(), "kmsg");
  // A file gives all at once where the device gives one record a read.
  writeFileSync(path, "4,77,90000000,-;md0: disk failure on sda1\n SUBSYSTEM=block\n");
  const now = Date.UTC(2026, 0, 1, 12);
  expect(describeKernel(now, path, 100)).toBe("11:59:50 md0: disk failure on sda1");
  expect(describeKernel(now, path, 100 + 16 * 60)).toBe("");
  expect(parseKernelRecord("6,1,2,-;hello", 0)).toEqual({ priority: 6, at: 0.002, text: "hello" });
  expect(parseKernelRecord("nonsense", 0)).toBeNull();
  expect(() => describeKernel(now, "/nowhere/kmsg", 1)).toThrow();
});

test("the journal's last complaints", async () => {
  const folder = newFolder();
  const journal = new JournalWriter(join(folder, "system.journal"), { fileId: "0123456789abcdef0123456789abcdef" });
  clean.push(() => journal.close());
  const entry = (message: string, priority: string) => ({
    MESSAGE: message,
    PRIORITY: priority,
    _SYSTEMD_UNIT: "shop.service",
  });
  journal.append(entry("all is well", "6"));
  journal.append(entry("no space left\nin a second line", "3"));
  journal.writeEntryArray();
  const now = 1_772_000_000_000;
  expect(await describeJournal(now + 60_000, [folder])).toBe("06:13:20 shop.service: no space left");
  expect(await describeJournal(now + 3_600_000, [folder])).toBe("");
  expect(await describeJournal(now, ["/nowhere"])).toBe("");
});

test("parts are cut to whole lines, and one that fails leaves the others", async () => {
  const clock = new VirtualClock();
  const many = Object.fromEntries(Array.from({ length: 400 }, (_, pid) => [`/proc/${pid + 1}/comm`, "x".repeat(400)]));
  const files = new RecordedHostFiles({ ...many, ...selfTcp() });
  const read = files.read.bind(files);
  files.read = (path) => {
    if (path.endsWith("mounts")) throw new Error("nobody expects this");
    return read(path);
  };
  const done = collectDiagnostics({ files, clock });
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  clock.advance(2000);
  const parts = await done;
  expect(parts["sockets"]).toContain("listening");
  expect(parts["disks"]).toBeUndefined();
  for (const text of Object.values(parts)) expect(text.length).toBeLessThanOrEqual(PART_CHARACTERS_MAX);
});

function box() {
  const clock = new VirtualClock();
  const sent: WireEvent[] = [];
  const log = createLog(
    "error",
    () => undefined,
    () => 0,
  );
  let next = 0;
  const send = (event: WireEvent): void => void sent.push(event);
  const nextId = (): string => String(next++);
  const path = join(newFolder(), "conditions.json");
  const book = new ConditionBook({ ci: "web-1", clock, log, path, nextId, send, expiresAfterMs: 600_000 });
  const files = new RecordedHostFiles({});
  const recorder = new Recorder(files);
  let collected = 0;
  const blackBox = new BlackBox({
    files,
    clock,
    log,
    book,
    recorder,
    ci: "web-1",
    nextId,
    send,
    collect: async () => ({ processes: `look ${++collected}`, sockets: "y".repeat(9000) }),
  });
  return { clock, sent, book, blackBox };
}
const condition = (check: string, since: number): Condition => ({
  check,
  instance: "",
  severity: "major",
  summary: check,
  labels: {},
  since,
  runbook: null,
  value: null,
});

test("asked for: an event of its own that wakes nobody, and the newest conditions get it; not again at once", async () => {
  const { blackBox, book, sent, clock } = box();
  for (let index = 0; index < 5; index++) book.fire("watch", condition(`check ${index}`, index), 0);
  sent.length = 0;
  expect(await blackBox.request("anna")).toBe(true);
  expect(sent.map(({ check, annotations }) => `${check}: ${annotations?.["processes"]}`)).toEqual([
    "check 4: look 1",
    "check 3: look 1",
    "check 2: look 1",
    "diagnostics: look 1",
  ]);
  expect(sent.at(-1)).toMatchObject({
    severity: "info",
    ci: "web-1",
    summary: "diagnostics of web-1, asked for by anna",
  });
  expect(sent.at(-1)?.annotations?.["sockets"]).toHaveLength(4000);
  expect(await blackBox.request("anna")).toBe(false);
  clock.advance(10_000);
  expect(await blackBox.request("anna")).toBe(true);
});

test("the collector is asked once a minute whether somebody wants to see; one that does not know it, once an hour", async () => {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const wanted: string[] = [];
  let answer: { status: number; body: string } = { status: 200, body: '{"diagnose":null}' };
  const watch = createDiagnosticRequests({
    clock,
    log: createLog(
      "error",
      () => undefined,
      () => 0,
    ),
    ci: "web 1",
    collectors: {
      send: async ({ path }) => {
        asked.push(path);
        const { status, body } = answer;
        return {
          answer: { kind: "answer", status, headers: {}, body: Buffer.from(body) } as unknown as HttpAnswer,
          url: "",
        };
      },
    },
    diagnose: async (by) => void wanted.push(by),
  });
  const minute = async (): Promise<void> => {
    clock.advance(60_000);
    watch.tick(clock.now());
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  await minute();
  answer = { status: 200, body: '{"diagnose":"anna"}' };
  await minute();
  answer = { status: 200, body: "<html>" };
  await minute();
  expect([asked.length, asked[0], wanted]).toEqual([3, "/api/v1/agent/requests?ci=web%201", ["anna"]]);
  answer = { status: 404, body: "" };
  for (let count = 0; count < 59; count++) await minute();
  expect(asked).toHaveLength(4);
});

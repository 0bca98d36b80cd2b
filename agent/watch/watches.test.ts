import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { WireEvent } from "../../protocol/agent-event.ts";
import { until } from "../../test/support/recording-collector.ts";
import { RecordedHostFiles } from "../../test/support/recorded-host-files.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { ProcessWatch } from "../config/agent-config.ts";
import { ConditionBook } from "../evaluate/condition-book.ts";
import { createLog } from "../log.ts";
import { SeriesTable } from "../sample/series-table.ts";
import type { WatchContext } from "./check.ts";
import { createPortWatch } from "./ports.ts";
import { ProcessFocus } from "../sample/process-focus.ts";
import { createProcessWatch } from "./processes.ts";
import { parseShow } from "./show-units.ts";
import type { UnitState } from "./unit-state.ts";
import { createUnitWatch } from "./units.ts";

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of clean.splice(0)) await each();
});

function rig() {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-watch-"));
  clean.push(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new VirtualClock();
  const sent: WireEvent[] = [];
  const lines: string[] = [];
  const log = createLog(
    "info",
    (line) => lines.push(line),
    () => clock.now(),
  );
  let id = 0;
  const book = new ConditionBook({
    ci: "web-1",
    clock,
    log,
    path: join(folder, "conditions.json"),
    nextId: () => String(id++),
    send: (event) => sent.push(event),
    expiresAfterMs: 600_000,
  });
  const context: WatchContext = { clock, log, table: new SeriesTable(), book };
  const told = (): string[] =>
    sent.splice(0).map((event) => `${event.status} ${event.check} ${event.instance}: ${event.summary}`);
  return { clock, context, told, lines };
}

/** /proc of a few processes; `command` as the kernel has it, with NULs. */
function proc(
  processes: Record<string, { name: string; command?: string[]; uid?: number; state?: string; start?: number }>,
): RecordedHostFiles {
  const files: Record<string, string> = { "/proc/uptime": "1 1" };
  for (const [pid, each] of Object.entries(processes)) {
    const fields = Array.from({ length: 50 }, (_, index) => (index === 19 ? String(each.start ?? 100) : "0"));
    fields[0] = each.state ?? "S";
    files[`/proc/${pid}/stat`] = `${pid} (${each.name}) ${fields.join(" ")}\n`;
    files[`/proc/${pid}/cmdline`] = (each.command ?? []).map((word) => `${word}\u0000`).join("");
    files[`/proc/${pid}/status`] = `Name:\t${each.name}\nUid:\t${each.uid ?? 0}\t${each.uid ?? 0}\t0\t0\n`;
  }
  return new RecordedHostFiles(files);
}

const watchOf = (watch: Partial<ProcessWatch> & { name: string }): ProcessWatch => ({
  command: null,
  user: null,
  min: 1,
  max: null,
  severity: "critical",
  forMs: 0,
  ...watch,
});

test.for<[string, Parameters<typeof proc>[0], Partial<ProcessWatch> & { name: string }, string[]]>([
  ["runs under its name", { 7: { name: "nginx" } }, { name: "nginx" }, []],
  [
    "is not there",
    { 7: { name: "nginx-agent" } },
    { name: "nginx" },
    ["firing process_down nginx: process nginx is not running"],
  ],
  [
    "is a zombie",
    { 7: { name: "nginx", state: "Z" } },
    { name: "nginx" },
    ["firing process_down nginx: process nginx is not running"],
  ],
  [
    "a name longer than the kernel keeps",
    { 7: { name: "tocsin-watched-", command: ["/opt/tocsin-watched-program"] } },
    { name: "tocsin-watched-program" },
    [],
  ],
  ["… and no command line to be seen", { 7: { name: "tocsin-watched-" } }, { name: "tocsin-watched-program" }, []],
  [
    "a script under its interpreter",
    { 7: { name: "python3", command: ["/usr/bin/python3.11", "/opt/app/worker.py", "-v"] } },
    { name: "worker.py" },
    [],
  ],
  ["a name with brackets", { 7: { name: "odd) name (" } }, { name: "odd) name (" }, []],
  [
    "by its command line",
    {
      7: { name: "java", command: ["java", "-cp", "kafka.jar", "Main"] },
      8: { name: "java", command: ["java", "zoo"] },
    },
    { name: "java", command: "*kafka*", max: 1 },
    [],
  ],
  [
    "by another command line",
    { 8: { name: "java", command: ["java", "zoo"] } },
    { name: "java", command: "*kafka*" },
    ["firing process_down java: process java is not running"],
  ],
  [
    "of another user",
    { 7: { name: "sshd", uid: 1000 } },
    { name: "sshd", user: "0" },
    ["firing process_down sshd: process sshd is not running"],
  ],
  [
    "too few",
    { 7: { name: "w" } },
    { name: "w", min: 2 },
    ["firing process_down w: 1 processes w are running, at least 2 wanted"],
  ],
  [
    "too many",
    { 7: { name: "w" }, 8: { name: "w" }, 9: { name: "w" } },
    { name: "w", max: 2 },
    ["firing process_down w: 3 processes w are running, at most 2 wanted"],
  ],
])("a watched process: %s", ([, processes, watch, expected]) => {
  const { context, told, clock } = rig();
  createProcessWatch(context, { files: proc(processes), focus: new ProcessFocus(0) }, [watchOf(watch)]).tick(
    clock.now(),
  );
  expect(told()).toEqual(expected);
});

test("stopped and started: told after its `for`, and cleared at once", () => {
  const { context, told, clock } = rig();
  const files = proc({ 1: { name: "init" }, 7: { name: "nginx" } });
  const watch = createProcessWatch(context, { files, focus: new ProcessFocus(0) }, [
    watchOf({ name: "nginx", forMs: 5000 }),
  ]);
  const round = (): string[] => {
    clock.advance(2000);
    watch.tick(clock.now());
    return told();
  };
  expect([round(), round(), round(), round()]).toEqual([[], [], [], []]);
  const running = new Map(files.contents);
  for (const path of files.contents.keys()) if (path.startsWith("/proc/7/")) files.contents.delete(path);
  expect([round(), round(), round()]).toEqual([[], [], []]);
  expect(round()).toEqual(["firing process_down nginx: process nginx is not running"]);
  for (const [path, text] of running) files.contents.set(path, text);
  expect(round()).toEqual(["resolved process_down nginx: process nginx is not running"]);
});

test("a host whose /proc cannot be read for a while: nothing is told of anybody, and once in the log", () => {
  const { context, told, clock, lines } = rig();
  const files = proc({ 1: { name: "init" }, 7: { name: "nginx" } });
  const watch = createProcessWatch(context, { files, focus: new ProcessFocus(0) }, [watchOf({ name: "nginx" })]);
  const round = (): string[] => {
    clock.advance(10_000);
    watch.tick(clock.now());
    return told();
  };
  round();
  const all = new Map(files.contents);
  // Names, and nothing behind them: the system has no file descriptor left. Then not even names.
  for (const path of files.contents.keys()) files.contents.set(path, "");
  expect([round(), round()]).toEqual([[], []]);
  files.contents.clear();
  expect([round(), round()]).toEqual([[], []]);
  for (const [path, text] of all) files.contents.set(path, text);
  expect(round()).toEqual([]);
  expect(lines).toHaveLength(1);
});

test("a process that another one's number was given to is not overlooked", () => {
  const { context, told, clock } = rig();
  const files = proc({ 7: { name: "cron", start: 1 } });
  const watch = createProcessWatch(context, { files, focus: new ProcessFocus(0) }, [
    watchOf({ name: "nginx", forMs: 1 }),
  ]);
  for (let index = 0; index < 5; index++) watch.tick(clock.now());
  for (const [path, text] of proc({ 7: { name: "nginx", start: 2 } }).contents) files.contents.set(path, text);
  clock.advance(1000);
  watch.tick(clock.now());
  expect(told()).toEqual([]);
});

test("a port that answers, is closed, and answers again", async () => {
  const { context, told, clock } = rig();
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const common = { severity: "critical" as const, forMs: 0 };
  const watch = createPortWatch(context, { host: "127.0.0.1", port, everyMs: 1000, timeoutMs: 1000, ...common });
  const value = (): number | undefined => context.table.metrics()[0]?.points[0]?.value;
  watch.tick(clock.now());
  await until(() => value() === 1);
  await new Promise<void>((done) => server.close(() => done()));
  clock.advance(1000);
  watch.tick(clock.now());
  await until(() => value() === 0);
  expect(told()).toEqual([
    `firing port_closed 127.0.0.1:${port}: port 127.0.0.1:${port} is not reachable: connection refused`,
  ]);
  const again = createServer().listen(port, "127.0.0.1");
  clean.push(() => new Promise<void>((done) => again.close(() => done())));
  await new Promise<void>((done) => again.on("listening", done));
  clock.advance(1000);
  watch.tick(clock.now());
  await until(() => value() === 1);
  expect(told()).toHaveLength(1);
});

test("a port that never answers is given up in time", async () => {
  const { context, told, clock } = rig();
  // TEST-NET-1: no host has it, and packets to it are dropped or refused.
  const watch = createPortWatch(context, {
    host: "192.0.2.1",
    port: 9,
    everyMs: 1000,
    timeoutMs: 500,
    severity: "major",
    forMs: 0,
  });
  watch.tick(clock.now());
  clock.advance(500);
  await until(() => context.table.metrics()[0]?.points[0]?.value === 0);
  expect(told()[0]).toMatch(
    /^firing port_closed 192\.0\.2\.1:9: port 192\.0\.2\.1:9 (does not answer|is not reachable)/,
  );
});

const SHOW = `Id=nginx.service
Names=nginx.service www.service
LoadState=loaded
ActiveState=active
SubState=running
Result=success
NRestarts=2
Type=forking
ControlGroup=/system.slice/nginx.service

Id=nonsense.service
LoadState=not-found
ActiveState=inactive
SubState=dead
ControlGroup=
`;

test("what systemctl shows", () => {
  const units = parseShow(SHOW);
  expect(units.get("nginx.service")).toEqual({
    loadState: "loaded",
    activeState: "active",
    subState: "running",
    result: "success",
    restarts: 2,
    controlGroup: "/system.slice/nginx.service",
    type: "forking",
  });
  expect(units.get("www.service")).toBe(units.get("nginx.service"));
  expect(parseShow("")).toEqual(new Map());
});

test("a unit: no question while its control group has processes, one when it has none, and the reason is told", async () => {
  const { context, told, clock } = rig();
  const events = "/sys/fs/cgroup/system.slice/nginx.service/cgroup.events";
  const files = new RecordedHostFiles({ [events]: "populated 1\nfrozen 0\n" });
  let state = parseShow(SHOW).get("nginx.service")!;
  let questions = 0;
  const show = (): Promise<Map<string, UnitState>> => {
    questions++;
    return Promise.resolve(new Map([["nginx.service", state]]));
  };
  const watch = createUnitWatch(context, files, [{ name: "nginx.service", severity: "critical", forMs: 0 }], show);
  const rounds = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      watch.tick(clock.now());
      await Promise.resolve();
      await Promise.resolve();
      clock.advance(10_000);
    }
  };
  await rounds(6);
  expect(questions).toBe(1);
  expect(told()).toEqual([]);
  files.contents.delete(events);
  state = { ...state, activeState: "failed", result: "exit-code" };
  await rounds(1);
  expect(told()).toEqual(["firing unit_down nginx.service: unit nginx.service is failed (exit-code)"]);
  await rounds(5);
  // It is asked on once a minute, not at each round.
  expect(questions).toBeLessThanOrEqual(3);
  files.contents.set(events, "populated 1\n");
  state = { ...state, activeState: "active", result: "success" };
  await rounds(6);
  expect(told().at(-1)).toMatch(/^resolved/);
});

test.for<[string, Partial<UnitState>, string]>([
  [
    "unknown to systemd",
    { loadState: "not-found", activeState: "inactive" },
    "unit nginx.service is not-found on this host",
  ],
  ["stopped by hand", { activeState: "inactive", result: "success" }, "unit nginx.service is inactive"],
])("a unit that is %s", async ([, change, summary]) => {
  const { context, told, clock } = rig();
  const state = { ...parseShow(SHOW).get("nginx.service")!, ...change };
  const show = (): Promise<Map<string, UnitState>> => Promise.resolve(new Map([["nginx.service", state]]));
  createUnitWatch(
    context,
    new RecordedHostFiles({}),
    [{ name: "nginx.service", severity: "critical", forMs: 0 }],
    show,
  ).tick(clock.now());
  await Promise.resolve();
  await Promise.resolve();
  expect(told()).toEqual([`firing unit_down nginx.service: ${summary}`]);
});

test("a host without systemd: said once, and nothing is told of the unit", async () => {
  const { context, told, clock, lines } = rig();
  const show = (): Promise<never> => Promise.reject(new Error("there is no systemctl"));
  const watch = createUnitWatch(
    context,
    new RecordedHostFiles({}),
    [{ name: "a.service", severity: "critical", forMs: 0 }],
    show,
  );
  for (let round = 0; round < 20; round++) {
    watch.tick(clock.now());
    await Promise.resolve();
    await Promise.resolve();
    clock.advance(10_000);
  }
  expect(told()).toEqual([]);
  expect(lines).toHaveLength(1);
});

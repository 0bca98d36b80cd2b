import { createSocket } from "node:dgram";
import { expect, onTestFinished, test } from "vitest";
import { RecordedHostFiles } from "../../test/support/recorded-host-files.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { systemClock } from "../clock.ts";
import { askNtpd, parseSystemVariables } from "./ntpd.ts";
import { SeriesTable } from "./series-table.ts";
import { createTimeSyncCollector, type TimeServices } from "./time-sync.ts";
import type { Tracking } from "./tracking.ts";

const GOOD: Tracking = { synchronized: true, offsetSeconds: 0.5, errorSeconds: 0.6, estimatedErrorSeconds: 0.1 };
const BUS = "/run/dbus/system_bus_socket";
const TIMESYNCD = "/run/systemd/timesync";
const TIMEDATED = "/usr/share/dbus-1/system-services/org.freedesktop.timedate1.service";

function rig(paths: readonly string[], services: Partial<TimeServices> = {}) {
  const clock = new VirtualClock();
  const table = new SeriesTable();
  const asked: string[] = [];
  const asks =
    <T>(name: string, answer: T) =>
    (): Promise<T> => {
      asked.push(name);
      return Promise.resolve(answer);
    };
  const all: TimeServices = {
    chrony: asks("chrony", GOOD),
    ntpd: asks("ntpd", { ...GOOD, estimatedErrorSeconds: Number.NaN }),
    timesyncd: asks("timesyncd", GOOD),
    timedated: asks("timedated", false),
    ...services,
  };
  const there = new Set(paths);
  const context = { files: new RecordedHostFiles({}), table };
  const collector = createTimeSyncCollector(context, { clock, exists: (path) => there.has(path), services: all });
  const round = async (): Promise<Record<string, number>> => {
    clock.advance(20_000);
    collector.sample(clock.now());
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    return Object.fromEntries(
      table
        .metrics()
        .flatMap(({ points }) => points)
        .filter(({ at }) => at === clock.now())
        .map(({ name, value }) => [name.replace("system.linux.time.", ""), value]),
    );
  };
  return { round, asked, there };
}

test.for<[name: string, paths: string[], asked: string, seen: Record<string, number>]>([
  [
    "chronyd",
    ["/run/chrony/chronyd.pid", BUS, TIMESYNCD],
    "chrony",
    { synchronized: 1, offset: 0.5, error: 0.6, estimated_error: 0.1 },
  ],
  ["ntpd, which may not say all", ["/run/ntpd.pid", BUS], "ntpd", { synchronized: 1, offset: 0.5, error: 0.6 }],
  ["timesyncd", [TIMESYNCD, BUS], "timesyncd", { synchronized: 1, offset: 0.5, error: 0.6, estimated_error: 0.1 }],
  ["another service, of which only the kernel's mark is seen", [BUS, TIMEDATED], "timedated", { synchronized: 0 }],
  ["timesyncd without a bus: its mark", [TIMESYNCD, `${TIMESYNCD}/synchronized`], "", { synchronized: 1 }],
  ["timesyncd without a bus, never synchronised", [TIMESYNCD], "", { synchronized: 0 }],
  ["nobody who knows", [BUS], "", {}],
])("%s", async ([, paths, wanted, seen]) => {
  const { round, asked } = rig(paths);
  expect(await round()).toEqual(seen);
  expect(asked).toEqual(wanted === "" ? [] : [wanted]);
});

test.for<[string, string[], number]>([
  ["chronyd, at each third round of ten seconds", ["/run/chronyd.pid"], 30],
  ["the bus, once a minute", [TIMESYNCD, BUS], 10],
  ["timedated, which has to be started, every ten minutes", [BUS, TIMEDATED], 1],
])("how often: %s", async ([, paths, wanted]) => {
  const { round, asked } = rig(paths);
  for (let index = 0; index < 30; index++) expect(await round()).toHaveProperty("synchronized");
  expect(asked.length).toBe(wanted);
});

test("a service that does not answer any more: its numbers are not held", async () => {
  let answer: Tracking | null = GOOD;
  const { round } = rig(["/run/chronyd.pid"], { chrony: () => Promise.resolve(answer) });
  expect(await round()).toHaveProperty("offset");
  answer = null;
  await round();
  expect(await round()).toEqual({});
});

test("timesyncd that answers nothing on the bus: its mark", async () => {
  const { round } = rig([TIMESYNCD, `${TIMESYNCD}/synchronized`, BUS], { timesyncd: () => Promise.resolve(null) });
  expect(await round()).toEqual({ synchronized: 1 });
});

function variables(text: string, change: Partial<{ mode: number; operation: number }> = {}): Buffer {
  const head = Buffer.alloc(12);
  head.set([change.mode ?? 0x16, change.operation ?? 0x82]);
  head.writeUInt16BE(text.length, 10);
  return Buffer.concat([head, Buffer.from(text)]);
}

test.for<[name: string, bytes: Buffer, wanted: unknown]>([
  [
    "of ntp.org's",
    variables("leap=00, stratum=2, rootdelay=20.0, rootdisp=5.0, offset=-1.5,\r\nclk_jitter=0.25"),
    { synchronized: true, offsetSeconds: -0.0015, errorSeconds: 0.0165, estimatedErrorSeconds: 0.00025 },
  ],
  [
    "that has found no server",
    variables("leap=11, stratum=16, rootdelay=0.000, rootdisp=3.1, offset=0.000000, clk_jitter=0.001"),
    { synchronized: false, offsetSeconds: 0, errorSeconds: 0.0031, estimatedErrorSeconds: 0.000001 },
  ],
  [
    "that knows no clk_jitter",
    variables("leap=0, stratum=1, rootdelay=0, rootdisp=1e0, offset=+2"),
    { synchronized: true, offsetSeconds: 0.002, errorSeconds: 0.003, estimatedErrorSeconds: Number.NaN },
  ],
  ["an error", variables("", { operation: 0xc2 }), null],
  ["a question", variables("stratum=2", { operation: 0x02 }), null],
  ["time instead of variables", variables("stratum=2", { mode: 0x24 }), null],
  ["words", variables("hello"), null],
  ["less than a header", Buffer.from([0x16, 0x82]), null],
])("the variables of an ntpd %s", ([, bytes, wanted]) => {
  expect(parseSystemVariables(bytes)).toEqual(wanted);
});

test("ntpd is asked with one packet, and a host without one answers nothing", async () => {
  const socket = createSocket("udp4");
  onTestFinished(() => void socket.close());
  const asked: Buffer[] = [];
  socket.on("message", (question, { port }) => {
    asked.push(question);
    socket.send(variables("stratum=3, leap=0, offset=1, rootdelay=0, rootdisp=0, clk_jitter=0"), port, "127.0.0.1");
  });
  await new Promise<void>((done) => {
    socket.bind(0, "127.0.0.1", done);
  });
  expect(await askNtpd(systemClock, socket.address().port)).toMatchObject({ offsetSeconds: 0.001 });
  expect(asked[0]?.toString("latin1")).toBe(
    `\u0016\u0002\u0000\u0001\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0031leap,stratum,rootdelay,rootdisp,offset,clk_jitter\u0000\u0000\u0000`,
  );
});

import { createServer } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  BusDouble,
  type BusMethods,
  writeBusMessage,
  writeBusValues,
  type Written,
} from "../../test/support/bus-double.ts";
import { systemClock } from "../clock.ts";
import { decodeMessage, encodeCall, messageLength } from "./bus-message.ts";
import { BusReader, type BusValue, NotDbus } from "./bus-value.ts";
import { onBus } from "./system-bus.ts";
import { lookAtUnits, showUnits, type UnitQuestions } from "./systemd.ts";
import { askTimedated, askTimesyncd } from "./time-services.ts";

test.for<[signature: string, values: Written[], read?: unknown]>([
  ["s", ["nginx.service"]],
  ["ss", ["", "käse"]],
  [
    "ybnqiuxtdsog",
    [7, true, -2, 65_535, -3, 4_000_000_000, -5n, 6n, 1.5, "text", "/path", "a(ss)"],
    [7, true, -2, 65_535, -3, 4_000_000_000, -5, 6, 1.5, "text", "/path", "a(ss)"],
  ],
  ["as", [["a", "bc", "def"]]],
  ["aas", [[["a"], [], ["b"]]]],
  [
    "a(so)u",
    [
      [
        ["one", "/1"],
        ["three", "/3"],
      ],
      9,
    ],
  ],
  ["a(ty)", [[]]],
  ["v", [{ type: "as", value: ["x"] }], [["x"]]],
  [
    "a{sv}",
    [
      [
        ["Leap", { type: "u", value: 3 }],
        ["Name", { type: "v", value: { type: "s", value: "y" } }],
      ],
    ],
    [
      [
        ["Leap", 3],
        ["Name", "y"],
      ],
    ],
  ],
  ["(yay)", [[1, [2, 3]]], [[1, Buffer.from([2, 3])]]],
])("values of the signature %s", ([signature, values, read = values]) => {
  expect(new BusReader(writeBusValues(signature, values), { little: true }).values(signature)).toEqual(read);
});

test("numbers of a host whose bytes stand the other way", () => {
  const bytes = Buffer.from("00000001fffffffe00000003666f6f00000000000000002a", "hex");
  expect(new BusReader(bytes, { little: false }).values("uist")).toEqual([1, -2, "foo", 42]);
});

test.for<[name: string, signature: string, hex: string]>([
  ["a text that is longer than its message", "s", "ff00000061626300"],
  ["an array that is longer than its message", "as", "ffffff7f00000000"],
  ["an array that ends within a value", "au", "0600000001000000020000000"],
  ["a list of structures of nothing, which would never end", "a()", "0800000000000000000000000000000000"],
  ["a structure that is not closed", "(ss", "01000000610001000000610000"],
  ["a type that there is not", "z", "00000000"],
  ["a variant of two values", "v", "0275750001000000020000000"],
  ["a variant of nothing", "v", "0000"],
  ["an array of nothing", "a", "00000000"],
  ["too many arrays in each other", `${"a".repeat(40)}u`, "00000000"],
  ["too many structures in each other", `${"(".repeat(40)}u${")".repeat(40)}`, "00000000"],
  ["variants without end", "v", "017600".repeat(80)],
])("%s is refused", ([, signature, hex]) => {
  const bytes = Buffer.from(hex, "hex");
  expect(() => new BusReader(bytes, { little: true }).values(signature)).toThrow(NotDbus);
});

test("a call, byte for byte as the specification has it", () => {
  const call = { destination: "a.b", path: "/c", interface: "d.e", member: "F", arguments: ["x", "yz"] };
  const bytes = encodeCall(call, 5, false);
  expect(messageLength(bytes)).toBe(bytes.length);
  expect(bytes.toString("hex")).toBe(
    [
      "6c010201 0f000000 05000000 48000000",
      "01016f00 02000000 2f630000 00000000",
      "02017300 03000000 642e6500 00000000",
      "03017300 01000000 46000000 00000000",
      "06017300 03000000 612e6200 00000000",
      "08016700 02737300",
      "01000000 78000000 02000000 797a00",
    ]
      .join("")
      .replaceAll(" ", ""),
  );
});

const answer = (signature: string, values: Written[]): Buffer =>
  writeBusMessage({
    kind: 2,
    serial: 9,
    fields: [
      [5, { type: "u", value: 3 }],
      [8, { type: "g", value: signature }],
    ],
    body: writeBusValues(signature, values),
  });

test("an answer and an error", () => {
  expect(decodeMessage(answer("su", ["a", 1]))).toEqual({ kind: "answer", answers: 3, error: "", values: ["a", 1] });
  const fields: Written[] = [
    [5, { type: "u", value: 4 }],
    [4, { type: "s", value: "org.x.Denied" }],
    [8, { type: "g", value: "s" }],
  ];
  const error = writeBusMessage({ kind: 3, serial: 1, fields, body: writeBusValues("s", ["not you"]) });
  expect(decodeMessage(error)).toMatchObject({ kind: "error", answers: 4, error: "org.x.Denied: not you" });
});

const units = (count: number): Written[] =>
  Array.from({ length: count }, (_, index) => [
    `unit-${String(index).padStart(3, "0")}.service`,
    "What it is",
    index === 1 ? "not-found" : "loaded",
    index === 2 ? "failed" : "active",
    index === 2 ? "failed" : "running",
    "",
    `/org/freedesktop/systemd1/unit/u${index}`,
    0,
    "",
    "/",
  ]);

const SYSTEMD: BusMethods = {
  "org.freedesktop.systemd1.Manager.ListUnits": () => ({ type: "a(ssssssouso)", values: [units(100)] }),
  "org.freedesktop.systemd1.Manager.LoadUnit": ([name]) => ({
    type: "o",
    values: [`/unit/${String(name).replaceAll(/\W/g, "_")}`],
  }),
  "org.freedesktop.DBus.Properties.Get": ([kind, property], path) => {
    const values: Record<string, Written> = {
      "Service.Type": { type: "s", value: "notify" },
      "Service.NRestarts": { type: "u", value: path.endsWith("u7") ? 3 : 0 },
      "Service.Result": { type: "s", value: "exit-code" },
      "Service.ControlGroup": { type: "s", value: "/system.slice/a.service" },
      "Unit.LoadState": { type: "s", value: "loaded" },
      "Unit.ActiveState": { type: "s", value: "failed" },
      "Unit.SubState": { type: "s", value: "failed" },
    };
    const value = values[`${String(kind).replace("org.freedesktop.systemd1.", "")}.${String(property)}`];
    return value === undefined
      ? { error: "org.freedesktop.DBus.Error.UnknownProperty" }
      : { type: "v", values: [value] };
  },
};

const ALL: UnitQuestions = { unitsMax: 50, wants: () => true, wantsType: () => true, wantsRestarts: () => true };

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-bus-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "bus");
}

async function double(
  methods: BusMethods,
  spoil?: (bytes: Buffer) => Buffer,
): Promise<{ path: string; bus: BusDouble }> {
  const path = place();
  const bus = await BusDouble.start(path, methods, spoil);
  onTestFinished(() => bus.stop());
  return { path, bus };
}

test("systemd's units: those that are loaded, the first of too many, with what was asked", async () => {
  const { path } = await double(SYSTEMD);
  const look = await lookAtUnits(systemClock, ALL, path);
  if ("error" in look) throw new Error(look.error);
  expect(Object.fromEntries(look.counts)).toEqual({ active: 98, failed: 1 });
  expect([look.units.length, look.leftOut]).toEqual([50, 49]);
  expect(look.units.find(({ name }) => name === "unit-002.service")).toMatchObject({
    activeState: "failed",
    type: "notify",
  });
  expect(look.units.find(({ name }) => name === "unit-007.service")).toMatchObject({ restarts: 3 });
});

test("a unit that is shown, and one whose kind lacks what services have", async () => {
  const { path } = await double(SYSTEMD);
  const found = await showUnits(systemClock, ["a.service", "b.target"], path);
  const common = { loadState: "loaded", activeState: "failed", subState: "failed" };
  expect(Object.fromEntries(found)).toEqual({
    "a.service": {
      ...common,
      result: "exit-code",
      restarts: 0,
      controlGroup: "/system.slice/a.service",
      type: "notify",
    },
    "b.target": { ...common, result: "", restarts: 0, controlGroup: "", type: "" },
  });
});

test("nobody there: an error, at once", async () => {
  expect(await lookAtUnits(systemClock, ALL, place())).toEqual({ error: expect.stringContaining("ENOENT") });
  const { path } = await double({});
  expect(await lookAtUnits(systemClock, ALL, path)).toEqual({ error: "org.freedesktop.DBus.Error.UnknownMethod" });
  await expect(showUnits(systemClock, ["a.service"], path)).rejects.toThrow("UnknownMethod");
});

test("a bus that says no, or speaks something else", async () => {
  const refusing = await double(SYSTEMD, () => Buffer.from("REJECTED EXTERNAL\r\n"));
  expect(await lookAtUnits(systemClock, ALL, refusing.path)).toEqual({
    error: "the bus does not let us in: REJECTED EXTERNAL",
  });
  const path = place();
  const server = createServer((socket) => socket.on("error", () => undefined).end("x".repeat(5000)));
  await new Promise<void>((done) => {
    server.listen(path, done);
  });
  onTestFinished(() => void server.close());
  expect(await lookAtUnits(systemClock, ALL, path)).toEqual({ error: "what listens there is no message bus" });
});

test("whatever byte of an answer is wrong: an answer or an error, never a throw, never without end", async () => {
  const good = answer("a(ssssssouso)", [units(3)]);
  let refused = 0;
  for (let at = 0; at < good.length; at++)
    for (const byte of [0x00, 0x01, 0x7f, 0xff]) {
      const bytes = Buffer.from(good);
      bytes[at] = byte;
      try {
        if (messageLength(bytes) === bytes.length) decodeMessage(bytes);
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(NotDbus);
        refused++;
      }
    }
  expect(refused).toBeGreaterThan(100);
  for (let length = 16; length < good.length; length++)
    expect(messageLength(good.subarray(0, length))).toBe(good.length);
});

test("spoiled on the way: the session ends with an error", async () => {
  let count = 0;
  const { path } = await double(SYSTEMD, (bytes) => (++count < 3 ? bytes : Buffer.alloc(bytes.length, 0xff)));
  expect(await lookAtUnits(systemClock, ALL, path)).toEqual({ error: "what came is no message of D-Bus" });
  const { path: huge } = await double(SYSTEMD, (bytes) => {
    if (bytes[0] === 108) bytes.writeUInt32LE(0x7fff_ffff, 4);
    return bytes;
  });
  expect(await lookAtUnits(systemClock, ALL, huge)).toEqual({
    error: expect.stringMatching(/^a message of 2147\d+ bytes$/),
  });
});

test("an answer in pieces, and several in one", async () => {
  const { path } = await double(SYSTEMD);
  const looked = await onBus({ clock: systemClock, path }, (bus) =>
    Promise.all(
      [1, 2, 3].map(() =>
        bus.call({
          destination: "org.freedesktop.systemd1",
          path: "/",
          interface: "org.freedesktop.systemd1.Manager",
          member: "ListUnits",
          arguments: [],
        }),
      ),
    ),
  );
  if ("error" in looked) throw new Error(looked.error);
  for (const each of looked.result) expect("values" in each && (each.values[0] as BusValue[]).length).toBe(100);
});

const AT = 1_772_000_000;
const micro = (seconds: number): number => Math.round(seconds * 1_000_000);
/** Sent at AT by our clock, which is a tenth of a second behind; 10 ms each way. */
const ntpMessage = (change: Partial<Record<number, Written>> = {}): BusMethods => ({
  "org.freedesktop.DBus.Properties.Get": ([, property]) => {
    const message: Written[] = [
      0,
      4,
      4,
      2,
      -20,
      20_000,
      5000,
      [1, 2, 3, 4],
      micro(AT),
      micro(AT + 0.11),
      micro(AT + 0.111),
      micro(AT + 0.021),
      false,
      7,
      900,
    ];
    const value = message.map((each, index) => change[index] ?? each);
    return property === "NTPMessage"
      ? { type: "v", values: [{ type: "(uuuuittayttttbtt)", value }] }
      : { type: "v", values: [{ type: "b", value: true }] };
  },
});

test("timesyncd's last packet: offset, greatest error with its age, and whether the clock counts as synchronised", async () => {
  const clock = (now: number) => ({ ...systemClock, now: () => now * 1000 });
  const { path } = await double(ntpMessage());
  const fresh = await askTimesyncd(clock(AT + 0.021), path);
  expect(fresh).toEqual({
    synchronized: true,
    offsetSeconds: expect.closeTo(0.1, 6),
    errorSeconds: expect.closeTo(0.1 + 0.01 + 0.01 + 0.005, 6),
    estimatedErrorSeconds: 0.0009,
  });
  // 500 millionths a second: sixteen seconds after nine hours.
  expect(await askTimesyncd(clock(AT + 1000), path)).toMatchObject({
    synchronized: true,
    errorSeconds: expect.closeTo(0.527, 3),
  });
  expect(await askTimesyncd(clock(AT + 33_000), path)).toMatchObject({ synchronized: false });
  // It takes away what it found: nothing is raised for what is long gone.
  expect((await askTimesyncd(clock(AT + 256), path))?.offsetSeconds).toBeCloseTo(0.1 / Math.E, 3);
  const { path: stepped } = await double(ntpMessage({ 9: micro(AT + 9), 10: micro(AT + 9) }));
  expect(await askTimesyncd(clock(AT), stepped)).toMatchObject({ synchronized: true, offsetSeconds: 0 });
  const { path: spike } = await double(ntpMessage({ 12: true }));
  expect(await askTimesyncd(clock(AT), spike)).toMatchObject({
    offsetSeconds: Number.NaN,
    errorSeconds: expect.closeTo(0.0259, 3),
  });
  const { path: alarm } = await double(ntpMessage({ 0: 3 }));
  expect(await askTimesyncd(clock(AT), alarm)).toMatchObject({ synchronized: false });
  const { path: none } = await double(ntpMessage({ 13: 0 }));
  expect(await askTimesyncd(clock(AT), none)).toBeNull();
  expect(await askTimesyncd(clock(AT), place())).toBeNull();
});

test("timedated: what the kernel holds of its clock", async () => {
  const { path } = await double(ntpMessage());
  expect(await askTimedated(systemClock, path)).toBe(true);
  expect(await askTimedated(systemClock, place())).toBeNull();
});

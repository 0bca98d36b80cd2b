import { createSocket } from "node:dgram";
import * as fc from "fast-check";
import snmp from "net-snmp";
import { expect, test } from "vitest";
import type { Clock } from "../../port/clock.ts";
import { RecordingPorts } from "../../../test/support/bare-ingest.ts";
import { mutatedBytes } from "../../../test/support/mutation.ts";
import { waitFor } from "../../../test/support/tocsin-process.ts";
import { startSnmp } from "./listener.ts";

const realClock: Clock = {
  now: () => Date.UTC(2026, 2, 1, 10),
  monotonic: () => performance.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs);
    return () => clearTimeout(timer);
  },
};
const HERE = { host: "127.0.0.1", port: 0 };
const LINK_DOWN = "1.3.6.1.6.3.1.1.5.3";
const INDEX = (n: number) => [{ oid: `1.3.6.1.2.1.2.2.1.1.${n}`, type: snmp.ObjectType.Integer, value: n }];
const USER = {
  name: "monitor",
  authentication: { protocol: "sha256" as const, key: "authentication-key" },
  privacy: { protocol: "aes" as const, key: "privacy-key-long" },
};

const first = (ports: RecordingPorts<Clock>, count: number): Promise<string[] | undefined> =>
  waitFor(() => (ports.events.length >= count ? ports.events.map(({ instance }) => instance) : undefined), 5000);

type Call = (error: Error | null) => void;
const sent = (send: (call: Call) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    send((error) => (error === null ? resolve() : reject(error)));
  });

test("versions 1 and 2c, and an inform that is answered", async () => {
  const ports = new RecordingPorts<Clock>(realClock);
  const listener = await startSnmp(ports, { ...HERE, communities: ["public"] });
  const one = snmp.createSession("127.0.0.1", "public", { version: snmp.Version1, trapPort: listener.port });
  await sent((call) => one.trap(snmp.TrapType.LinkDown, INDEX(1) as never, "10.0.0.1" as never, call as never));
  const two = snmp.createSession("127.0.0.1", "public", { version: snmp.Version2c, trapPort: listener.port });
  await sent((call) => two.trap(LINK_DOWN, INDEX(2) as never, call as never));
  await sent((call) => two.inform(LINK_DOWN, INDEX(3) as never, call as never));
  expect(await first(ports, 3)).toEqual(["1", "2", "3"]);
  expect(ports.events.map(({ ci }) => ci)).toEqual(["10.0.0.1", "127.0.0.1", "127.0.0.1"]);
  one.close();
  two.close();
  await listener.close();
});

test("version 3 with authentication and privacy", async () => {
  const ports = new RecordingPorts<Clock>(realClock);
  const listener = await startSnmp(ports, { ...HERE, users: [USER] });
  const session = snmp.createV3Session(
    "127.0.0.1",
    {
      name: USER.name,
      level: snmp.SecurityLevel.authPriv,
      authProtocol: snmp.AuthProtocols.sha256,
      authKey: USER.authentication.key,
      privProtocol: snmp.PrivProtocols.aes,
      privKey: USER.privacy.key,
    },
    { version: snmp.Version3, trapPort: listener.port },
  );
  await sent((call) => session.trap(LINK_DOWN, INDEX(7) as never, call as never));
  expect(await first(ports, 1)).toEqual(["7"]);
  session.close();
  await listener.close();
});

/** `snmptrap -v 3 -u old -l authPriv -a MD5 -A authentication-key -x DES -X privacy-key-long … linkDown, ifIndex 13`. */
const OF_SNMPTRAP = [
  "3081ab0201033011020439e76748020300ffe30401030201030431302f0408800000000102030402010102034be9ed04036f",
  "6c64040c4ad8e43e7b976826a59d9407040800000101b925d7c2046044ac4598860eeb2b6c3e8141a5f6a4be82c3878aab8a",
  "b2cbb145549063c5b7c425752d4ebf431336d3efdb420d43300259fbc65ca46395dff683ce4a96ea4b37cca11b47b4127331",
  "d0ebd6b2d4c05e9008a442631714e5bdae6f9777e7cb30a9",
].join("");

test("version 3 with DES, as net-snmp's own snmptrap sends it, and an inform that is answered", async () => {
  const ports = new RecordingPorts<Clock>(realClock);
  const authentication = { protocol: "md5" as const, key: "authentication-key" };
  const privacy = { protocol: "des" as const, key: "privacy-key-long" };
  const listener = await startSnmp(ports, { ...HERE, users: [{ name: "old", authentication, privacy }] });
  const socket = createSocket("udp4");
  socket.send(Buffer.from(OF_SNMPTRAP, "hex"), listener.port, "127.0.0.1");
  expect(await first(ports, 1)).toEqual(["13"]);
  const session = snmp.createV3Session(
    "127.0.0.1",
    {
      name: "old",
      level: snmp.SecurityLevel.authPriv,
      authProtocol: snmp.AuthProtocols.md5,
      authKey: authentication.key,
      privProtocol: snmp.PrivProtocols.des,
      privKey: privacy.key,
    },
    { version: snmp.Version3, trapPort: listener.port },
  );
  await sent((call) => session.inform(LINK_DOWN, INDEX(8) as never, call as never));
  expect(await first(ports, 2)).toEqual(["13", "8"]);
  session.close();
  socket.close();
  await listener.close();
});

test("another community, and version 3 without a user, are refused", async () => {
  const ports = new RecordingPorts<Clock>(realClock);
  const listener = await startSnmp(ports, { ...HERE, communities: ["secret"], users: [USER] });
  const two = snmp.createSession("127.0.0.1", "public", { version: snmp.Version2c, trapPort: listener.port });
  await sent((call) => two.trap(LINK_DOWN, INDEX(2) as never, call as never));
  const three = snmp.createV3Session(
    "127.0.0.1",
    { name: "", level: snmp.SecurityLevel.noAuthNoPriv },
    {
      version: snmp.Version3,
      trapPort: listener.port,
    },
  );
  await sent((call) => three.trap(LINK_DOWN, INDEX(3) as never, call as never));
  const refused = () => ports.counts.get("tocsin_ingest_dropped_total snmp unauthorised");
  expect(await waitFor(() => (refused() === 2 ? true : undefined), 5000)).toBe(true);
  expect(ports.events).toEqual([]);
  two.close();
  three.close();
  await listener.close();
});

const LEVELS = snmp.SecurityLevel;

test.for<[situation: string, change: object, reason: string]>([
  ["a user that nobody set up", { name: "nobody" }, 'user "nobody": the user is not known'],
  [
    "another authentication password",
    { authKey: "another-password" },
    'user "monitor": another authentication password or protocol',
  ],
  [
    "another privacy password",
    { privKey: "another-password" },
    'user "monitor": another privacy password or protocol, or another authentication protocol',
  ],
  ["no privacy", { level: LEVELS.authNoPriv }, 'user "monitor": its messages must be encrypted'],
  ["no authentication", { level: LEVELS.noAuthNoPriv }, 'user "monitor": its messages must be authentic'],
])("the log tells whom version 3 refuses, and why: %s", async ([, change, reason]) => {
  const ports = new RecordingPorts<Clock>(realClock);
  const listener = await startSnmp(ports, { ...HERE, users: [USER] });
  const session = snmp.createV3Session(
    "127.0.0.1",
    {
      name: USER.name,
      level: LEVELS.authPriv,
      authProtocol: snmp.AuthProtocols.sha256,
      authKey: USER.authentication.key,
      privProtocol: snmp.PrivProtocols.aes,
      privKey: USER.privacy.key,
      ...change,
    },
    { version: snmp.Version3, trapPort: listener.port },
  );
  await sent((call) => session.trap(LINK_DOWN, INDEX(7) as never, call as never));
  const told = await waitFor(() => (ports.warnings.length > 0 ? ports.warnings : undefined), 5000);
  expect(told).toEqual([{ message: "an SNMP trap is refused", fields: { from: "127.0.0.1", reason } }]);
  expect(ports.events).toEqual([]);
  session.close();
  await listener.close();
});

test("the log tells an unknown community without its name, and an address that is not listed", async () => {
  const ports = new RecordingPorts<Clock>(realClock);
  const listener = await startSnmp(ports, { ...HERE, communities: ["public"] });
  const session = snmp.createSession("127.0.0.1", "s3cret", { version: snmp.Version2c, trapPort: listener.port });
  await sent((call) => session.trap(LINK_DOWN, INDEX(2) as never, call as never));
  await waitFor(() => (ports.warnings.length > 0 ? true : undefined), 5000);
  expect(ports.warnings[0]?.fields).toEqual({ from: "127.0.0.1", reason: "the community is not known" });
  session.close();
  await listener.close();
});

test("mutations of a good packet are taken or dropped, and the listener goes on", async () => {
  const ports = new RecordingPorts<Clock>(realClock);
  const listener = await startSnmp(ports, { ...HERE, communities: ["public"] });
  const catcher = createSocket("udp4");
  await new Promise<void>((resolve) => {
    catcher.bind(0, "127.0.0.1", resolve);
  });
  const good = new Promise<Buffer>((resolve) => {
    catcher.once("message", resolve);
  });
  const session = snmp.createSession("127.0.0.1", "public", {
    version: snmp.Version2c,
    trapPort: catcher.address().port,
  });
  await sent((call) => session.trap(LINK_DOWN, INDEX(2) as never, call as never));
  const packets = fc.sample(mutatedBytes(await good), 500);
  for (const packet of packets) {
    catcher.send(packet, listener.port, "127.0.0.1");
    await new Promise(setImmediate);
  }
  const two = snmp.createSession("127.0.0.1", "public", { version: snmp.Version2c, trapPort: listener.port });
  await sent((call) => two.trap(LINK_DOWN, INDEX(99) as never, call as never));
  const found = await waitFor(() => (ports.events.some(({ instance }) => instance === "99") ? true : undefined), 5000);
  expect(found).toBe(true);
  session.close();
  two.close();
  catcher.close();
  await listener.close();
});

test("what comes from an address that is not listed is dropped and counted", async () => {
  const ports = new RecordingPorts<Clock>(realClock);
  const listener = await startSnmp(ports, { ...HERE, communities: ["public"], sources: ["10.0.0.0/8"] });
  const two = snmp.createSession("127.0.0.1", "public", { version: snmp.Version2c, trapPort: listener.port });
  await sent((call) => two.trap(LINK_DOWN, INDEX(2) as never, call as never));
  const dropped = () => ports.counts.get("tocsin_ingest_dropped_total snmp notAllowed");
  expect(await waitFor(() => (dropped() === 1 ? true : undefined), 5000)).toBe(true);
  expect(ports.events).toEqual([]);
  two.close();
  await listener.close();
});

test("invented engines and users cost next to nothing: no key is derived for a stranger, and the password is hashed once", async () => {
  const ports = new RecordingPorts<Clock>(realClock);
  const listener = await startSnmp(ports, { ...HERE, users: [USER] });
  const catcher = createSocket("udp4");
  await new Promise<void>((resolve) => {
    catcher.bind(0, "127.0.0.1", resolve);
  });
  const caught = new Promise<Buffer>((resolve) => {
    catcher.once("message", resolve);
  });
  const security = {
    name: USER.name,
    level: snmp.SecurityLevel.authNoPriv,
    authProtocol: snmp.AuthProtocols.sha256,
    authKey: "a wrong password",
  };
  const engineID = "8000abcdef0123456789";
  const session = snmp.createV3Session("127.0.0.1", security, {
    version: snmp.Version3,
    trapPort: catcher.address().port,
    engineID,
  });
  await sent((call) => session.trap(LINK_DOWN, INDEX(7) as never, call as never));
  const packet = await caught;
  const at = packet.indexOf(Buffer.from(engineID, "hex"));
  expect(at).toBeGreaterThan(0);
  const before = process.cpuUsage();
  const count = 1000;
  for (let engine = 0; engine < count; engine += 1) {
    const forged = Buffer.from(packet);
    forged.writeUInt32BE(engine, at + 4);
    if (engine % 2 === 1) forged.write("monitoX", packet.indexOf(USER.name));
    catcher.send(forged, listener.port, "127.0.0.1");
    await new Promise(setImmediate);
  }
  const refused = () => ports.counts.get("tocsin_ingest_dropped_total snmp unauthorised") ?? 0;
  expect(await waitFor(() => (refused() > count * 0.9 ? true : undefined), 5000)).toBe(true);
  const { user, system } = process.cpuUsage(before);
  // The library alone hashes a megabyte for each: 1,000 of them are seconds.
  expect((user + system) / 1000 / count).toBeLessThan(1);
  session.close();
  catcher.close();
  await listener.close();
});

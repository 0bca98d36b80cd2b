import { createServer } from "node:http";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import type { WireEvent } from "../../../protocol/agent-event.ts";
import { RecordedHostFiles } from "../../../test/support/recorded-host-files.ts";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import { createSockets, readSockets } from "../../discover/socket-table.ts";
import { createLog } from "../../log.ts";
import { certificateFacts, SeenCertificates } from "./certificate-facts.ts";
import { createChangeWatch, statePathOf } from "./changes.ts";
import { imageFacts } from "./image-facts.ts";
import { diffFacts, detail, type Facts, type FactSource, summarize } from "./facts.ts";
import { fileFacts, writtenFacts } from "./file-facts.ts";
import { bootFacts, portFacts, udpPortFacts, unitFacts } from "./host-facts.ts";
import { inventoryFacts } from "./inventory-facts.ts";
import { apkReader, dpkgReader, type PackageReader, packageFacts, parseRpmList } from "./packages.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-changes-"));
  folders.push(folder);
  return folder;
};

const parse = (reader: PackageReader, text: string): Facts => {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(10, start);
    reader.line(bytes, start, end);
    start = end + 1;
  }
  return reader.facts;
};

test.for<[string, (text: string) => Facts, string, Facts]>([
  [
    "dpkg: installed ones only, whatever the order of a stanza's other lines",
    (text) => parse(dpkgReader(), text),
    "Package: curl\nStatus: install ok installed\nDescription: x\n Version: no\nVersion: 7.88\n\nPackage: old\nStatus: deinstall ok config-files\nVersion: 1\n\n",
    { curl: "7.88" },
  ],
  [
    "apk",
    (text) => parse(apkReader(), text),
    "C:Q1\nP:musl\nV:1.2.4-r2\n\nP:busybox\nV:1.36\n\n",
    { musl: "1.2.4-r2", busybox: "1.36" },
  ],
  ["rpm", parseRpmList, "bash 5.2-1.fc40\nglibc 2.39-2\n\n", { bash: "5.2-1.fc40", glibc: "2.39-2" }],
])("packages of %s", ([, read, text, expected]) => {
  expect(read(text)).toEqual(expected);
});

test("before and after, in words", () => {
  const changes = diffFacts({ a: "1", b: "1", c: "1" }, { b: "2", c: "1", d: "", constructor: "x" });
  expect(changes.map((change) => change.name)).toEqual(["a", "b", "constructor", "d"]);
  expect(summarize("package", changes)).toBe("4 packages changed: a gone, b 1 → 2, constructor new (x), …");
  expect(summarize("package", changes.slice(1, 2))).toBe("package changed: b 1 → 2");
  expect(detail(changes, 20)).toBe("a gone\nb 1 → 2\nand 2 more");
});

function rig(folder: string, sources: FactSource[]) {
  const sent: WireEvent[] = [];
  const lines: string[] = [];
  const clock = new VirtualClock();
  let id = 0;
  const watch = createChangeWatch(
    {
      clock,
      log: createLog(
        "warn",
        (line) => lines.push(line),
        () => 0,
      ),
      ci: "web-1",
      nextId: () => String(id++),
      send: (event) => sent.push(event),
      folder,
    },
    sources,
    60_000,
  );
  const look = async (): Promise<string[]> => {
    clock.advance(60_000);
    await watch.look();
    return sent.splice(0).map((event) => event.summary);
  };
  return { look, sent, lines, watch };
}

test("the first look tells nothing, a restart of the agent tells nothing, a restart of the host is told", async () => {
  const folder = newFolder();
  const files = new RecordedHostFiles({
    "/proc/sys/kernel/random/boot_id": "one\n",
    "/proc/sys/kernel/osrelease": "6.1\n",
  });
  expect(await rig(folder, [bootFacts(files)]).look()).toEqual([]);
  const second = rig(folder, [bootFacts(files)]);
  expect(await second.look()).toEqual([]);
  files.contents.set("/proc/sys/kernel/random/boot_id", "two\n");
  files.contents.set("/proc/sys/kernel/osrelease", "6.2\n");
  expect(await second.look()).toEqual(["host restarted, kernel 6.1 → 6.2"]);
  expect(await second.look()).toEqual([]);
});

test("a listener that stays is told at the second look, one that passes is not, and clients' ports are none", async () => {
  const line = (port: number, state: string, address = "00000000"): string =>
    `   0: ${address}:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 ${state} 0 0\n`;
  const files = new RecordedHostFiles({ "/proc/self/net/tcp": `head\n${line(22, "0A")}` });
  const { look } = rig(newFolder(), [portFacts(() => readSockets(files))]);
  expect(await look()).toEqual([]);
  files.contents.set(
    "/proc/self/net/tcp",
    `head\n${line(22, "0A")}${line(8080, "0A", "0100007F")}${line(50_000, "0A")}${line(443, "01")}`,
  );
  expect(await look()).toEqual([]);
  expect(await look()).toEqual(["listening port changed: port 8080 new (loopback)"]);
  files.contents.set("/proc/self/net/tcp", `head\n${line(22, "0A")}`);
  expect(await look()).toEqual([]);
  files.contents.set("/proc/self/net/tcp", `head\n${line(22, "0A")}${line(8080, "0A", "0100007F")}`);
  expect([await look(), await look()]).toEqual([[], []]);
});

test("a watched certificate that was renewed; one that cannot be reached is what it was", async () => {
  const folder = newFolder();
  const seen = new SeenCertificates();
  const path = statePathOf(folder, "certificates");
  const { look } = rig(folder, [certificateFacts(seen, ["www", "db"], path)]);
  const ends = Date.UTC(2026, 5, 1);
  seen.see("www", { fingerprint: "AB:CD:EF:01:23:45:67:89", endsAt: ends });
  // The other was not looked at yet.
  expect(await look()).toEqual([]);
  seen.see("db", null);
  expect([await look(), await look()]).toEqual([[], []]);
  seen.see("www", { fingerprint: "0f:0f:0f:0f:0f:0f:0f:0f", endsAt: ends + 86_400_000 * 30 });
  expect([await look(), await look()]).toEqual([
    [],
    ["certificate changed: www abcdef012345 until 2026-06-01 → 0f0f0f0f0f0f until 2026-07-01"],
  ]);
  // After a restart, while it does not answer.
  const later = new SeenCertificates();
  const { look: lookLater } = rig(folder, [certificateFacts(later, ["www", "db"], path)]);
  later.see("www", null);
  later.see("db", null);
  for (let round = 0; round < 3; round++) expect(await lookLater()).toEqual([]);
});

test("the image of a container, from the runtime where it may be asked, and asked when the containers are others", async () => {
  const folder = newFolder();
  const path = join(folder, "docker.sock");
  const files = new RecordedHostFiles({});
  let running: unknown = [];
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    response.writeHead(request.url === "/containers/json" ? 200 : 404).end(JSON.stringify(running));
  });
  const { look } = rig(folder, [imageFacts(files, [path])]);
  expect([await look(), asked]).toEqual([[], 0]);
  await new Promise<void>((done) => {
    server.listen(path, done);
  });
  onTestFinished(() => void server.close());
  const group = (id: string): string => `/sys/fs/cgroup/system.slice/docker-${id.repeat(64)}.scope/cgroup.procs`;
  const container = (name: string, image: string, id: string): unknown => ({
    Names: [`/${name}`],
    Image: image,
    ImageID: `sha256:${id.repeat(64)}`,
  });
  running = [container("web", "nginx:1.25", "a"), { Names: [], Image: 7 }, null];
  files.contents.set(group("1"), "7\n");
  expect([await look(), await look(), asked]).toEqual([[], [], 1]);
  running = [container("web", "nginx:1.26", "b")];
  files.contents.delete(group("1"));
  files.contents.set(group("2"), "8\n");
  expect([await look(), await look()]).toEqual([
    [],
    ["container image changed: web nginx:1.25 (aaaaaaaaaaaa) → nginx:1.26 (bbbbbbbbbbbb)"],
  ]);
});

test("a runtime that answers nonsense: said, and nothing is told", async () => {
  const folder = newFolder();
  const path = join(folder, "docker.sock");
  const server = createServer((_, response) => response.end('{"message":"no"}'));
  await new Promise<void>((done) => {
    server.listen(path, done);
  });
  onTestFinished(() => void server.close());
  const source = imageFacts(new RecordedHostFiles({}), [path]);
  await expect(source.read()).rejects.toThrow("answers no list of containers");
  await expect(imageFacts(new RecordedHostFiles({}), [join(folder, "none")]).read()).resolves.toEqual({});
});

test("what cannot be read for a while has not changed", async () => {
  const cgroup = "/sys/fs/cgroup/system.slice/nginx.service/cgroup.procs";
  const contents = {
    "/proc/sys/kernel/random/boot_id": "a-b-c\n",
    "/proc/sys/kernel/osrelease": "6.1.0\n",
    "/proc/meminfo": "MemTotal: 4000000 kB\n",
    "/proc/cpuinfo": "processor : 0\nmodel name : X\n",
    "/proc/self/net/tcp": "head\n   0: 00000000:0016 00000000:0000 0A 0 0\n",
    "/proc/self/net/udp": "head\n   0: 00000000:0035 00000000:0000 07 0 0 0 0 0 7 2\n",
    [cgroup]: "7\n",
  };
  const files = new RecordedHostFiles(contents);
  const clock = new VirtualClock();
  const sockets = createSockets(files, clock);
  const { look: each } = rig(newFolder(), [
    bootFacts(files),
    inventoryFacts(files),
    portFacts(sockets),
    udpPortFacts(sockets),
    unitFacts(files),
  ]);
  const look = (): Promise<string[]> => {
    clock.advance(60_000);
    return each();
  };
  for (let round = 0; round < 4; round++) expect(await look()).toEqual([]);
  files.contents.clear();
  for (let round = 0; round < 4; round++) expect(await look()).toEqual([]);
  for (const [path, text] of Object.entries(contents)) files.contents.set(path, text);
  for (let round = 0; round < 4; round++) expect(await look()).toEqual([]);
});

test("a UDP port that somebody listens on; ports that a name server asks from come and go and are none", async () => {
  const line = (port: number, inode: number, state = "07"): string =>
    `   0: 00000000:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 ${state} 0 0 0  0        0 ${inode} 2\n`;
  const files = new RecordedHostFiles({});
  const clock = new VirtualClock();
  const { look: each } = rig(newFolder(), [udpPortFacts(createSockets(files, clock))]);
  let inode = 100;
  const look = async (...ports: string[]): Promise<string[]> => {
    clock.advance(60_000);
    const passing = line(5000 + inode, inode++);
    files.contents.set("/proc/self/net/udp", ["head\n", ...ports, passing, line(40_000, 9)].join(""));
    return each();
  };
  const dns = line(53, 1);
  for (let round = 0; round < 4; round++) expect(await look(dns)).toEqual([]);
  const snmp = line(161, 2);
  expect([await look(dns, snmp), await look(dns, snmp)]).toEqual([[], []]);
  expect(await look(dns, snmp)).toEqual(["listening UDP port changed: port 161/udp new (all addresses)"]);
  expect([await look(dns), await look(dns)]).toEqual([[], ["listening UDP port changed: port 161/udp gone"]]);
  for (let round = 0; round < 3; round++) expect(await look(dns)).toEqual([]);
});

test("units that run and that start at boot; those made for one run do not count", async () => {
  const files = new RecordedHostFiles({ "/sys/fs/cgroup/system.slice/nginx.service/cgroup.procs": "" });
  const { look } = rig(newFolder(), [unitFacts(files)]);
  await look();
  files.contents.set("/sys/fs/cgroup/system.slice/run-u12.service/cgroup.procs", "");
  files.contents.set("/etc/systemd/system/multi-user.target.wants/nginx.service", "");
  files.contents.delete("/sys/fs/cgroup/system.slice/nginx.service/cgroup.procs");
  expect([await look(), await look()]).toEqual([
    [],
    ["2 units changed: nginx.service gone, nginx.service at boot new (enabled)"],
  ]);
});

test("a file's content is told by hash, never as it is", async () => {
  const folder = newFolder();
  const watched = join(folder, "conf.d");
  mkdirSync(watched);
  writeFileSync(join(watched, "a.conf"), "password = hunter2\n");
  const { look, sent } = rig(newFolder(), [fileFacts([join(watched, "*.conf")])]);
  await look();
  writeFileSync(join(watched, "a.conf"), "password = hunter3 \n");
  writeFileSync(join(watched, "b.conf"), "x");
  await look();
  const [summary = ""] = await look();
  expect(summary).toMatch(/^2 files changed: .*a\.conf [0-9a-f]{12} → [0-9a-f]{12}, .*b\.conf new/);
  expect(JSON.stringify(sent)).not.toContain("hunter");
});

test("hardware: a disk and memory came, and what the kernel makes itself is none", async () => {
  const files = new RecordedHostFiles({
    "/proc/cpuinfo": "processor\t: 0\nmodel name\t: Fast CPU\n\nprocessor\t: 1\nmodel name\t: Fast CPU\n",
    "/proc/meminfo": "MemTotal:       16300000 kB\n",
    "/sys/block/loop0/size": "8\n",
    "/sys/class/net/eth0/address": "00:00:5e:00:53:01\n",
  });
  const { look } = rig(newFolder(), [inventoryFacts(files)]);
  await look();
  files.contents.set("/proc/meminfo", "MemTotal:       16290000 kB\n");
  files.contents.set("/sys/block/sdb/size", "2000000000\n");
  files.contents.set("/sys/class/net/veth1/address", "x\n");
  expect([await look(), await look()]).toEqual([[], ["part changed: disk sdb new (1024 GB)"]]);
});

test("a schedule is told by when it was written", async () => {
  const folder = newFolder();
  const { look } = rig(newFolder(), [writtenFacts("cron", "schedule", [join(folder, "*")])]);
  await look();
  writeFileSync(join(folder, "backup"), "0 3 * * * root backup");
  await look();
  expect(await look()).toEqual([
    expect.stringMatching(/^schedule changed: .*backup new \(written 2\d{3}-.*, 21 bytes\)$/),
  ]);
});

test("one kind that cannot be seen disturbs no other, and is told once", async () => {
  const broken: FactSource = {
    name: "broken",
    check: "x",
    noun: "x",
    settles: false,
    fingerprint: () => "x",
    read: () => Promise.reject(new Error("no such table")),
  };
  const files = new RecordedHostFiles({ "/proc/sys/kernel/random/boot_id": "one\n" });
  const { look, lines } = rig(newFolder(), [broken, bootFacts(files)]);
  await look();
  files.contents.set("/proc/sys/kernel/random/boot_id", "two\n");
  expect(await look()).toHaveLength(1);
  expect(lines).toHaveLength(1);
});

test("this host's own packages can be read", async () => {
  const source = packageFacts();
  if (source.fingerprint() === null) return;
  expect(Object.keys(await source.read()).length).toBeGreaterThan(10);
});

import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Observation } from "../../protocol/observation.ts";
import { RecordedHostFiles } from "../../test/support/recorded-host-files.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import type { HttpAnswer } from "../send/transport.ts";
import { addressOfHex, isMany } from "./address.ts";
import { findContainers } from "./containers.ts";
import { Discovery } from "./discovery.ts";
import { addressesOf, virtualisationOf } from "./platform.ts";
import { createSockets } from "./socket-table.ts";

test.for([
  ["0100007F", "127.0.0.1"],
  ["070200C0", "192.0.2.7"],
  ["0000000000000000FFFF0000070200C0", "192.0.2.7"],
  ["00000000000000000000000001000000", "::1"],
  ["00000000000000000000000000000000", "::"],
  ["B80D0120000000000000000007000000", "2001:db8::7"],
  ["B80D0120010000000100000000000000", "2001:db8:0:1:0:1::"],
  ["xyz", ""],
] as const)("the kernel's %s is %s", ([hex, text]) => {
  expect(addressOfHex(hex)).toBe(text);
});

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
/** A line of /proc/net/tcp, addresses dotted. */
function line(local: string, remote: string, state: string, { uid = 0, inode = 0 } = {}): string {
  const hex = (text: string): string => {
    const [address = "", port = ""] = text.split(":");
    const bytes = address.split(".").reverse();
    return `${bytes.map((byte) => Number(byte).toString(16).padStart(2, "0")).join("")}:${Number(port).toString(16).padStart(4, "0")}`.toUpperCase();
  };
  return `   0: ${hex(local)} ${hex(remote)} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0 100 0 0 10 0\n`;
}
const LISTEN = "0A";
const UP = "01";
const CLOSING = "06";

interface Bench {
  discovery: Discovery;
  clock: VirtualClock;
  files: RecordedHostFiles;
  sent: Observation[];
  answer: (status: number) => void;
  /** One look and what comes of it. */
  look: () => Promise<void>;
  lines: string[];
}

function bench(contents: Record<string, string>, owners: Record<string, number> = {}): Bench {
  const files = new RecordedHostFiles(contents);
  const clock = new VirtualClock();
  const sent: Observation[] = [];
  const lines: string[] = [];
  let status = 202;
  const discovery = new Discovery({
    files,
    sockets: createSockets(files, clock),
    clock,
    log: createLog(
      "debug",
      (text) => lines.push(text),
      () => clock.now(),
    ),
    collectors: {
      send: async ({ body }) => {
        sent.push(JSON.parse(gunzipSync(body![0]!).toString()) as Observation);
        const answer: HttpAnswer = { kind: "answer", status, headers: {}, body: Buffer.from("") } as never;
        return { answer, url: "http://collector" };
      },
    },
    agentId: "id",
    ci: "web-1",
    hostName: "web-1",
    everyMs: 60_000,
    probedPorts: [9999],
    owner: (path) => owners[path] ?? null,
    addresses: () => ["192.0.2.1"],
  });
  return {
    discovery,
    clock,
    files,
    sent,
    lines,
    answer: (next) => (status = next),
    look: async () => {
      discovery.tick();
      clock.advance(60_000);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    },
  };
}

const WEB = {
  "/proc/self/net/tcp": [
    HEAD,
    line("0.0.0.0:80", "0.0.0.0:0", LISTEN, { inode: 1 }),
    line("0.0.0.0:22", "0.0.0.0:0", LISTEN, { inode: 2 }),
    line("127.0.0.1:8080", "0.0.0.0:0", LISTEN, { uid: 500, inode: 3 }),
    line("192.0.2.1:80", "198.51.100.9:40000", UP, { inode: 10 }),
    line("192.0.2.1:80", "198.51.100.9:40001", UP, { inode: 11 }),
    line("192.0.2.1:22", "198.51.100.8:50000", UP, { inode: 12 }),
    line("192.0.2.1:41000", "192.0.2.7:5432", UP, { uid: 33, inode: 13 }),
    line("192.0.2.1:41001", "192.0.2.7:5432", UP, { uid: 33, inode: 14 }),
    line("192.0.2.1:41002", "192.0.2.8:6379", CLOSING),
    line("192.0.2.1:41003", "192.0.2.9:9999", CLOSING),
    line("192.0.2.1:41004", "192.0.2.3:8430", UP, { inode: 77 }),
    line("127.0.0.1:41005", "127.0.0.1:8080", UP, { uid: 33, inode: 15 }),
    line("127.0.0.1:8080", "127.0.0.1:41005", UP, { uid: 500, inode: 16 }),
  ].join(""),
  "/proc/100/comm": "nginx\n",
  "/proc/101/comm": "php-fpm8.2\n",
  "/proc/102/comm": "java\n",
  "/proc/102/cmdline": "java\u0000-Xmx1g\u0000-jar\u0000/srv/shop-api-1.4.2.jar\u0000",
  "/proc/101/cgroup": "0::/system.slice/php8.2-fpm.service\n",
};
const OWNERS = { "/proc/100": 0, "/proc/101": 33, "/proc/102": 500 };

test("without privileges: programs by owner and usual port, neighbours by address, our own sockets left out", async () => {
  const { look, sent, files } = bench(WEB, OWNERS);
  files.links.set("/proc/self/fd/9", "socket:[77]");
  await look();
  expect(sent).toHaveLength(1);
  const [seen] = sent;
  expect(seen).toMatchObject({ ci: "web-1", addresses: ["192.0.2.1"], ports: [22, 80, 8080], looks: 1 });
  expect(seen?.programs).toEqual([
    { name: "nginx", kind: "service", product: "nginx", unit: "", ports: [80], udpPorts: [] },
    { name: "shop-api", kind: "service", product: "", unit: "", ports: [8080], udpPorts: [] },
  ]);
  expect(seen?.peers).toEqual([
    { direction: "in", address: "198.51.100.9", port: 80, transport: "tcp", program: "nginx", looks: 1 },
    { direction: "out", address: "192.0.2.7", port: 5432, transport: "tcp", program: "php-fpm8.2", looks: 1 },
    { direction: "out", address: "192.0.2.8", port: 6379, transport: "tcp", program: "", looks: 1 },
    { direction: "out", address: "127.0.0.1", port: 8080, transport: "tcp", program: "php-fpm8.2", looks: 1 },
  ]);
});

test("with privileges: the program of each socket by its descriptors", async () => {
  const { look, sent, files } = bench(WEB, { "/proc/100": 0, "/proc/101": 33, "/proc/102": 0 });
  files.links.set("/proc/102/fd/5", "socket:[3]");
  files.links.set("/proc/102/fd/6", "socket:[13]");
  await look();
  expect(sent[0]?.programs.map((each) => each.name)).toContain("shop-api");
  expect(sent[0]?.peers.find((each) => each.port === 5432)?.program).toBe("shop-api");
});

const UDP = {
  "/proc/self/net/udp": [
    HEAD,
    line("0.0.0.0:53", "0.0.0.0:0", "07", { uid: 53, inode: 20 }),
    line("0.0.0.0:40123", "0.0.0.0:0", "07", { uid: 53, inode: 21 }),
    line("192.0.2.1:53", "198.51.100.9:5353", UP, { uid: 53, inode: 22 }),
    line("192.0.2.1:41000", "192.0.2.7:514", UP, { uid: 33, inode: 23 }),
    line("192.0.2.1:41001", "239.1.2.3:5000", UP, { inode: 24 }),
    line("192.0.2.1:41002", "255.255.255.255:67", UP, { inode: 25 }),
    line("127.0.0.1:41003", "127.0.0.1:323", UP, { inode: 77 }),
  ].join(""),
  "/proc/100/comm": "named\n",
  "/proc/101/comm": "logger\n",
};

test("UDP: who has said whom it speaks with, and who is open to everybody on a port of its own", async () => {
  const { look, sent, files } = bench(UDP, { "/proc/100": 53, "/proc/101": 33 });
  files.links.set("/proc/self/fd/9", "socket:[77]");
  await look();
  expect(sent[0]?.ports).toEqual([]);
  expect(sent[0]?.programs).toEqual([
    { name: "named", kind: "service", product: "bind", unit: "", ports: [], udpPorts: [53] },
  ]);
  expect(sent[0]?.peers).toEqual([
    { direction: "in", address: "198.51.100.9", port: 53, transport: "udp", program: "named", looks: 1 },
    { direction: "out", address: "192.0.2.7", port: 514, transport: "udp", program: "logger", looks: 1 },
  ]);
});

test.for<[string, boolean]>([
  ["192.0.2.1", false],
  ["224.0.0.1", true],
  ["239.255.255.250", true],
  ["240.0.0.1", false],
  ["255.255.255.255", true],
  ["ff02::fb", true],
  ["2001:db8::1", false],
  ["fe80::1", false],
])("%s is many: %s", ([address, wanted]) => {
  expect(isMany(address)).toBe(wanted);
});

const UNIX = "Num       RefCount Protocol Flags    Type St Inode Path\n";
const unix = (path: string, listens = true): string =>
  `0000000000000000: 00000002 00000000 ${listens ? "00010000" : "00000000"} 0001 ${listens ? "01" : "03"} 4711 ${path}\n`;

test("a database that listens on a Unix socket only is found by its path and its process", async () => {
  const { look, sent } = bench(
    {
      "/proc/self/net/unix": [
        UNIX,
        unix("/run/postgresql/.s.PGSQL.5432"),
        unix("/run/mysqld/mysqld.sock"),
        unix("/run/redis/redis-server.sock", false),
        unix("@/tmp/dbus-x"),
        unix(""),
        "nonsense\n",
      ].join(""),
      "/proc/100/comm": "postgres\n",
      "/proc/101/comm": "redis-server\n",
    },
    { "/proc/100": 105, "/proc/101": 106 },
  );
  await look();
  expect(sent[0]?.programs).toEqual([
    { name: "postgres", kind: "database", product: "postgresql", unit: "", ports: [], udpPorts: [] },
  ]);
});

test("what is known is told every five looks; what is new until it is sure; looks add up while nobody takes them", async () => {
  const { look, sent, files, answer } = bench(WEB, OWNERS);
  answer(503);
  await look();
  await look();
  answer(202);
  await look();
  expect(sent.map((each) => each.looks)).toEqual([1, 2, 3]);
  expect(sent.at(-1)?.peers.find((each) => each.port === 5432)?.looks).toBe(3);
  for (let count = 0; count < 5; count++) await look();
  expect(sent.map((each) => each.looks)).toEqual([1, 2, 3, 5]);
  files.contents.set("/proc/self/net/tcp", WEB["/proc/self/net/tcp"] + line("192.0.2.1:42000", "192.0.2.20:25", UP));
  await look();
  expect(sent.at(-1)?.peers.map((each) => each.address)).toContain("192.0.2.20");
  files.contents.set("/proc/self/net/tcp", HEAD);
  for (let count = 0; count < 12; count++) await look();
  expect(sent.at(-1)).toMatchObject({ peers: [], ports: [], programs: [] });
});

test("an older collector without observations is left alone for an hour, and told about once", async () => {
  const { look, sent, answer, lines } = bench(WEB, OWNERS);
  answer(404);
  for (let count = 0; count < 59; count++) await look();
  expect(sent).toHaveLength(1);
  expect(lines.filter((text) => text.includes("does not take"))).toHaveLength(1);
  for (let count = 0; count < 3; count++) await look();
  expect(sent).toHaveLength(2);
});

const ID = "3f2a".repeat(16);
test.for<[string, Record<string, string>, object[]]>([
  [
    "docker on systemd",
    { [`/sys/fs/cgroup/system.slice/docker-${ID}.scope/cgroup.procs`]: "7" },
    [{ id: "3f2a3f2a3f2a", runtime: "docker" }],
  ],
  [
    "docker without",
    { [`/sys/fs/cgroup/docker/${ID}/cgroup.procs`]: "7" },
    [{ id: "3f2a3f2a3f2a", runtime: "docker" }],
  ],
  [
    "kubernetes with containerd",
    {
      [`/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-${ID}.scope/x`]:
        "",
    },
    [{ id: "3f2a3f2a3f2a", runtime: "containerd" }],
  ],
  [
    "podman without root",
    { [`/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/x`]: "" },
    [{ id: "3f2a3f2a3f2a", runtime: "podman" }],
  ],
  [
    "lxc",
    { "/sys/fs/cgroup/lxc.payload.mail/x": "", "/sys/fs/cgroup/system.slice/x": "" },
    [{ id: "mail", runtime: "lxc" }],
  ],
  [
    "a guest of libvirt",
    { "/sys/fs/cgroup/machine.slice/machine-qemu\\x2d3\\x2dweb\\x2d01.scope/x": "" },
    [{ id: "web-01", runtime: "qemu" }],
  ],
  [
    "control groups of version 1",
    { [`/sys/fs/cgroup/memory/docker/${ID}/x`]: "" },
    [{ id: "3f2a3f2a3f2a", runtime: "docker" }],
  ],
  ["none", { "/sys/fs/cgroup/system.slice/ssh.service/cgroup.procs": "1" }, []],
])("containers: %s", ([, contents, expected]) => {
  const found = findContainers(new RecordedHostFiles(contents), 100);
  expect(found.map(({ id, runtime }) => ({ id, runtime }))).toEqual(expected);
});

test("a container with a network of its own: what it calls counts as the host's", async () => {
  const path = `/sys/fs/cgroup/system.slice/docker-${ID}.scope/cgroup.procs`;
  const { look, sent } = bench({
    "/proc/self/net/tcp": HEAD,
    [path]: "700\n",
    "/proc/700/net/tcp": HEAD + line("172.17.0.2:5000", "192.0.2.7:5432", UP, { inode: 900 }),
  });
  await look();
  expect(sent[0]?.containers).toEqual([{ id: "3f2a3f2a3f2a", runtime: "docker" }]);
  expect(sent[0]?.peers).toEqual([
    {
      direction: "out",
      address: "192.0.2.7",
      port: 5432,
      transport: "tcp",
      program: "container-3f2a3f2a3f2a",
      looks: 1,
    },
  ]);
});

test.for([
  [{ "/sys/class/dmi/id/sys_vendor": "QEMU\n" }, "kvm"],
  [{ "/sys/class/dmi/id/sys_vendor": "VMware, Inc.\n" }, "vmware"],
  [
    {
      "/sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n",
      "/sys/class/dmi/id/product_name": "Virtual Machine\n",
    },
    "hyperv",
  ],
  [{ "/sys/class/dmi/id/sys_vendor": "Dell Inc.\n", "/proc/cpuinfo": "flags : fpu\n" }, ""],
  [{ "/proc/cpuinfo": "flags\t\t: fpu hypervisor lm\n" }, "virtual"],
] as const)("virtualisation of %j is %j", ([contents, expected]) => {
  const files = new RecordedHostFiles(contents);
  expect(virtualisationOf(files, () => false)).toBe(expected);
  expect(virtualisationOf(files, (path) => path === "/.dockerenv")).toBe("container");
});

test("addresses of bridges, of loopback and of one link are not the host's", () => {
  const of = (address: string) => [{ address, family: "IPv4", internal: false } as never];
  expect(
    addressesOf(() => ({
      lo: of("127.0.0.1"),
      eth0: [...of("192.0.2.5"), ...of("fe80::1"), ...of("2001:db8::5")],
      docker0: of("172.17.0.1"),
      "br-1f": of("172.18.0.1"),
    })),
  ).toEqual(["192.0.2.5", "2001:db8::5"]);
});

test("where the addresses cannot be asked, there are none, and discovery goes on", () => {
  const forbidden = (): never => {
    throw new Error("uv_interface_addresses returned Unknown system error 97");
  };
  expect(addressesOf(forbidden)).toEqual([]);
});

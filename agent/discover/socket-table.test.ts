import { expect, test } from "vitest";
import { RecordedHostFiles } from "../../test/support/recorded-host-files.ts";
import { readSockets, type Socket } from "./socket-table.ts";

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, "0");

/** As the kernel writes it; from ten thousand on the number in front is longer. */
function line(index: number, { local = 80, remote = "070200C0", port = 0, code = "01", uid = 33, inode = 1 }): string {
  return `${String(index).padStart(4)}: 0100000A:${hex(local, 4)} ${remote}:${hex(port, 4)} ${code} 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 1 0000000000000000 20 4 30 10 -1                    \n`;
}

function read(tcp: string[], tcp6: string[] = []): Socket[] {
  const files = new RecordedHostFiles({
    "/proc/self/net/tcp": `  sl  local_address rem_address\n${tcp.join("")}`,
    "/proc/self/net/tcp6": `  sl  local_address rem_address\n${tcp6.join("")}`,
  });
  return readSockets(files);
}

const short = ({ localPort, remoteHex, remotePort, state, count, uid, inode }: Socket): string =>
  [state, localPort, remoteHex.slice(-8), remotePort, `×${count}`, uid, inode].join(" ");

test("every column of a line, of IPv4 and IPv6", () => {
  const six = `   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0\n`;
  expect(read([line(0, { local: 41_000, port: 5432, uid: 105, inode: 99 })], [six])).toEqual([
    {
      localHex: "0100000A",
      localPort: 41_000,
      remoteHex: "070200C0",
      remotePort: 5432,
      state: "connected",
      code: "01",
      uid: 105,
      inode: "99",
      count: 1,
    },
    {
      localHex: "0".repeat(32),
      localPort: 8080,
      remoteHex: "0".repeat(32),
      remotePort: 0,
      state: "listening",
      code: "0A",
      uid: 1000,
      inode: "4711",
      count: 1,
    },
  ]);
});

test("connections of one neighbour with one port are one, by state; callers by our port, the called by theirs", () => {
  const lines = [
    line(0, { local: 80, remote: "00000000", code: "0A", inode: 5 }),
    line(1, { local: 80, port: 50_001, inode: 10 }),
    line(2, { local: 80, port: 50_002, inode: 11 }),
    line(3, { local: 80, port: 50_003, code: "06", uid: 0, inode: 0 }),
    line(4, { local: 40_001, port: 5432, inode: 12 }),
    line(5, { local: 40_002, port: 5432, inode: 13 }),
    line(6, { local: 40_003, port: 5433, inode: 14 }),
  ];
  expect(read(lines).map(short)).toEqual([
    "listening 80 00000000 0 ×1 33 5",
    "connected 80 070200C0 50001 ×2 33 10",
    "closing 80 070200C0 50003 ×1 0 0",
    "connected 40001 070200C0 5432 ×2 33 12",
    "connected 40003 070200C0 5433 ×1 33 14",
  ]);
});

test("twenty thousand connections of as many neighbours: the first four thousand, the rest by state; more are not read", () => {
  const listener = line(0, { local: 80, remote: "00000000", code: "0A" });
  const many = Array.from({ length: 25_000 }, (_, index) =>
    line(index + 1, {
      local: 80,
      remote: hex(index, 8),
      port: 50_000,
      code: index % 2 === 0 ? "01" : "06",
      inode: index,
    }),
  );
  const sockets = read([listener, ...many]);
  expect(sockets.length).toBe(4002);
  const count = (code: string): number =>
    sockets.filter((each) => each.code === code).reduce((sum, each) => sum + each.count, 0);
  expect([count("0A"), count("01"), count("06")]).toEqual([1, 10_000, 9_999]);
  expect(sockets.filter(({ state }) => state === "other").map((each) => each.count)).toEqual([8000, 8000]);
});

test.for(["", "nonsense", "   0: 0100000A", "   0: 0100000A:zzzz 00000000:0000 01", "::::", "1: : : :"])(
  "a line that is none: %j",
  (text) => {
    expect(read([`${text}\n`])).toEqual([]);
  },
);

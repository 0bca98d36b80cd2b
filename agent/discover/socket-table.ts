import type { Clock } from "../clock.ts";
import type { ByteReader } from "../sample/byte-reader.ts";
import type { HostFiles } from "../sample/host-files.ts";

/** One line of /proc/net/tcp or udp. Addresses are the kernel's hexadecimal text. */
export interface Socket {
  localHex: string;
  localPort: number;
  remoteHex: string;
  remotePort: number;
  /** other: neither a neighbour nor a listener. */
  state: "listening" | "connected" | "closing" | "other";
  /** The kernel's number of the state, two hexadecimal digits. */
  code: string;
  /** User id of the owner; 0 for a socket that is waiting to close, whoever had it. */
  uid: number;
  /** "0" for a socket that no process has any more. */
  inode: string;
}

/** More are not looked at: the first tell enough of who talks to whom. */
const SOCKETS_MAX = 20_000;
/** Less than the shortest interval between two rounds. */
const FRESH_MS = 900;
const COLON = 58;

/** By the kernel's numbers (include/net/tcp_states.h). A connection that is being made shows a need, too. */
const STATES: Readonly<Record<string, Socket["state"]>> = {
  "01": "connected",
  "02": "connected",
  "04": "connected",
  "05": "connected",
  "06": "closing",
  "08": "connected",
  "09": "closing",
  "0A": "listening",
};

/** Ports that the kernel gives to clients: a listener there is a passing thing. */
export const EPHEMERAL_FROM = 32_768;
/** Of UDP: it has no connections, but a socket may have said whom it speaks with … */
const UDP_CONNECTED = "01";
/** … or takes from everybody. */
const UDP_OPEN = "07";

/** Sockets of the agent's own network namespace, as they are or were a moment ago: of TCP, unless it is said. */
export type Sockets = (family?: Family) => readonly Socket[];
type Family = "tcp" | "udp";

/**
 * Walking its table costs the kernel some milliseconds, and three look at it once a minute each, in the same round: who comes second
 * gets what the first one read. It is not kept beyond that: garbage collection may take it at any time.
 */
export function createSockets(files: HostFiles, clock: Clock): Sockets {
  const last = new Map<Family, { atMs: number; sockets: WeakRef<Socket[]> }>();
  return (family = "tcp") => {
    const nowMs = clock.monotonic();
    const before = last.get(family);
    const known = before !== undefined && nowMs - before.atMs < FRESH_MS ? before.sockets.deref() : undefined;
    if (known !== undefined) return known;
    const sockets = family === "tcp" ? readSockets(files) : readUdpSockets(files);
    last.set(family, { atMs: nowMs, sockets: new WeakRef(sockets) });
    return sockets;
  };
}

/** UDP sockets, in TCP's words: one that is open to everybody on a port that is not a client's listens. */
function readUdpSockets(files: HostFiles): Socket[] {
  const found = readSockets(files, "self", "udp");
  for (const socket of found) {
    const { code, localPort } = socket;
    const listens = code === UDP_OPEN && localPort > 0 && localPort < EPHEMERAL_FROM;
    socket.state = code === UDP_CONNECTED ? "connected" : listens ? "listening" : "other";
  }
  return found;
}

/** Sockets of a network namespace: the agent's own, or that of the process `pid`. One read for IPv4, one for IPv6. */
export function readSockets(files: HostFiles, pid = "self", kind: Family = "tcp"): Socket[] {
  const found: Socket[] = [];
  for (const family of [kind, `${kind}6`]) {
    const reader = files.read(`/proc/${pid}/net/${family}`);
    if (reader !== null) readInto(found, reader);
  }
  return found;
}

function readInto(found: Socket[], reader: ByteReader): void {
  reader.skipLine();
  for (; !reader.atEnd && found.length < SOCKETS_MAX; reader.skipLine()) {
    reader.skipWord();
    const localHex = reader.word(COLON);
    reader.skipByte();
    const localPort = Number.parseInt(reader.word(), 16);
    const remoteHex = reader.word(COLON);
    reader.skipByte();
    const remotePort = Number.parseInt(reader.word(), 16);
    const code = reader.word();
    const state = STATES[code] ?? "other";
    for (let column = 0; column < 3; column++) reader.skipWord();
    const uid = reader.number();
    reader.skipWord();
    const inode = reader.word();
    if (!Number.isNaN(localPort) && !Number.isNaN(remotePort))
      found.push({ localHex, localPort, remoteHex, remotePort, state, code, uid, inode });
  }
}

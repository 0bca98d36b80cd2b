import type { Clock } from "../clock.ts";
import type { ByteReader } from "../sample/byte-reader.ts";
import type { HostFiles } from "../sample/host-files.ts";

/** One line of /proc/net/tcp. Addresses are the kernel's hexadecimal text. */
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

/** TCP sockets of the agent's own network namespace, as they are or were a moment ago. */
export type Sockets = () => readonly Socket[];

/**
 * Walking its table costs the kernel some milliseconds, and three look at it once a minute each, in the same round: who comes second
 * gets what the first one read. It is not kept beyond that: garbage collection may take it at any time.
 */
export function createSockets(files: HostFiles, clock: Clock): Sockets {
  let last: { atMs: number; sockets: WeakRef<Socket[]> } | null = null;
  return () => {
    const nowMs = clock.monotonic();
    const known = last !== null && nowMs - last.atMs < FRESH_MS ? last.sockets.deref() : undefined;
    if (known !== undefined) return known;
    const sockets = readSockets(files);
    last = { atMs: nowMs, sockets: new WeakRef(sockets) };
    return sockets;
  };
}

/** TCP sockets of a network namespace: the agent's own, or that of the process `pid`. One read for each family. */
export function readSockets(files: HostFiles, pid = "self"): Socket[] {
  const found: Socket[] = [];
  for (const family of ["tcp", "tcp6"]) {
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

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
/** A larger table is read anew rather than kept. */
const KEPT_MAX = 2000;
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

const kept = new WeakMap<HostFiles, { at: number; sockets: Socket[] }>();

/**
 * The agent's own table at the time of a round. Walking it costs the kernel some milliseconds, and two look at it once a minute each,
 * in the same round: the second one gets what the first one read.
 */
export function socketsAt(files: HostFiles, at: number): Socket[] {
  const known = kept.get(files);
  kept.delete(files);
  if (known?.at === at) return known.sockets;
  const sockets = readSockets(files);
  if (sockets.length <= KEPT_MAX) kept.set(files, { at, sockets });
  return sockets;
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

import type { ByteReader } from "../sample/byte-reader.ts";
import type { HostFiles } from "../sample/host-files.ts";

/** One line of /proc/net/tcp. Addresses are the kernel's hexadecimal text. */
export interface Socket {
  localHex: string;
  localPort: number;
  remoteHex: string;
  remotePort: number;
  state: "listening" | "connected" | "closing";
  /** User id of the owner; 0 for a socket that is waiting to close, whoever had it. */
  uid: number;
  /** "0" for a socket that no process has any more. */
  inode: string;
}

/** More are not looked at: the first tell enough of who talks to whom. */
const SOCKETS_MAX = 20_000;
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
    const state = STATES[reader.word()];
    if (state === undefined) continue;
    for (let column = 0; column < 3; column++) reader.skipWord();
    const uid = reader.number();
    reader.skipWord();
    const inode = reader.word();
    if (!Number.isNaN(localPort) && !Number.isNaN(remotePort))
      found.push({ localHex, localPort, remoteHex, remotePort, state, uid, inode });
  }
}

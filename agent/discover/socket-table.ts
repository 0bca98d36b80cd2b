import type { Clock } from "../clock.ts";
import type { HostFiles } from "../sample/host-files.ts";

/**
 * One line of /proc/net/tcp or udp, or several: connections in one state that lead from or to one port of one neighbour are one.
 * Addresses are the kernel's hexadecimal text.
 */
export interface Socket {
  localHex: string;
  localPort: number;
  remoteHex: string;
  remotePort: number;
  /** other: neither a neighbour nor a listener. */
  state: "listening" | "connected" | "closing" | "other";
  /** The kernel's number of the state, two hexadecimal digits. */
  code: string;
  /** User id of the owner, of the first of them; 0 for a socket that is waiting to close, whoever had it. */
  uid: number;
  /** Of the first of them; "0" for a socket that no process has any more. */
  inode: string;
  /** How many lines. */
  count: number;
}

/** More lines are not looked at: the first tell enough of who talks to whom. */
const LINES_MAX = 20_000;
/** And more that differ are counted by state alone. */
const SOCKETS_MAX = 4000;
/** Less than the shortest interval between two rounds. */
const FRESH_MS = 900;

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
  const table = new Table();
  for (const family of [kind, `${kind}6`]) {
    let isHead = true;
    files.pieces(`/proc/${pid}/net/${family}`, (lines) => {
      if (isHead) lines.skipLine();
      isHead = false;
      while (!lines.atEnd && table.take(lines.rest()));
    });
  }
  return table.sockets;
}

/** Puts lines together as they come: a server with twenty thousand connections has some hundred neighbours. */
class Table {
  readonly sockets: Socket[] = [];
  readonly #known = new Map<string, Socket>();
  /** The kernel tells of them first. */
  readonly #listening = new Set<number>();
  #lines = 0;

  /** False when no more lines are wanted. */
  take(line: string): boolean {
    if (++this.#lines > LINES_MAX) return false;
    // Number, local address:port, remote address:port, state; addresses of one family are equally long.
    const local = line.indexOf(" ") + 1;
    const localEnd = line.indexOf(":", local);
    const remote = localEnd + 6;
    const remoteEnd = remote + localEnd - local;
    const localPort = Number.parseInt(line.slice(localEnd + 1, remote - 1), 16);
    const remotePort = Number.parseInt(line.slice(remoteEnd + 1, remoteEnd + 5), 16);
    if (localEnd < 0 || Number.isNaN(localPort) || Number.isNaN(remotePort)) return true;
    const code = line.slice(remoteEnd + 6, remoteEnd + 8);
    const remoteHex = line.slice(remote, remoteEnd);
    const state = STATES[code] ?? "other";
    if (state === "listening") this.#listening.add(localPort);
    const called = this.#listening.has(localPort) ? `in ${localPort}` : `out ${remotePort}`;
    // Of UDP an open socket is a listener, and not to be put together with another.
    const isSingle = state === "listening" || state === "other";
    const key = isSingle ? "" : `${code} ${remoteHex} ${called}`;
    const known = this.#known.get(key) ?? (this.sockets.length >= SOCKETS_MAX ? this.#rest(code) : undefined);
    if (known !== undefined) {
      known.count++;
      return true;
    }
    const [uid, inode] = ownerOf(line, remoteEnd + 9);
    const localHex = line.slice(local, localEnd);
    const socket = { localHex, localPort, remoteHex, remotePort, state, code, uid, inode, count: 1 };
    this.sockets.push(socket);
    if (!isSingle) this.#known.set(key, socket);
    return true;
  }

  /** What there are too many of: one that is nobody's, for each state. */
  #rest(code: string): Socket {
    let rest = this.#known.get(code);
    if (rest === undefined) {
      rest = {
        localHex: "",
        localPort: 0,
        remoteHex: "",
        remotePort: 0,
        state: "other",
        code,
        uid: -1,
        inode: "0",
        count: 0,
      };
      this.#known.set(code, rest);
      this.sockets.push(rest);
    }
    return rest;
  }
}

/** Behind the queues, the timer and the repeats stand the owner, the time-out and the inode. */
function ownerOf(line: string, from: number): [uid: number, inode: string] {
  const words = line.slice(from).trim().split(/\s+/, 6);
  return [Number(words[3] ?? Number.NaN), words[5] ?? ""];
}

import type { Transport } from "../../protocol/observation.ts";
import { addressOfHex, isAny, isLinkLocal, isLoopback, isMany } from "./address.ts";
import { IGNORED_PORTS } from "./known-software.ts";
import type { Socket } from "./socket-table.ts";

export interface Listener {
  transport: Transport;
  port: number;
  uid: number;
  inode: string;
}

/** One neighbour, whatever the number of connections. */
export interface Neighbour {
  transport: Transport;
  direction: "out" | "in";
  address: string;
  /** The port that was called. */
  port: number;
  /** Of our end; −1 where the socket is closing and belongs to nobody any more. */
  uid: number;
  /** Of one of the connections; "0" where none has a process. */
  inode: string;
}

export interface Neighbourhood {
  /** By port; several sockets of one port count once. */
  listeners: Map<number, Listener>;
  /** By `neighbourKey`. */
  neighbours: Map<string, Neighbour>;
}

export function neighbourKey({ transport, direction, address, port }: Neighbour): string {
  return `${transport} ${direction} ${address} ${port}`;
}

/**
 * Who listens and who talks to whom, of one network namespace. A connection whose own port has a listener came in; every other
 * one went out. Of a connection within the host only the calling end counts.
 *
 * @param isOwn sockets of the agent itself, which say nothing of the host.
 */
export function neighbourhoodOf(
  sockets: readonly Socket[],
  isOwn: (socket: Socket) => boolean,
  transport: Transport = "tcp",
): Neighbourhood {
  const listeners = new Map<number, Listener>();
  for (const { state, localPort, uid, inode } of sockets)
    if (state === "listening" && !listeners.has(localPort))
      listeners.set(localPort, { transport, port: localPort, uid, inode });
  const addresses = new Map<string, string>();
  const addressOf = (hex: string): string => {
    let known = addresses.get(hex);
    if (known === undefined) addresses.set(hex, (known = addressOfHex(hex)));
    return known;
  };
  const neighbours = new Map<string, Neighbour>();
  for (const socket of sockets) {
    if (socket.state === "listening" || socket.state === "other" || isOwn(socket)) continue;
    const direction = listeners.has(socket.localPort) ? "in" : "out";
    const port = direction === "in" ? socket.localPort : socket.remotePort;
    const address = addressOf(socket.remoteHex);
    if (port === 0 || IGNORED_PORTS.has(port) || address === "") continue;
    if (isAny(address) || isLinkLocal(address) || isMany(address)) continue;
    if (direction === "in" && isLoopback(address)) continue;
    const uid = socket.state === "closing" ? -1 : socket.uid;
    const found: Neighbour = { transport, direction, address, port, uid, inode: socket.inode };
    const key = neighbourKey(found);
    const known = neighbours.get(key);
    // One that lives tells more than one that is closing.
    if (known === undefined || (known.uid === -1 && uid !== -1)) neighbours.set(key, found);
  }
  return { listeners, neighbours };
}

import type { Observation, ObservedPeer } from "../../../protocol/observation.ts";
import type { AddressBook } from "./address-book.ts";
import type { Seen } from "./sighting-book.ts";

export interface JoinContext {
  /** Whose agent told it. */
  host: string;
  addresses: AddressBook;
  /** The CI that the CMDB knows by this address; undefined where it knows none. */
  declared: (address: string) => string | undefined;
}

export interface Joined {
  seen: Seen[];
  /** Neighbours that nobody knows: strangers on the internet, addresses that several hosts claim. */
  strangers: number;
}

/** The two sides of a connection brought together: the address that one agent saw is that of another agent's host, or a CI's. */
export function join({ peers }: Pick<Observation, "peers">, context: JoinContext): Joined {
  const joined: Joined = { seen: [], strangers: 0 };
  for (const peer of peers) {
    const other = otherEnd(peer, context);
    if (other === undefined) joined.strangers++;
    else joined.seen.push(seenOf(peer, context.host, other));
  }
  return joined;
}

function otherEnd({ address }: ObservedPeer, { host, addresses, declared }: JoinContext): string | undefined {
  if (address === "::1" || address.startsWith("127.")) return host;
  return addresses.ownerOf(address, host) ?? declared(address);
}

function seenOf({ direction, port, transport, program, looks }: ObservedPeer, host: string, other: string): Seen {
  const called = { port, looks, ...(transport === "udp" ? { transport } : {}) };
  // A program of ours at the called end says nothing of the caller.
  return direction === "out"
    ? { side: "caller", from: host, to: other, program, ...called }
    : { side: "called", from: other, to: host, program: "", ...called };
}

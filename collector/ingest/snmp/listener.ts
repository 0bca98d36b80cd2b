import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import snmp from "net-snmp";
import type { IngestPorts } from "../../port/ingest.ts";
import { EventBatcher } from "../event-batcher.ts";
import { RefusalLog } from "../refusal-log.ts";
import { SourceList } from "../source-list.ts";
import { countDropped } from "../submit.ts";
import { DEFAULT_RULES } from "./default-rules.ts";
import { readTrap } from "./trap.ts";
import { type TrapRule, TrapRules } from "./trap-rule.ts";
import { makeDesWork } from "./des.ts";
import { admit, makeKeysCheap, userNameOf } from "./usm.ts";

const ADAPTER = "snmp";

/** A user of version 3 (USM). Without keys its messages are neither authenticated nor private. */
export interface SnmpUser {
  name: string;
  authentication?: { protocol: "md5" | "sha" | "sha224" | "sha256" | "sha384" | "sha512"; key: string } | undefined;
  privacy?: { protocol: "des" | "aes" | "aes256b" | "aes256r"; key: string } | undefined;
}

export interface SnmpOptions {
  /** "" = every IPv4 address. */
  host: string;
  port: number;
  /** Of versions 1 and 2c. Empty and no users: every community is taken. */
  communities?: readonly string[];
  users?: readonly SnmpUser[];
  /** Networks and addresses that are listened to; none: all. */
  sources?: readonly string[];
  /** Tried before the built-in ones. */
  rules?: readonly TrapRule[];
  /** Traps that no rule knows. Default: a warning for a quarter of an hour. */
  unknown?: "warning" | "drop";
}

export interface SnmpListener {
  port: number;
  close(): Promise<void>;
}

const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** What the library gives for a notification. */
interface Notification {
  pdu: { user?: string };
  rinfo: RemoteInfo;
}

/** SNMP traps and informs of versions 1, 2c and 3. Informs are answered by the library. */
export async function startSnmp(ports: IngestPorts, options: SnmpOptions): Promise<SnmpListener> {
  const { communities = [], users = [] } = options;
  const isOpen = communities.length === 0 && users.length === 0;
  const rules = new TrapRules({
    rules: [...(options.rules ?? []), ...DEFAULT_RULES],
    isKnownCi: (name) => ports.query.ci(name)?.known === true,
    unknown: options.unknown ?? "warning",
  });
  const batcher = new EventBatcher(ports, { adapter: ADAPTER, waitingMax: 20_000, repeatWithinMs: 10_000 });

  const log = new RefusalLog(ports, "an SNMP trap is refused");
  // The library tells what is wrong with a packet while it is given to it, and not whose it is.
  const take = (error: Error | null, notification?: Notification): void => {
    if (error !== null || notification === undefined) {
      const { reason, why } = refusalOf(error);
      countDropped(ports, ADAPTER, reason);
      log.tell(guard.from, by(userNameOf(guard.packet), why));
      return;
    }
    // The library lets an unauthenticated message of version 3 without a user's name pass; we do not.
    if (!isOpen && notification.pdu.user === "") {
      countDropped(ports, ADAPTER, "unauthorised");
      log.tell(guard.from, "version 3 without a user");
      return;
    }
    const now = ports.clock.now();
    const trap = readTrap(notification.pdu, notification.rinfo.address);
    const event = trap === undefined ? undefined : rules.read(trap, now);
    if (event === undefined) countDropped(ports, ADAPTER, trap === undefined ? "noTrap" : "noRule");
    else batcher.add(event);
  };

  const sources = new SourceList(options.sources);
  const userNames = new Set(users.map(({ name }) => name));
  makeKeysCheap();
  makeDesWork();
  const refusalOfPacket = (packet: Buffer, { address }: RemoteInfo): string | null => {
    if (!sources.allows(address)) {
      log.tell(address, "the address is not among `sources`");
      return "notAllowed";
    }
    const admission = isOpen ? "pass" : admit(packet, userNames);
    if (admission === "pass") return null;
    log.tell(address, admission === "broken" ? "no SNMP message" : by(userNameOf(packet), "the user is not known"));
    return admission === "broken" ? "badMessage" : "unauthorised";
  };
  const guard = new GuardedSocket(options, refusalOfPacket, (reason) => countDropped(ports, ADAPTER, reason));
  const receiver = snmp.createReceiver(
    {
      port: options.port,
      address: options.host,
      disableAuthorization: isOpen,
      includeAuthentication: true,
      dgramModule: { createSocket: () => guard },
    },
    take,
  ) as { getAuthorizer(): { addCommunity(name: string): void; addUser(user: object): void } };
  const authorizer = receiver.getAuthorizer();
  for (const community of communities) authorizer.addCommunity(community);
  for (const user of users) authorizer.addUser(userOf(user));
  const port = await guard.bound;
  return {
    port,
    close: async () => {
      await guard.end();
      await batcher.close();
    },
  };
}

/** What the library's words mean for whoever set up the sender. */
const WORDS: readonly [words: RegExp, reason: string, why: string][] = [
  [/community not found/i, "unauthorised", "the community is not known"],
  [/requires authentication/i, "unauthorised", "its messages must be authentic"],
  [/requires privacy/i, "unauthorised", "its messages must be encrypted"],
  [/not found/i, "unauthorised", "the user is not known"],
  [/authenticat/i, "unauthorised", "another authentication password or protocol"],
  [/decrypt/i, "badMessage", "another privacy password or protocol, or another authentication protocol"],
];

function refusalOf(error: Error | null): { reason: string; why: string } {
  const [, reason, why] = WORDS.find(([words]) => words.test(error?.message ?? "")) ?? [];
  return { reason: reason ?? "badMessage", why: why ?? "a message that cannot be read" };
}

const by = (user: string | undefined, why: string): string =>
  user === undefined || user === "" ? why : `user ${JSON.stringify(user.slice(0, 64))}: ${why}`;

function userOf({ name, authentication, privacy }: SnmpUser): object {
  const level = privacy === undefined ? (authentication === undefined ? "noAuthNoPriv" : "authNoPriv") : "authPriv";
  return {
    name,
    level: snmp.SecurityLevel[level],
    ...(authentication === undefined
      ? {}
      : { authProtocol: snmp.AuthProtocols[authentication.protocol], authKey: authentication.key }),
    ...(privacy === undefined ? {} : { privProtocol: snmp.PrivProtocols[privacy.protocol], privKey: privacy.key }),
  };
}

/**
 * The socket that the library is given in place of its own: it survives what the library throws at a broken packet,
 * chooses a free port where 0 is asked for, and has a buffer for a burst.
 */
class GuardedSocket {
  readonly bound: Promise<number>;
  /** Of the packet that the library has just now. */
  from = "";
  packet: Buffer = Buffer.alloc(0);
  private readonly socket: Socket;
  private readonly refusal: (packet: Buffer, from: RemoteInfo) => string | null;
  private readonly onFault: (reason: string) => void;

  /** @param refusal why a packet is not given to the library; null = it is. */
  constructor(
    { host, port }: { host: string; port: number },
    refusal: (packet: Buffer, from: RemoteInfo) => string | null,
    onFault: (reason: string) => void,
  ) {
    this.refusal = refusal;
    this.socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4", recvBufferSize: RECEIVE_BUFFER_BYTES });
    this.onFault = onFault;
    this.bound = new Promise((resolve, reject) => {
      this.socket.once("error", reject);
      this.socket.bind(port, host === "" ? undefined : host, () => {
        this.socket.removeListener("error", reject);
        this.socket.on("error", () => onFault("badMessage"));
        resolve(this.socket.address().port);
      });
    });
  }

  /** Called by the library for `message` and `error`; errors are handled here. */
  on(event: string, call: (...args: unknown[]) => void): this {
    if (event !== "message") return this;
    this.socket.on("message", (bytes, from) => {
      try {
        const refusal = this.refusal(bytes, from);
        this.from = from.address;
        this.packet = bytes;
        if (refusal === null) call(bytes, from);
        else this.onFault(refusal);
      } catch {
        // A packet that the library could not even refuse.
        this.onFault("badMessage");
      }
    });
    return this;
  }

  /** Already done. */
  bind(): void {}

  send(bytes: Buffer, offset: number, length: number, port: number, address: string): void {
    this.socket.send(bytes, offset, length, port, address, (error) => {
      if (error !== null) this.onFault("badMessage");
    });
  }

  address(): unknown {
    return this.socket.address();
  }

  close(call?: () => void): void {
    this.socket.close(call);
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      this.socket.close(() => resolve());
    });
  }
}

import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Milliseconds } from "../../core/model/time.ts";
import type { IngestPorts } from "../../port/ingest.ts";
import { EventBatcher } from "../event-batcher.ts";
import type { LogRule } from "../log-pattern.ts";
import { RefusalLog } from "../refusal-log.ts";
import { SourceList } from "../source-list.ts";
import { countDropped, INGEST_EVENTS } from "../submit.ts";
import { FrameReader } from "./frames.ts";
import { DEFAULT_RULES } from "./default-rules.ts";
import { LogRules } from "./log-rule.ts";
import { readSyslog } from "./message.ts";

const ADAPTER = "syslog";

export interface ListenAt {
  /** "" = every address. */
  host: string;
  port: number;
}

export interface SyslogOptions {
  udp?: ListenAt | undefined;
  tcp?: ListenAt | undefined;
  /** `clientCa`: senders must show a certificate that it has signed. PEM texts. */
  tls?: (ListenAt & { key: string; certificate: string; clientCa?: string | undefined }) | undefined;
  /** Networks and addresses that are listened to; none: all. */
  sources?: readonly string[];
  /** Tried before the built-in ones. */
  rules?: readonly LogRule[];
  /** Messages that no rule matches become events when their severity is this or worse (2: critical); -1: never. */
  unmatchedMax?: number;
  /** Bytes of the longest message. */
  messageSizeMax?: number;
  connectionsMax?: number;
  /** A connection that says nothing for so long is closed. */
  idleMs?: Milliseconds;
}

export interface SyslogListener {
  /** Ports that were chosen where 0 was asked for. */
  ports: { udp?: number; tcp?: number; tls?: number };
  close(): Promise<void>;
}

/**
 * Syslog over UDP, TCP and TLS. Nothing is acknowledged in this protocol: what cannot be taken is dropped and counted,
 * on TCP after the sender was slowed down.
 */
export async function startSyslog(ports: IngestPorts, options: SyslogOptions): Promise<SyslogListener> {
  const receiver = new Receiver(ports, options);
  const chosen: SyslogListener["ports"] = {};
  const closing: (() => Promise<void>)[] = [];
  const opened = async (
    name: keyof typeof chosen,
    open: () => Promise<{ port: number; close: () => Promise<void> }>,
  ) => {
    const { port, close } = await open();
    chosen[name] = port;
    closing.push(close);
  };
  const close = async (): Promise<void> => {
    for (const one of closing) await one();
    await receiver.close();
  };
  const { udp, tcp, tls } = options;
  try {
    if (udp !== undefined) await opened("udp", () => openUdp(receiver, udp));
    if (tcp !== undefined)
      await opened("tcp", () =>
        openStream(
          receiver,
          createServer((socket) => receiver.connected(socket)),
          tcp,
        ),
      );
    if (tls !== undefined) {
      const { key, certificate: cert, clientCa } = tls;
      // Who shows no good certificate is refused below: the server would end it before it could be told whose it is.
      const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false };
      const server = createTlsServer(
        { key, cert, minVersion: "TLSv1.2", handshakeTimeout: 10_000, ...clients },
        (socket) => {
          if (clientCa === undefined || socket.authorized) receiver.connected(socket);
          else receiver.uncertified(socket);
        },
      );
      server.on("tlsClientError", (error, socket) => receiver.tlsFault(error, socket));
      await opened("tls", () => openStream(receiver, server, tls));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { ports: chosen, close };
}

/** What OpenSSL's codes mean for whoever set up the sender. */
const TLS_WORDS: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS",
  ERR_SSL_HTTP_REQUEST: "it does not speak TLS",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it does not speak TLS",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "its TLS is older than 1.2",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "it does not trust our certificate",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "it does not trust our certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "our certificate has expired for it",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "it does not trust our certificate",
};

class Receiver {
  private readonly ports: IngestPorts;
  private readonly rules: LogRules;
  private readonly batcher: EventBatcher;
  private readonly sizeMax: number;
  private readonly connectionsMax: number;
  private readonly idleMs: Milliseconds;
  private readonly sources: SourceList;
  private readonly sockets = new Set<Socket>();
  private readonly refusals: RefusalLog;

  constructor(ports: IngestPorts, options: SyslogOptions) {
    this.ports = ports;
    this.refusals = new RefusalLog(ports, "a syslog sender is refused");
    this.sizeMax = options.messageSizeMax ?? 64 * 1024;
    this.connectionsMax = options.connectionsMax ?? 1000;
    this.idleMs = options.idleMs ?? 15 * 60_000;
    this.sources = new SourceList(options.sources);
    this.batcher = new EventBatcher(ports, { adapter: ADAPTER, waitingMax: 20_000, repeatWithinMs: 10_000 });
    this.rules = new LogRules({
      rules: [...(options.rules ?? []), ...DEFAULT_RULES],
      isKnownCi: (name) => ports.query.ci(name)?.known === true,
      unmatchedMax: options.unmatchedMax ?? 2,
    });
  }

  /** Counts what comes from elsewhere. */
  allows(address: string): boolean {
    if (this.sources.allows(address)) return true;
    countDropped(this.ports, ADAPTER, "notAllowed");
    this.refusals.tell(address, "the address is not among `sources`");
    return false;
  }

  /** A sender without a certificate that `clientCa` has signed: nothing of it is read. */
  uncertified(socket: TLSSocket): void {
    const shown = Object.keys(socket.getPeerCertificate()).length > 0;
    const why = shown ? `its certificate: ${String(socket.authorizationError)}` : "it shows no certificate";
    countDropped(this.ports, ADAPTER, "tlsFault");
    this.refusals.tell(plainAddress(socket.remoteAddress ?? ""), why);
    socket.on("error", () => undefined).destroy();
  }

  /** A connection that did not become one of TLS. */
  tlsFault(error: Error & { code?: string; reason?: string }, socket: TLSSocket): void {
    countDropped(this.ports, ADAPTER, "tlsFault");
    // Who only looks whether somebody listens (a load balancer) ends before it has said anything.
    if (error.code === "ECONNRESET") return;
    const why = TLS_WORDS[error.code ?? ""] ?? error.reason ?? error.message;
    this.refusals.tell(plainAddress(socket.remoteAddress ?? ""), why);
  }

  /** False: too much waits already. */
  message(bytes: Buffer, address: string): boolean {
    if (bytes.length > this.sizeMax) {
      countDropped(this.ports, ADAPTER, "tooLong");
      return true;
    }
    const now = this.ports.clock.now();
    // Bytes that are no UTF-8 (Latin 1, or cut) become replacement characters; the message still counts.
    const text = bytes.toString("utf8").replace(/[\r\n\0]+$/, "");
    const event = this.rules.read(readSyslog(text, now), address, now);
    if (event !== undefined) return this.batcher.add(event);
    this.ports.telemetry.count(INGEST_EVENTS, { adapter: ADAPTER, outcome: "unmatched" });
    return true;
  }

  connected(socket: Socket): void {
    if (!this.allows(plainAddress(socket.remoteAddress ?? ""))) {
      socket.destroy();
      return;
    }
    if (this.sockets.size >= this.connectionsMax) {
      countDropped(this.ports, ADAPTER, "tooManyConnections");
      socket.destroy();
      return;
    }
    this.sockets.add(socket);
    const address = plainAddress(socket.remoteAddress ?? "");
    const frames = new FrameReader(this.sizeMax);
    const take = (message: Buffer): void => {
      if (this.message(message, address) || socket.isPaused()) return;
      // The sender's own buffer fills up, and it waits or drops by its own rules.
      socket.pause();
      this.ports.clock.after(100, () => socket.resume());
    };
    socket.setTimeout(this.idleMs, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      const { messages, tooLong } = frames.take(chunk);
      countDropped(this.ports, ADAPTER, "tooLong", tooLong);
      for (const message of messages) take(message);
    });
    socket.on("end", () => {
      const last = frames.end();
      if (last !== undefined) take(last);
    });
    socket.on("error", () => countDropped(this.ports, ADAPTER, "connectionFault"));
    socket.on("close", () => this.sockets.delete(socket));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await this.batcher.close();
  }

  disconnect(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  socketFault(error: Error): void {
    this.ports.log.warn("syslog cannot receive", { reason: error.message });
  }
}

/** `::ffff:10.0.0.1` is 10.0.0.1. */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, "");

async function openUdp(
  receiver: Receiver,
  { host, port }: ListenAt,
): Promise<{ port: number; close: () => Promise<void> }> {
  const socket: DatagramSocket = createSocket({
    type: host.includes(":") || host === "" ? "udp6" : "udp4",
    recvBufferSize: 4 * 1024 * 1024,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, host === "" ? undefined : host, resolve);
  });
  socket.removeAllListeners("error");
  socket.on("error", (error) => receiver.socketFault(error));
  socket.on("message", (bytes, { address }) => {
    const plain = plainAddress(address);
    if (receiver.allows(plain)) receiver.message(bytes, plain);
  });
  return {
    port: socket.address().port,
    close: () =>
      new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
}

async function openStream(
  receiver: Receiver,
  server: Server,
  { host, port }: ListenAt,
): Promise<{ port: number; close: () => Promise<void> }> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host === "" ? undefined : host, resolve);
  });
  server.removeAllListeners("error");
  server.on("error", (error) => receiver.socketFault(error));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        receiver.disconnect();
      }),
  };
}

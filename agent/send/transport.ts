import { readFileSync } from "node:fs";
import { connect, isIP, type Socket } from "node:net";
import type { Clock } from "../clock.ts";
import { AnswerReader, type Reading } from "./answer-reader.ts";

export interface HttpRequest {
  method: "GET" | "POST";
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: readonly Uint8Array[];
  /** For the whole exchange. */
  timeoutMs: number;
}

/** An answer of any status, or why there was none. Redirects are answers: they are never followed. */
export type HttpAnswer =
  | { kind: "answer"; status: number; headers: Readonly<Record<string, string | undefined>>; body: Buffer }
  | { kind: "failed"; reason: string };

export interface Transport {
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends connections that wait to be used again. */
  close(): void;
}

const PROBE_IDLE_AFTER_MS = 30_000;
/** RFC 9110, section 5.5, without what is beyond ASCII. */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** HTTP and HTTPS with one connection for each collector, kept open. TLS is loaded when it is first needed. */
export class HttpTransport implements Transport {
  readonly #clock: Clock;
  readonly #caFile: string | null;
  /** One for each origin, that waits to be used again. */
  readonly #idle = new Map<string, Socket>();
  /** The last TLS session of each origin, so that a new connection costs it less. */
  readonly #sessions = new Map<string, Buffer>();

  constructor(clock: Clock, options: { caFile?: string | null } = {}) {
    this.#clock = clock;
    this.#caFile = options.caFile ?? null;
  }

  async send(wanted: HttpRequest): Promise<HttpAnswer> {
    try {
      const url = new URL(wanted.url);
      const head = headOf(wanted, url);
      const kept = this.#idle.get(url.origin);
      if (kept !== undefined) {
        this.#idle.delete(url.origin);
        const answer = await this.#exchange(kept, head, wanted, url.origin);
        // The server closed a connection that it had kept: nothing was read by it, so it is asked again at once.
        if (answer !== null) return answer;
      }
      const answer = await this.#exchange(await this.#connect(url), head, wanted, url.origin);
      return answer ?? { kind: "failed", reason: "ECONNRESET" };
    } catch (error) {
      // A CA file that cannot be read, or an address that Node does not take: the same at each attempt, and told as such.
      return { kind: "failed", reason: reasonOf(error) };
    }
  }

  close(): void {
    for (const socket of this.#idle.values()) socket.destroy();
    this.#idle.clear();
  }

  async #connect(url: URL): Promise<Socket> {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const isSecure = url.protocol === "https:";
    const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
    const socket = isSecure ? await this.#secure(host, port, url.origin) : connect({ host, port });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, PROBE_IDLE_AFTER_MS);
    // Whoever uses it listens too; one that waits and fails is closed, and that is all there is to it.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (this.#idle.get(url.origin) === socket) this.#idle.delete(url.origin);
    });
    return socket;
  }

  async #secure(host: string, port: number, origin: string): Promise<Socket> {
    const { connect: connectSecurely } = await import("node:tls");
    const session = this.#sessions.get(origin);
    const socket = connectSecurely({
      host,
      port,
      ALPNProtocols: ["http/1.1"],
      // An address is no name that a server could choose a certificate by.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(this.#caFile === null ? {} : { ca: readFileSync(this.#caFile) }),
      ...(session === undefined ? {} : { session }),
    });
    socket.on("session", (next: Buffer) => this.#sessions.set(origin, next));
    return socket;
  }

  /** null: the connection ended before anything was heard. */
  #exchange(
    socket: Socket,
    head: string,
    { body = [], timeoutMs }: HttpRequest,
    origin: string,
  ): Promise<HttpAnswer | null> {
    const { promise, resolve } = Promise.withResolvers<HttpAnswer | null>();
    const reader = new AnswerReader();
    let heard = false;
    let failure: string | null = null;
    const end = (answer: HttpAnswer | null): void => {
      cancelTimeout();
      for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
      // Also where the answer came before the request was read: the rest of it would be taken for the next one.
      const isGood = answer?.kind === "answer" && reader.leavesConnection && socket.writableLength === 0;
      if (isGood && !this.#idle.has(origin)) this.#idle.set(origin, socket);
      else socket.destroy();
      resolve(answer);
    };
    const fail = (reason: string): void => end({ kind: "failed", reason });
    const go = (reading: Reading): void => {
      if (reading === "whole")
        end({ kind: "answer", status: reader.status, headers: reader.headers, body: reader.body });
      else if (reading !== "more") fail(failure ?? reading.fault);
    };
    const listeners = {
      data: (bytes: Buffer): void => {
        heard = true;
        go(reader.take(bytes));
      },
      error: (error: Error): void => {
        failure = reasonOf(error);
      },
      close: (): void => {
        const reset = failure === null || failure === "ECONNRESET" || failure === "EPIPE";
        if (!heard && reset) end(null);
        else go(failure === null ? reader.end() : { fault: failure });
      },
    };
    const cancelTimeout = this.#clock.after(timeoutMs, () => fail("timeout"));
    for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
    socket.cork();
    socket.write(head, "latin1");
    for (const part of body) socket.write(part);
    socket.uncork();
    return promise;
  }
}

function headOf({ method, headers, body = [] }: HttpRequest, url: URL): string {
  const length = body.reduce((sum, part) => sum + part.length, 0);
  const all: Record<string, string> = {
    host: url.host,
    connection: "keep-alive",
    ...headers,
    ...(method === "POST" ? { "content-length": String(length) } : {}),
  };
  let head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(all)) {
    // A token with a line break in it would be a second header.
    if (!HEADER_VALUE.test(value)) throw new Error(`the ${name} header holds characters that may not stand there`);
    head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}

/** Node's short code where there is one: `ECONNREFUSED`. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message ?? String(error);
}

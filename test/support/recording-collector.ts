import { createServer, type Server } from "node:http";
import type { AddressInfo, Server as SocketServer, Socket } from "node:net";
import { gunzipSync } from "node:zlib";

export interface Received {
  method: string;
  path: string;
  headers: Record<string, string>;
  /** Unpacked. */
  body: Buffer;
}

/** How the double answers the next requests; `hang` never does, `cut` ends the connection. */
export type Reply =
  | { status: number; headers?: Record<string, string>; body?: string | Buffer }
  | { hang: true }
  | { cut: true };

/** A collector as an agent sees it: a real HTTP server that records requests and answers as the test says. */
export class RecordingCollector {
  readonly received: Received[] = [];
  /** By request; the default takes everything. */
  reply: (request: Received) => Reply = () => ({ status: 200 });
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const raw = Buffer.concat(chunks);
        const received: Received = {
          method: request.method ?? "",
          path: request.url ?? "",
          headers: request.headers as Record<string, string>,
          body: request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw,
        };
        this.received.push(received);
        const reply = this.reply(received);
        if ("hang" in reply) return;
        if ("cut" in reply) request.socket.destroy();
        else response.writeHead(reply.status, reply.headers).end(reply.body ?? "");
      });
    });
  }

  /** On a port of its own, or on a socket that listens already, such as one in another network. */
  static async start(on: number | SocketServer = 0): Promise<RecordingCollector> {
    const server = createServer({ keepAliveTimeout: 60_000 });
    const collector = new RecordingCollector(server);
    await new Promise<void>((done) => {
      if (typeof on === "number") server.listen(on, "127.0.0.1", done);
      else server.listen(on, done);
    });
    return collector;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Breaks what is open and listens no more. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done) => {
      this.#server.close(() => done());
    });
  }
}

/** Lets real I/O happen until `holds`, without any fixed wait; fails after two seconds. */
export async function until(holds: () => boolean, what = "a condition"): Promise<void> {
  const end = performance.now() + 2000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise<void>((done) => {
      setImmediate(done);
    });
  }
}

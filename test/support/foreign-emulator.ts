import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ForeignApi } from "../../collector/cmdb/import/foreign-api.ts";

/** A request as an emulator sees it. */
export interface EmulatedRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: string;
}

export interface EmulatedAnswer {
  status?: number;
  headers?: Record<string, string>;
  body: unknown;
}

/** A foreign API in miniature, written from its documentation: it answers what a handler says, over real HTTP. */
export class ForeignEmulator {
  readonly requests: EmulatedRequest[] = [];
  private readonly server: Server;
  url = "";

  constructor(handle: (request: EmulatedRequest, url: string) => EmulatedAnswer | undefined) {
    this.server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const url = new URL(incoming.url ?? "/", this.url);
        const request: EmulatedRequest = {
          method: incoming.method ?? "",
          path: decodeURIComponent(url.pathname),
          query: url.searchParams,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString(),
        };
        this.requests.push(request);
        const answer = handle(request, this.url) ?? { status: 404, body: { error: "not found" } };
        const isText = typeof answer.body === "string";
        response.writeHead(answer.status ?? 200, {
          "content-type": isText ? "text/plain" : "application/json",
          ...answer.headers,
        });
        response.end(isText ? (answer.body as string) : JSON.stringify(answer.body));
      });
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.server.listen(0, "127.0.0.1", resolve);
    });
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
    });
  }

  /** What an import uses to read it. */
  api(headers: Record<string, string> = {}, base = this.url): ForeignApi {
    return new ForeignApi({ base, headers, signal: AbortSignal.timeout(20_000), sleep: () => Promise.resolve() });
  }
}

/** Runs with an emulator that ends with it. */
export async function withEmulator<T>(
  handle: (request: EmulatedRequest, url: string) => EmulatedAnswer | undefined,
  use: (emulator: ForeignEmulator) => Promise<T>,
): Promise<T> {
  const emulator = await new ForeignEmulator(handle).start();
  try {
    return await use(emulator);
  } finally {
    await emulator.stop();
  }
}

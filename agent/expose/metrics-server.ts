import { createServer, type Server } from "node:http";
import type { Log } from "../log.ts";

/** The agent's own `/metrics`, where an administrator asks for one; nothing else is served and nothing is taken. */
export class MetricsServer {
  readonly #server: Server;
  readonly #log: Log;

  constructor(render: () => string, log: Log) {
    this.#log = log;
    this.#server = createServer(
      { requestTimeout: 5000, headersTimeout: 5000, keepAliveTimeout: 65_000 },
      (request, response) => {
        const path = (request.url ?? "").split("?")[0];
        if (request.method !== "GET" && request.method !== "HEAD") response.writeHead(405).end();
        else if (path === "/metrics")
          response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(render());
        else response.writeHead(404, { "content-type": "text/plain" }).end("see /metrics\n");
      },
    );
    this.#server.maxConnections = 32;
  }

  /** An address that is taken costs the exposition, not the agent. */
  listen(host: string, port: number): void {
    this.#server.on("error", (error) =>
      this.#log.error("/metrics is not exposed", { host, port, reason: error.message }),
    );
    this.#server.listen(port, host, () => {
      const address = this.#server.address();
      this.#log.info("/metrics is exposed", { host, port: typeof address === "object" ? address?.port : port });
    });
    this.#server.unref();
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { EPOCH_HEADER } from "../../protocol/agent-resource.ts";

export interface AskedRequest {
  method: string;
  url: string;
  body: string;
  authorization: string | undefined;
}

/** Stands for a collector: gives one answer to every request, and remembers what it was asked. One answer at a time. */
export class AnsweringCollector {
  readonly asked: AskedRequest[] = [];
  private server: Server | undefined;

  /** @returns the address. @param headers instead of those by which a collector is known */
  async answer(status: number, body: unknown, headers?: Readonly<Record<string, string>>): Promise<string> {
    this.close();
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const server = createServer((request, response) => {
      void this.note(request).then(() =>
        response.writeHead(status, headers ?? { "content-type": "application/json", [EPOCH_HEADER]: "e-1" }).end(text),
      );
    });
    this.server = server;
    await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Ends it, and forgets what it was asked. */
  close(): void {
    this.server?.close();
    this.server?.closeAllConnections();
    this.server = undefined;
    this.asked.length = 0;
  }

  private async note(request: IncomingMessage): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { method = "", url = "" } = request;
    this.asked.push({ method, url, body, authorization: request.headers.authorization });
  }
}

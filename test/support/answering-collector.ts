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
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return this.listen(() => ({ status, text }), headers);
  }

  /** What begins with one of these paths is answered with its body, the longest first; the rest is not found. */
  async answerByPath(bodies: Readonly<Record<string, unknown>>): Promise<string> {
    const paths = Object.keys(bodies).sort((a, b) => b.length - a.length);
    return this.listen((url) => {
      const path = paths.find((each) => url.startsWith(each));
      return path === undefined
        ? { status: 404, text: JSON.stringify({ code: "notFound", message: `there is no ${url}` }) }
        : { status: 200, text: JSON.stringify(bodies[path]) };
    });
  }

  private async listen(
    answer: (url: string) => { status: number; text: string },
    headers: Readonly<Record<string, string>> = { "content-type": "application/json", [EPOCH_HEADER]: "e-1" },
  ): Promise<string> {
    this.close();
    const server = createServer((request, response) => {
      const { status, text } = answer(request.url ?? "");
      void this.note(request).then(() => response.writeHead(status, headers).end(text));
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

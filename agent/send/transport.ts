import { readFileSync } from "node:fs";
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
} from "node:http";
import type { Clock } from "../clock.ts";

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

/** Answers of ours are short; of a longer one only this much is wanted. */
const BODY_BYTES_MAX = 1024 * 1024;

/** HTTP and HTTPS with one connection for each collector, kept open. TLS is loaded when it is first needed. */
export class HttpTransport implements Transport {
  readonly #clock: Clock;
  readonly #caFile: string | null;
  readonly #http = new Agent({ keepAlive: true, maxSockets: 2, maxFreeSockets: 1 });
  #https: Promise<(options: RequestOptions) => ClientRequest> | null = null;
  #closeHttps: () => void = () => undefined;

  constructor(clock: Clock, options: { caFile?: string | null } = {}) {
    this.#clock = clock;
    this.#caFile = options.caFile ?? null;
  }

  async send(wanted: HttpRequest): Promise<HttpAnswer> {
    const first = await this.#attempt(wanted);
    // The server closed a connection that it had kept: nothing was read by it, so it is asked again at once.
    return first === "stale" ? unstale(await this.#attempt(wanted)) : first;
  }

  close(): void {
    this.#http.destroy();
    this.#closeHttps();
  }

  async #attempt(wanted: HttpRequest): Promise<HttpAnswer | "stale"> {
    const url = new URL(wanted.url);
    const body = wanted.body ?? [];
    const size = body.reduce((sum, part) => sum + part.length, 0);
    const options: RequestOptions = {
      method: wanted.method,
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port,
      path: url.pathname + url.search,
      headers: { ...wanted.headers, ...(wanted.method === "POST" ? { "content-length": String(size) } : {}) },
    };
    try {
      const request =
        url.protocol === "https:" ? (await this.#secure())(options) : httpRequest({ ...options, agent: this.#http });
      return await this.#exchange(request, body, wanted.timeoutMs);
    } catch (error) {
      // A CA file that cannot be read, or an address that Node does not take: the same at each attempt, and told as such.
      return { kind: "failed", reason: reasonOf(error) };
    }
  }

  #exchange(request: ClientRequest, body: readonly Uint8Array[], timeoutMs: number): Promise<HttpAnswer | "stale"> {
    return new Promise((resolve) => {
      let answered = false;
      const cancelTimeout = this.#clock.after(timeoutMs, () => request.destroy(new Error("timeout")));
      const done = (answer: HttpAnswer | "stale"): void => {
        cancelTimeout();
        resolve(answer);
      };
      request.on("error", (error) => {
        const stale = request.reusedSocket && !answered && (error as NodeJS.ErrnoException).code === "ECONNRESET";
        done(stale ? "stale" : { kind: "failed", reason: reasonOf(error) });
      });
      request.on("response", (response) => {
        answered = true;
        readBody(response).then(
          (bytes) => done({ kind: "answer", status: response.statusCode ?? 0, headers: flat(response), body: bytes }),
          (error: unknown) => done({ kind: "failed", reason: reasonOf(error) }),
        );
      });
      for (const part of body) request.write(part);
      request.end();
    });
  }

  #secure(): Promise<(options: RequestOptions) => ClientRequest> {
    this.#https ??= import("node:https").then(({ Agent: SecureAgent, request }) => {
      const ca = this.#caFile === null ? {} : { ca: readFileSync(this.#caFile) };
      const agent = new SecureAgent({ keepAlive: true, maxSockets: 2, maxFreeSockets: 1, ...ca });
      this.#closeHttps = () => agent.destroy();
      return (options: RequestOptions) => request({ ...options, agent });
    });
    return this.#https;
  }
}

function unstale(answer: HttpAnswer | "stale"): HttpAnswer {
  return answer === "stale" ? { kind: "failed", reason: "ECONNRESET" } : answer;
}

function flat(response: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

function readBody(response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= BODY_BYTES_MAX) chunks.push(chunk);
      else response.destroy(new Error("the answer is too long"));
    });
    response.on("end", () => resolve(Buffer.concat(chunks)));
    response.on("error", reject);
    response.on("aborted", () => reject(new Error("the answer broke off")));
  });
}

/** Node's short code where there is one: `ECONNREFUSED`. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message ?? String(error);
}

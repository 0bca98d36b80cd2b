import { readFileSync } from "node:fs";
import { EPOCH_HEADER } from "../../protocol/agent-resource.ts";
import type { CommandIo } from "./command-io.ts";

/** The options every command has that speaks to a running collector. */
export const CLIENT_OPTIONS = {
  collector: { type: "string" },
  token: { type: "string" },
  "token-file": { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

export const CLIENT_HELP = `  --collector URL     default: $TOCSIN_COLLECTOR, else http://127.0.0.1:8430
  --token T           default: $TOCSIN_TOKEN; or --token-file FILE
  --json              the API's answer, for machines; errors as {code, message} on standard error`;

export interface ClientFlags {
  collector?: string | undefined;
  token?: string | undefined;
  "token-file"?: string | undefined;
}

/** The collector's answer: its JSON, or why there is none, in one line for a person. */
export type Answer =
  | { status: "ok"; body: unknown }
  | { status: "refused"; httpStatus: number; code: string; message: string; details?: unknown }
  | { status: "unreachable"; message: string };

const TIMEOUT_MS = 15_000;

/** Calls the HTTP API of a running collector with the caller's token. */
export class Client {
  readonly base: string;
  private readonly token: string | undefined;
  private readonly signal: AbortSignal;

  constructor(flags: ClientFlags, io: Pick<CommandIo, "env" | "signal">) {
    this.base = (flags.collector ?? io.env["TOCSIN_COLLECTOR"] ?? "http://127.0.0.1:8430").replace(/\/+$/, "");
    const file = flags["token-file"];
    this.token =
      flags.token ?? (file === undefined ? undefined : readFileSync(file, "utf8").trim()) ?? io.env["TOCSIN_TOKEN"];
    this.signal = io.signal;
  }

  get(path: string): Promise<Answer> {
    return this.call("GET", path, undefined);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.call("POST", path, body);
  }

  /** A document as it stands, such as a CMDB; large ones take their time. */
  postText(path: string, text: string, timeoutMs: number): Promise<Answer> {
    return this.send("POST", path, { contentType: "application/octet-stream", text, timeoutMs });
  }

  remove(path: string): Promise<Answer> {
    return this.call("DELETE", path, undefined);
  }

  /** Follows `next` until `max` items; the first answer that is not ok ends it. */
  async list<T>(path: string, max: number): Promise<Answer & { items?: T[] }> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const separator = path.includes("?") ? "&" : "?";
      const limit = Math.min(1000, max - items.length);
      const answer = await this.get(
        `${path}${separator}limit=${limit}${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      if (answer.status !== "ok") return answer;
      const page = answer.body as { items: T[]; next: string | null };
      items.push(...page.items);
      cursor = page.next;
    } while (cursor !== null && items.length < max);
    return { status: "ok", body: { items, next: cursor }, items };
  }

  private call(method: string, path: string, body: unknown): Promise<Answer> {
    const text = body === undefined ? null : JSON.stringify(body);
    return this.send(method, path, { contentType: "application/json", text, timeoutMs: TIMEOUT_MS });
  }

  private async send(
    method: string,
    path: string,
    { contentType, text, timeoutMs }: { contentType: string; text: string | null; timeoutMs: number },
  ): Promise<Answer> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (this.token !== undefined) headers["authorization"] = `Bearer ${this.token}`;
    if (text !== null) headers["content-type"] = contentType;
    try {
      const response = await fetch(`${this.base}${path}`, {
        method,
        headers,
        body: text,
        signal: AbortSignal.any([this.signal, AbortSignal.timeout(timeoutMs)]),
      });
      return await readAnswer(response);
    } catch (error) {
      return {
        status: "unreachable",
        message: `no answer from ${this.base}: ${reasonOf(error)}. ${hintOf(error)}`,
      };
    }
  }
}

async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  let body: unknown = null;
  try {
    body = text === "" ? null : JSON.parse(text);
  } catch {
    return {
      status: "refused",
      httpStatus: response.status,
      code: "notJson",
      message: `HTTP ${response.status}, and the answer is not JSON: is this a Tocsin collector?`,
    };
  }
  if (response.ok && !response.headers.has(EPOCH_HEADER)) {
    return {
      status: "refused",
      httpStatus: response.status,
      code: "notTocsin",
      message: `what answers at ${new URL(response.url).origin} is not a Tocsin collector. Name one with --collector URL`,
    };
  }
  if (response.ok) return { status: "ok", body };
  const refusal = (body ?? {}) as { code?: string; message?: string; details?: unknown };
  const hint = response.status === 401 ? ". Give a token with --token, --token-file or TOCSIN_TOKEN." : "";
  return {
    status: "refused",
    httpStatus: response.status,
    code: refusal.code ?? `http${response.status}`,
    message: `${refusal.message ?? `HTTP ${response.status}`}${hint}`,
    ...(refusal.details === undefined ? {} : { details: refusal.details }),
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = causeCode(error);
  if (code !== undefined) return code;
  if (error.name === "TimeoutError") return "nothing in time";
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function causeCode({ cause }: Error): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}

function hintOf(error: unknown): string {
  const code = error instanceof Error ? causeCode(error) : undefined;
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER") return "It speaks no TLS there: try http:// instead of https://";
  return "Is the collector running? Name it with --collector URL";
}

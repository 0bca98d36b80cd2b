import { lookup } from "node:dns/promises";
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { DeliveryFailure } from "../port/delivery-failure.ts";
import type { Outgoing, OutgoingRequest, OutgoingResult, VettedTarget } from "../port/outgoing.ts";
import { AddressPolicy } from "./address.ts";

export interface ResolvedAddress {
  address: string;
  family: number;
}

export interface OutgoingOptions {
  /** `limits.allowPrivateTargets`. */
  allowPrivateTargets: readonly string[];
  /** Tests give their own; by default the system's resolver. */
  resolve?: (host: string) => Promise<ResolvedAddress[]>;
}

const RESPONSE_MAX_BYTES = 64 * 1024;
/** Idle connections are ours to close, sooner than servers do: a message must not meet a connection that is just being closed. */
const IDLE_MS = 2000;
const POOL = { keepAlive: true, maxSockets: 4, maxFreeSockets: 2, maxTotalSockets: 64, timeout: IDLE_MS } as const;

type Failed = Extract<OutgoingResult, { status: "failed" }>;
const failed = (reason: DeliveryFailure, detail: string): Failed => ({ status: "failed", reason, detail });

/** Error codes of Node's network stack, by what they mean for a delivery. The rest is `connection`. */
function reasonOf(code: string): DeliveryFailure {
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) return "dns";
  if (code === "ETIMEDOUT" || code === "ESOCKETTIMEDOUT") return "timeout";
  if (code.startsWith("HPE_")) return "badResponse";
  if (code === "ERR_INVALID_CHAR" || code === "ERR_INVALID_URL" || code === "ERR_UNESCAPED_CHARACTERS")
    return "misconfigured";
  if (/^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO|HOSTNAME_MISMATCH)/.test(code)) return "tls";
  return "connection";
}

/** The error as a result. Of connections tried to several addresses the first tells. */
export function failureOf(error: unknown, signal?: AbortSignal): Failed {
  if (signal?.aborted === true) return failed("timeout", "no answer in time");
  const one: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (!(one instanceof Error)) return failed("connection", String(one));
  const code = "code" in one && typeof one.code === "string" ? one.code : "";
  return failed(reasonOf(code), code === "" || one.message.includes(code) ? one.message : `${one.message} (${code})`);
}

/** Rejects when the signal aborts; what it races with may go on alone. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(new Error("aborted"));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Outgoing calls over Node's own HTTP client, with its sockets pinned to vetted addresses. */
export class VettedOutgoing implements Outgoing {
  private readonly policy: AddressPolicy;
  private readonly resolve: (host: string) => Promise<ResolvedAddress[]>;
  private readonly http = new HttpAgent(POOL);
  private readonly https = new HttpsAgent(POOL);

  constructor(options: OutgoingOptions) {
    this.policy = new AddressPolicy(options.allowPrivateTargets);
    this.resolve = options.resolve ?? ((host) => lookup(host, { all: true, order: "verbatim" }));
  }

  async send(request: OutgoingRequest): Promise<OutgoingResult> {
    if (!URL.canParse(request.url)) return failed("misconfigured", "the URL cannot be read");
    const url = new URL(request.url);
    if (url.protocol !== "http:" && url.protocol !== "https:")
      return failed("misconfigured", `${url.protocol} is not http or https`);
    const vetted = await this.vetAll(url.hostname, request.signal);
    if (!Array.isArray(vetted)) return vetted;
    try {
      return await this.exchange(url, request, vetted);
    } catch (error) {
      return failureOf(error, request.signal);
    }
  }

  async vet(host: string, signal: AbortSignal): Promise<VettedTarget> {
    const vetted = await this.vetAll(host, signal);
    if (!Array.isArray(vetted)) return vetted;
    const [first] = vetted;
    if (first === undefined) return failed("dns", `${host} has no address`);
    return { status: "allowed", address: first.address, family: first.family === 6 ? 6 : 4 };
  }

  close(): Promise<void> {
    this.http.destroy();
    this.https.destroy();
    return Promise.resolve();
  }

  /** Every address of the host, when all of them may be called: one that may not refuses the host. */
  private async vetAll(host: string, signal: AbortSignal): Promise<ResolvedAddress[] | Failed> {
    const bare = host.replace(/^\[|\]$/g, "");
    let addresses: ResolvedAddress[];
    try {
      const literal = isIP(bare);
      addresses = literal === 0 ? await orAborted(this.resolve(bare), signal) : [{ address: bare, family: literal }];
    } catch (error) {
      const failure = failureOf(error, signal);
      return failure.reason === "timeout" ? failure : failed("dns", `${bare} cannot be resolved: ${failure.detail}`);
    }
    for (const { address } of addresses) {
      const refusal = this.policy.refusal(address);
      if (refusal !== null)
        return failed(
          "forbiddenTarget",
          `${bare} leads to ${address}, ${refusal}; limits.allowPrivateTargets does not allow it`,
        );
    }
    return addresses.length === 0 ? failed("dns", `${bare} has no address`) : addresses;
  }

  private exchange(url: URL, request: OutgoingRequest, vetted: readonly ResolvedAddress[]): Promise<OutgoingResult> {
    const secure = url.protocol === "https:";
    return new Promise((resolve, reject) => {
      const call = (secure ? httpsRequest : httpRequest)(url, {
        method: request.method,
        headers: {
          "user-agent": "tocsin",
          ...request.headers,
          ...(request.body === null ? {} : { "content-length": Buffer.byteLength(request.body) }),
        },
        agent: secure ? this.https : this.http,
        lookup: pinnedTo(vetted),
        signal: request.signal,
        // The pool's idle time must not cut a slow answer: that is the signal's business.
        timeout: 0,
      });
      call.on("error", reject);
      call.on("response", (response) => {
        readAnswer(response).then(resolve, reject);
      });
      call.end(request.body ?? undefined);
    });
  }
}

/** A resolver that knows only the addresses that were vetted, so that a second look-up cannot lead elsewhere. */
function pinnedTo(vetted: readonly ResolvedAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = vetted;
    if (options.all === true) callback(null, [...vetted]);
    else callback(null, first?.address ?? "", first?.family ?? 4);
  };
}

async function readAnswer(response: IncomingMessage): Promise<OutgoingResult> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  let truncated = false;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > RESPONSE_MAX_BYTES) {
      truncated = true;
      break;
    }
  }
  // Leaving the loop early destroys the response and its socket: the rest is never read.
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? (value[0] ?? "") : value;
  return {
    status: "answered",
    httpStatus: response.statusCode ?? 0,
    headers,
    body: Buffer.concat(chunks).subarray(0, RESPONSE_MAX_BYTES).toString("utf8"),
    truncated,
  };
}

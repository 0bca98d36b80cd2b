import type { Clock } from "./clock.ts";
import type { IntakeWithDeposit } from "./intake.ts";
import type { Query } from "./query.ts";
import type { SampleSink } from "./samples.ts";
import type { Log, Telemetry } from "./telemetry.ts";

/** Roles, weakest first; each may do what the ones before it in its own line may. `public` needs no token. */
export const ROLES = ["public", "agent", "viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/**
 * Every route states who may call it, in its options: `config: { roles: ["agent", "operator"] }`; admin may call all.
 * A route without `roles` is refused at start, so that nothing is open by accident.
 */
export interface RouteAccess {
  roles: readonly Role[];
}

/**
 * What else a route may say in its `config`. Bodies are decompressed (gzip), limited and parsed before the handler runs.
 *
 * `body`: `json` (default): `application/json` or `+json`, guarded in depth, keys and string length, `__proto__` refused;
 * `events`: as `json`, and lines of JSON (`application/x-ndjson`); an array's elements are not guarded, the handler must;
 * `bytes`: any content type, `request.body` is a Buffer (empty where there was none) and the handler parses it. It is the
 * handler's own: `giveBack` it when it has been read and there are many like it.
 */
export interface RouteConfig extends RouteAccess {
  body?: "json" | "events" | "bytes";
  /** An enrolled agent may call it: the handler holds it to its CI (`maySpeakFor`). Without it such a token is refused. */
  forEnrolled?: true;
  /** Keep the decompressed bytes as `request.rawBody`, for signatures. */
  rawBody?: true;
  /** Content encodings that the route undoes itself; of others the server knows gzip and deflate, and refuses the rest. */
  ownEncodings?: readonly string[];
  /** Decompressed limit where the server's own (8 MiB) does not fit. */
  bodySizeBytesMax?: number;
  /** How a refusal of this route looks, 401, 413 and 503 included, where the sender's protocol has a form of its own. */
  renderError?: (trouble: Trouble, requestContentType: string) => { contentType: string; body: string | Uint8Array };
}

/** A refusal as the sender is told it; `{code, message, details?}` unless the route renders it. */
export interface Trouble {
  status: number;
  code: string;
  message: string;
  details?: unknown;
}

/** Who calls: the token's name and role; `local` with role admin where no tokens are configured. */
export interface Identity {
  name: string;
  role: Role;
  /** An enrolled agent, or a token that is bound to a CI: it may speak for this one and no other. */
  ci?: string;
  /** Of an enrolled agent. */
  agentId?: string;
}

/** Whether the caller may speak for a CI: an enrolled agent for its own only, by any of its names. */
export function maySpeakFor(identity: Identity, ci: string, resolveCi: (name: string) => string): boolean {
  return identity.ci === undefined || identity.ci === ci || resolveCi(identity.ci) === resolveCi(ci);
}

/** Stands in an `events` body for a line of JSON that could not be parsed. */
export class BadLine {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** What an ingest adapter needs; nothing else. Adapters are Fastify plugins registered by main. */
export interface IngestPorts {
  intake: IntakeWithDeposit;
  query: Query;
  samples: SampleSink;
  clock: Clock;
  log: Log;
  telemetry: Telemetry;
}

/**
 * A request that we refuse. Thrown by route handlers; the server answers `{code, message, details?}` with `status`.
 * `code` is lower camel case and stable.
 */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: unknown;
  readonly retryAfterS: number | undefined;
  constructor(
    status: number,
    code: string,
    message: string,
    options: { details?: unknown; retryAfterS?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = options.details;
    this.retryAfterS = options.retryAfterS;
  }
}

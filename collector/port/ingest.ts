import type { Clock } from "./clock.ts";
import type { Intake } from "./intake.ts";
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

/** What an ingest adapter needs; nothing else. Adapters are Fastify plugins registered by main. */
export interface IngestPorts {
  intake: Intake;
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

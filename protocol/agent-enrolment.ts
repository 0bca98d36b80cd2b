/**
 * How an agent gets a token of its own. An administrator makes an enrolment token (`tocsin enrol`) that is good once; the agent
 * makes its own token, keeps it, and tells the collector, which stores its hash and binds it to the agent and its CI. Because the
 * agent makes the token, a request whose answer was lost can simply be sent again.
 */

/** `POST EnrolmentRequest`, the enrolment token as bearer → `EnrolmentAnswer`. Again with the same token: the same answer. */
export const AGENT_ENROL_PATH = "/api/v1/agent/enrol";

/** `POST TokenRequest`, the agent's token as bearer → `TokenAnswer`. The old token ends when the new one is first used. */
export const AGENT_TOKEN_PATH = "/api/v1/agent/token";

/** Which process speaks: random, made at each start. Two that alternate under one identity are a copied data directory. */
export const AGENT_RUN_HEADER = "tocsin-agent-run";

export interface EnrolmentRequest {
  agentId: string;
  /** The CI that the agent speaks for. */
  ci: string;
  /** The token that the agent has made: `AGENT_TOKEN_PATTERN`. */
  token: string;
}

export interface TokenRequest {
  token: string;
}

export interface TokenAnswer {
  /** Relative, because clocks differ. Milliseconds. */
  expiresInMs: number;
}

export interface EnrolmentAnswer extends TokenAnswer {
  ci: string;
  /** The collector's public key as PEM, which the agent pins. */
  signingKey: string;
}

/** 256 random bits in base64url. */
export const AGENT_TOKEN_PATTERN = /^tocsin-agent\.[A-Za-z0-9_-]{43}$/;

/** `tocsin-enrol.<id>.<secret>.<fingerprint of the collector's signing key>`. */
export const ENROLMENT_TOKEN_PATTERN =
  /^tocsin-enrol\.(?<id>[A-Za-z0-9_-]{8})\.(?<secret>[A-Za-z0-9_-]{43})\.(?<fingerprint>[A-Za-z0-9_-]{22})$/;

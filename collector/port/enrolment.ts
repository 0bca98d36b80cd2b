import type { EnrolmentAnswer, EnrolmentRequest, TokenAnswer } from "../../protocol/agent-enrolment.ts";
import type { Milliseconds, UnixMillis } from "../core/model/time.ts";
import type { Identity } from "./ingest.ts";

/** An enrolment token, as its maker sees it once: afterwards only its hash is known. */
export interface NewEnrolment {
  id: string;
  token: string;
  /** null = for whichever CI the agent says. */
  ci: string | null;
  expiresAt: UnixMillis;
}

/** An enrolment: made, and perhaps used by one agent. No secrets. */
export interface EnrolmentView {
  id: string;
  ci: string | null;
  /** open: not used yet. enrolled: an agent has a token. expired, revoked: no good any more. */
  status: "open" | "enrolled" | "expired" | "revoked";
  createdAt: UnixMillis;
  createdBy: string;
  /** Of the enrolment token while it is open, else of the agent's token. */
  expiresAt: UnixMillis;
  /** null = not used yet. */
  agentId: string | null;
  enrolledAt: UnixMillis | null;
}

/** Why a token is not taken: stable code, and words for the one who reads the agent's log. */
export interface EnrolmentFault {
  code:
    | "badToken"
    | "unknownToken"
    | "tokenExpired"
    | "tokenRevoked"
    | "tokenReplaced"
    | "tokenUsed"
    | "ciMismatch"
    | "ciTaken";
  message: string;
}

/** Who agents are: enrolment tokens, the agents' own tokens, their renewal and their end. Durable when a call returns. */
export interface EnrolmentDesk {
  create(wanted: { ci: string | null; validForMs: Milliseconds; by: string }): NewEnrolment;
  /** Newest first. */
  list(): EnrolmentView[];
  /** By id of the enrolment or by CI. Its tokens are refused from now on. Empty where there is none. */
  revoke(idOrCi: string): EnrolmentView[];
  /** An agent gives an enrolment token for its own. */
  exchange(enrolmentToken: string, request: EnrolmentRequest): EnrolmentAnswer | EnrolmentFault;
  /** An agent renews its token. */
  renew(token: string, next: string): TokenAnswer | EnrolmentFault;
  /** Whose token this is; undefined for one that is not an agent's, a fault for one that is not taken. */
  identify(token: string): Identity | EnrolmentFault | undefined;
}

/** Body, tag and signature of a document for agents. */
export interface SignedDocument {
  /** JSON. */
  body: string;
  etag: string;
  /** Base64. */
  signature: string;
}

/** What agents fetch. */
export interface AgentDocuments {
  rules(): SignedDocument;
  /** @param ci as the agent names it. */
  configuration(ci: string): { etag: string; sign: () => SignedDocument };
  /** The public key that agents pin: PEM, and what `tocsin enrol key` shows to compare. */
  readonly key: {
    pem: string;
    fingerprint: string;
    /** See `SUCCESSION_HEADER`; null = it takes no other's place. */
    succession: string | null;
  };
}

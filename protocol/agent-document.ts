/** Documents that the collector hands to agents, signed with its ed25519 key (RFC 8032) where the agent has pinned that key. */
export type AgentDocumentKind = "rules" | "configuration";

/** Base64 of the signature over `signedBytes`. */
export const SIGNATURE_HEADER = "tocsin-signature";

/**
 * Beside the signature once the collector's key was replaced: the new public key, a dot, and the old key's signature over it
 * (`signedBytes("key", …)`), both base64url; of several replacements each, oldest first, with commas between. An agent that has pinned any of
 * the old keys goes from one to the next and pins the last.
 */
export const SUCCESSION_HEADER = "tocsin-signing-key";
/** Of more replacements the newest count. */
export const SUCCESSIONS_MAX = 16;

/** `GET`, with `ETag` and `If-None-Match`: `AgentConfigurationDocument` for the CI in the query (`?ci=`), or for the token's own. */
export const AGENT_CONFIGURATION_PATH = "/api/v1/agent/configuration";

/** `GET`: `{key, fingerprint}`, the public key as PEM. */
export const AGENT_SIGNING_KEY_PATH = "/api/v1/agent/signing-key";

/** What `AGENT_RULES_PATH` answers. */
export interface AgentRulesDocument {
  /** Grows with each change; an agent that has pinned the key takes no older one. Milliseconds since 1970, as a rule. */
  version: number;
  rules: unknown[];
}

/** What `AGENT_CONFIGURATION_PATH` answers. */
export interface AgentConfigurationDocument {
  version: number;
  /** For this CI only, as the agent names it: a document for one host cannot be played to another. */
  ci: string;
  /** In the form of the agent's file, without the keys that only the host's own file may set; "" = nothing. */
  configuration: string;
}

/** What is signed: the kind, so that one document cannot stand for another, then the body as it goes over the wire. */
export function signedBytes(kind: AgentDocumentKind | "key", body: Uint8Array): Uint8Array {
  const prefix = `tocsin agent ${kind} 1\n`;
  const bytes = new Uint8Array(prefix.length + body.length);
  for (let at = 0; at < prefix.length; at++) bytes[at] = prefix.charCodeAt(at);
  bytes.set(body, prefix.length);
  return bytes;
}

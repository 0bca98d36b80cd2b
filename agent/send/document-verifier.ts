import { type AgentDocumentKind, SIGNATURE_HEADER, signedBytes } from "../../protocol/agent-document.ts";
import type { HttpAnswer } from "./transport.ts";

/** Says whether a document is the collector's own, by the key that was pinned by hand or at enrolment. */
export class DocumentVerifier {
  readonly #key: () => string | null;

  /** @param key the public key as PEM; null while none is pinned. */
  constructor(key: () => string | null) {
    this.#key = key;
  }

  get isPinned(): boolean {
    return this.#key() !== null;
  }

  /**
   * Why the answer's body is not to be used; null = it may be, also where no key is pinned. Node's cryptography (a megabyte) is
   * loaded only where there is something to verify.
   */
  async fault(kind: AgentDocumentKind, answer: HttpAnswer & { kind: "answer" }): Promise<string | null> {
    const pem = this.#key();
    if (pem === null) return null;
    const signature = answer.headers[SIGNATURE_HEADER];
    if (signature === undefined) return "it is not signed, and a signing key is pinned here";
    const { createPublicKey, verify } = await import("node:crypto");
    try {
      const key = createPublicKey(pem);
      if (key.asymmetricKeyType !== "ed25519") return `the pinned key is ${key.asymmetricKeyType}, and must be ed25519`;
      const isGood = verify(null, signedBytes(kind, answer.body), key, Buffer.from(signature, "base64"));
      return isGood ? null : "its signature is not by the key that is pinned here";
    } catch (error) {
      return `it cannot be verified: ${String(error)}`;
    }
  }
}

import type { KeyObject } from "node:crypto";
import {
  type AgentDocumentKind,
  SIGNATURE_HEADER,
  signedBytes,
  SUCCESSION_HEADER,
  SUCCESSIONS_MAX,
} from "../../protocol/agent-document.ts";
import type { HttpAnswer } from "./transport.ts";

/** Says whether a document is the collector's own, by the key that was pinned by hand or at enrolment. */
export class DocumentVerifier {
  readonly #key: () => string | null;
  readonly #succeed: (pem: string) => void;

  /**
   * @param key the public key as PEM; null while none is pinned.
   * @param succeed told of the key that takes its place, by the old one's own signature.
   */
  constructor(key: () => string | null, succeed: (pem: string) => void = () => undefined) {
    this.#key = key;
    this.#succeed = succeed;
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
    const isBy = (key: KeyObject): boolean =>
      verify(null, signedBytes(kind, answer.body), key, Buffer.from(signature, "base64"));
    const names = (key: KeyObject, raw: string, by: string): boolean =>
      verify(null, signedBytes("key", Buffer.from(raw, "base64url")), key, Buffer.from(by, "base64url"));
    try {
      let key = createPublicKey(pem);
      if (key.asymmetricKeyType !== "ed25519") return `the pinned key is ${key.asymmetricKeyType}, and must be ed25519`;
      if (isBy(key)) return null;
      let isSucceeded = false;
      // Each step is signed by the key before it; those before ours say nothing to us.
      for (const step of (answer.headers[SUCCESSION_HEADER] ?? "").split(",").slice(-SUCCESSIONS_MAX)) {
        const [raw = "", by = ""] = step.trim().split(".");
        if (raw === "" || !names(key, raw, by)) continue;
        key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw }, format: "jwk" });
        isSucceeded = true;
      }
      if (!isSucceeded) return "its signature is not by the key that is pinned here";
      if (!isBy(key)) return "its signature is neither by the key that is pinned here nor by its successor";
      this.#succeed(key.export({ type: "spki", format: "pem" }) as string);
      return null;
    } catch (error) {
      return `it cannot be verified: ${String(error)}`;
    }
  }
}

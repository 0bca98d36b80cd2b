import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type AgentDocumentKind, signedBytes } from "../../protocol/agent-document.ts";

const FILE = "agent-signing.pem";

/** The collector's ed25519 key, with which it signs what it hands to agents. */
export interface SigningKey {
  /** PEM. */
  readonly publicKey: string;
  /** The first 132 bits of the SHA-256 of the raw public key, base64url: short enough to stand in an enrolment token. */
  readonly fingerprint: string;
  /** Base64. */
  sign(kind: AgentDocumentKind, body: string): string;
}

/**
 * The key that the configuration gives, else the data directory's own, which is made where there is none. Throws for the operator
 * where it is no ed25519 key.
 */
export function openSigningKey(given: string | null, dataDir: string): SigningKey {
  const pem = given ?? ownKey(dataDir);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new Error(`the agents' signing key cannot be read; ${HOW}`);
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new Error(`the agents' signing key is ${key.asymmetricKeyType}, and must be ed25519; ${HOW}`);
  const publicKey = createPublicKey(key);
  return {
    publicKey: publicKey.export({ type: "spki", format: "pem" }) as string,
    fingerprint: fingerprintOf(publicKey),
    sign: (kind, body) => sign(null, signedBytes(kind, Buffer.from(body)), key).toString("base64"),
  };
}

const HOW = "make one: openssl genpkey -algorithm ed25519 -out agent-signing.pem";

function fingerprintOf(publicKey: KeyObject): string {
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  return createHash("sha256").update(raw).digest("base64url").slice(0, 22);
}

function ownKey(dataDir: string): string {
  const path = join(dataDir, FILE);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const file = openSync(`${path}.new`, "w", 0o600);
  writeSync(file, pem);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.new`, path);
  return pem;
}

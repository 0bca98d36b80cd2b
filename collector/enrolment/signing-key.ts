import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type AgentDocumentKind, signedBytes } from "../../protocol/agent-document.ts";

const FILE = "agent-signing.pem";
/** What `FILE` was called before an administrator put it aside, so that a new one is made. */
const PREVIOUS_FILE = "agent-signing.previous.pem";

/** The collector's ed25519 key, with which it signs what it hands to agents. */
export interface SigningKey {
  /** PEM. */
  readonly publicKey: string;
  /** The first 132 bits of the SHA-256 of the raw public key, base64url: short enough to stand in an enrolment token. */
  readonly fingerprint: string;
  /** Base64. */
  sign(kind: AgentDocumentKind, body: string): string;
  /** For `SUCCESSION_HEADER`; null where this key takes no other's place. */
  readonly succession: string | null;
}

/** PEM; null = none is configured. */
export interface GivenKeys {
  current: string | null;
  /** The one before, for agents that have not learned of the new one. */
  previous: string | null;
}

/**
 * The keys that the configuration gives, else the data directory's own: the current one is made where there is none. Throws for the
 * operator where one is no ed25519 key.
 */
export function openSigningKey(given: GivenKeys, dataDir: string): SigningKey {
  const key = privateKey(given.current ?? ownKey(dataDir), "signing key");
  const before = given.previous ?? (given.current === null ? fileText(join(dataDir, PREVIOUS_FILE)) : null);
  const publicKey = createPublicKey(key);
  return {
    succession: before === null ? null : successionOf(publicKey, privateKey(before, "previous signing key")),
    publicKey: publicKey.export({ type: "spki", format: "pem" }) as string,
    fingerprint: fingerprintOf(publicKey),
    sign: (kind, body) => sign(null, signedBytes(kind, Buffer.from(body)), key).toString("base64"),
  };
}

const HOW = "make one: openssl genpkey -algorithm ed25519 -out agent-signing.pem";

function privateKey(pem: string, what: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new Error(`the agents' ${what} cannot be read; ${HOW}`);
  }
  if (key.asymmetricKeyType === "ed25519") return key;
  throw new Error(`the agents' ${what} is ${key.asymmetricKeyType}, and must be ed25519; ${HOW}`);
}

const rawOf = (publicKey: KeyObject): Buffer => Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");

function fingerprintOf(publicKey: KeyObject): string {
  return createHash("sha256").update(rawOf(publicKey)).digest("base64url").slice(0, 22);
}

function successionOf(publicKey: KeyObject, before: KeyObject): string {
  const raw = rawOf(publicKey);
  return `${raw.toString("base64url")}.${sign(null, signedBytes("key", raw), before).toString("base64url")}`;
}

/** null where there is no such file. */
function fileText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return null;
  }
}

function ownKey(dataDir: string): string {
  const path = join(dataDir, FILE);
  const known = fileText(path);
  if (known !== null) return known;
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const file = openSync(`${path}.new`, "w", 0o600);
  writeSync(file, pem);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.new`, path);
  return pem;
}

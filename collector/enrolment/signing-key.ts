import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type AgentDocumentKind, signedBytes, SUCCESSIONS_MAX } from "../../protocol/agent-document.ts";

const FILE = "agent-signing.pem";
/** What `FILE` was called before an administrator put it aside, so that a new one is made. */
const PREVIOUS_FILE = "agent-signing.previous.pem";

/** How each key took the place of the one before, a line each as `SUCCESSION_HEADER` has it, oldest first. Nothing of it is secret. */
const SUCCESSIONS_FILE = "agent-signing.successions";

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
    succession: successionsTo(publicKey, before === null ? null : privateKey(before, "previous signing key"), dataDir),
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

/**
 * Every step that leads to this key, so that an agent which was away for several can follow. Kept, so that the old key need not be. null
 * where it takes no other's place: then what led to another key is not told.
 */
function successionsTo(publicKey: KeyObject, before: KeyObject | null, dataDir: string): string | null {
  const path = join(dataDir, SUCCESSIONS_FILE);
  const known = (fileText(path) ?? "").split("\n").filter((line) => line !== "");
  const leadsTo = (key: KeyObject): boolean =>
    known.at(-1)?.split(".")[0] === rawOf(key).toString("base64url") && known.length > 0;
  if (leadsTo(publicKey)) return known.join(",");
  if (before === null) return null;
  const step = successionOf(publicKey, before);
  const steps = [...(leadsTo(createPublicKey(before)) ? known : []), step].slice(-SUCCESSIONS_MAX);
  writeDurably(path, `${steps.join("\n")}\n`);
  return steps.join(",");
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
  writeDurably(path, pem);
  return pem;
}

function writeDurably(path: string, text: string): void {
  const file = openSync(`${path}.new`, "w", 0o600);
  writeSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.new`, path);
}
